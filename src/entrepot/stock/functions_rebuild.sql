-- Corrections of copies: derive anew what a copy should say. Locks as everywhere: guarding rows
-- of the SKU in order, then (in stock.count_pools_v1) the channels' rows.

-- Sets a balance to what its movements add up to. False when they add up to less than nothing.
create or replace function stock.rebuild_balance_v1(
    p_at timestamptz, p_actor text, p_cause uuid, p_sku uuid, p_place uuid, p_lot text,
    p_owner text, p_status text
)
returns boolean
language plpgsql as $$
declare
    moved bigint;
    node uuid;
begin
    perform from stock.sku_node as g where g.sku_id = p_sku
    order by g.sku_id, g.node_id for update;
    select p.node_id into node from stock.place as p where p.place_id = p_place;
    select coalesce(sum(
        case when m.to_place = p_place and m.to_status = p_status then m.quantity else 0 end
        - case when m.from_place = p_place and m.from_status = p_status then m.quantity else 0 end
    ), 0) into moved
    from stock.movement as m
    where m.sku_id = p_sku and m.lot = p_lot and m.owner = p_owner
        and (m.to_place = p_place or m.from_place = p_place);
    if moved < 0 then
        return false;
    end if;
    insert into stock.balance (place_id, sku_id, lot, owner, status, on_hand, node_id, first_at)
    values (p_place, p_sku, p_lot, p_owner, p_status, moved, node, p_at)
    on conflict (sku_id, place_id, lot, owner, status) do update set on_hand = excluded.on_hand;
    return node is null or stock.rebuild_guard_v1(p_at, p_actor, p_cause, p_sku, node);
end
$$;

-- Sets a guarding row to what movements and open lines say: a balance may be falsified itself, and
-- then promises of goods that are there would become backorders. Promises that are not there any
-- more do. False when even that is not enough, or movements add up to what no node can hold.
create or replace function stock.rebuild_guard_v1(
    p_at timestamptz, p_actor text, p_cause uuid, p_sku uuid, p_node uuid
)
returns boolean
language plpgsql as $$
declare
    held bigint;
    barred bigint;
    promised bigint;
    awaited bigint;
    missing bigint;
begin
    perform stock.open_guards_v1(array[p_sku], array[p_node]);
    perform from stock.sku_node as g where g.sku_id = p_sku
    order by g.sku_id, g.node_id for update;
    select coalesce(sum(e.units), 0), coalesce(sum(e.units) filter (
        where e.status not in ('good', 'promo') or e.owner <> ''
    ), 0) into held, barred
    from (
        select m.to_place as place_id, m.to_status as status, m.owner, m.quantity as units
        from stock.movement as m where m.sku_id = p_sku
        union all
        select m.from_place, m.from_status, m.owner, -m.quantity
        from stock.movement as m where m.sku_id = p_sku
    ) as e
    join stock.place as p on p.place_id = e.place_id and p.node_id = p_node;
    if barred < 0 or held < barred then
        return false;
    end if;
    select coalesce(sum(l.quantity), 0), coalesce(sum(l.backordered), 0) into promised, awaited
    from stock.reservation_line as l
    join stock.reservation as r on r.reservation_id = l.reservation_id
    where l.sku_id = p_sku and l.node_id = p_node and r.state = 'pending';
    missing := promised - (held - barred);
    -- Room for the promises while they are made backorders; the next statement says it truly.
    update stock.sku_node as g
    set on_hand = greatest(held, barred + promised), blocked = barred, reserved = promised,
        backordered = awaited
    where g.sku_id = p_sku and g.node_id = p_node;
    if missing > 0
        and stock.short_v2(p_at, p_actor, p_cause, p_sku, p_node, missing, 0) < missing
    then
        return false;
    end if;
    update stock.sku_node as g set on_hand = held where g.sku_id = p_sku and g.node_id = p_node;
    perform stock.count_pools_v1(null, array[p_sku]);
    return true;
end
$$;
