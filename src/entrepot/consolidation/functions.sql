-- Functions of the consolidation room. A change of meaning is a new _vN.

-- The next human number. Runs as owner: a shopper's login may not touch counters itself.
create or replace function consolidation.next_number_v1()
returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select platform.next_number_v1('consolidation');
$$;
comment on function consolidation.next_number_v1 is
'runs as owner: counts consolidations; the number tells a shopper how many there are, no more';
grant execute on function consolidation.next_number_v1() to entrepot_shopper;

-- Gives up claims on parcels that have meanwhile become somebody else's, so that the new owner is
-- not held up by a draft that nobody may see. Only such claims go, whoever asks, so it may run as
-- owner. p_event_ids: one fresh id for each parcel.
create or replace function consolidation.drop_foreign_claims_v1(
    p_parcel_ids uuid[], p_event_ids uuid[], p_at timestamptz, p_actor text
)
returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    r record;
    dropped integer := 0;
    new_sequence bigint;
begin
    for r in
        select k.parcel_id, c.consolidation_id, c.customer_id, n.code as warehouse
        from consolidation.claim as k
        join consolidation.consolidation as c on c.consolidation_id = k.consolidation_id
        join parcels.parcel as p on p.parcel_id = k.parcel_id
        join nodes.node as n on n.node_id = c.node_id
        where k.parcel_id = any(p_parcel_ids) and p.customer_id is distinct from c.customer_id
            and c.status = 'draft'
        order by c.consolidation_id, k.parcel_id
        for update of c, k
    loop
        dropped := dropped + 1;
        delete from consolidation.claim where parcel_id = r.parcel_id;
        update consolidation.consolidation set sequence = sequence + 1
        where consolidation_id = r.consolidation_id
        returning sequence into new_sequence;
        perform platform.put_event_v1(
            p_event_ids[dropped], 'consolidation.parcels_removed', 1, 'consolidation',
            r.consolidation_id, new_sequence, p_at, p_actor, jsonb_build_object(
                'consolidation_id', r.consolidation_id, 'customer_id', r.customer_id,
                'warehouse', r.warehouse, 'parcels', jsonb_build_array(r.parcel_id),
                'why', 'other_customer'
            )
        );
    end loop;
    return dropped;
end
$$;
comment on function consolidation.drop_foreign_claims_v1 is
'runs as owner: takes claims only off parcels that belong to another customer than the draft';
grant execute on function consolidation.drop_foreign_claims_v1(uuid[], uuid[], timestamptz, text)
to entrepot_shopper;
grant execute on function consolidation.status_may_change_v1(text, text),
consolidation.check_status_change_v1() to entrepot_shopper;
