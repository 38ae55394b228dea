-- Movements that are moved back. Locks: what they count at, then as stock.post_movements_v1.

-- Moves a movement back. outcome: done, unknown, again (it was moved back before), bin_closed,
-- receive_again (it took a receipt, a return or a sale back), came_back (a sale of which more
-- came back), or what is wrong. What counted at an ASN is awaited again.
create or replace function stock.reverse_v1(
    p_at timestamptz, p_actor text, p_document_id uuid, p_id uuid, p_movement_id uuid,
    p_warehouses text[]
)
returns text
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
declare
    m record;
    told text;
begin
    select v.sku_id, v.quantity, v.from_place, v.from_status, v.to_place, v.to_status, v.lot,
        v.serial, v.owner, v.reference, v.reason
    into m
    from stock.movement as v
    where v.movement_id = p_movement_id and (p_warehouses is null or not exists(
        select from stock.place as p
        join nodes.node as n on n.node_id = p.node_id
        where p.place_id in (v.from_place, v.to_place) and n.code <> all(p_warehouses)
    ));
    if not found then
        return 'unknown';
    end if;
    if exists(select from stock.movement as v where v.reverses = p_movement_id) then
        return 'again';
    end if;
    if exists(
        select from nodes.bin as b join nodes.node as n on n.node_id = b.node_id
        where b.bin_id = m.from_place and (b.closed_at is not null or n.closed_at is not null)
    ) then
        return 'bin_closed';
    end if;
    if stock.before_reversal_v1(p_movement_id) then
        return 'receive_again';
    end if;
    select p.outcome into told
    from stock.post_movements_v1(
        p_at, p_actor, p_document_id, m.reference, array[p_id], array[m.sku_id],
        array[m.quantity], array[m.to_place], array[m.to_status], array[m.from_place],
        array[m.from_status], array[m.lot], array[m.serial], array[m.owner],
        array['reversal'], array[m.reference], array[p_movement_id],
        -- goods go back to the dock: nobody's pick of them is undone for that
        array[m.reason <> 'put_away']
    ) as p;
    if told = 'done' then
        perform stock.mind_lasting_v1(
            p_at, p_actor, p_document_id, array[m.sku_id], array[m.to_place],
            array[m.to_status], array[m.from_place], array[m.from_status], array[m.lot],
            array[m.owner], array[true]
        );
        told := stock.after_reversal_v1(p_at, p_actor, p_movement_id);
    end if;
    return told;
exception when unique_violation then
    -- somebody else moved it back while we waited for the guarding rows
    if exists(select from stock.movement as v where v.reverses = p_movement_id) then
        return 'again';
    end if;
    raise;
end
$$;
