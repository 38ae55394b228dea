-- Functions of the parcels room: pre-alerts. A change of meaning is a new _vN.

-- Parcels of this number without owner, now that a customer expects it: theirs when the rule says
-- so, else one candidate more. Returns the first that became theirs. p_ids: two for each parcel.
create or replace function parcels.claim_unclaimed_v1(
    p_ids uuid[], p_at timestamptz, p_actor text, p_customer_id uuid, p_number text,
    p_piece integer, p_as text
)
returns uuid
language plpgsql as $$
declare
    r record;
    verdict record;
    first_given uuid;
    used integer := 0;
    new_sequence bigint;
begin
    for r in
        select p.parcel_id, p.node_id, p.bin_id
        from parcels.parcel as p
        where p.tracking_number = p_number and p.customer_id is null
            and p.status in ('received', 'inspected', 'stored', 'exception')
            and (p_piece is null or p.piece = p_piece)
        order by p.piece
        limit cardinality(p_ids) / 2
    loop
        insert into parcels.candidate (parcel_id, kind, customer_id)
        select r.parcel_id, p.announced_as, p.customer_id
        from parcels.parcel as p
        where p.tracking_number = p_number and p.status = 'expected'
        union
        select r.parcel_id, p_as, p_customer_id
        on conflict do nothing;
        select d.customer_id, d.match_by, d.candidates into verdict
        from (
            select array_agg(c.kind) as kinds, array_agg(c.customer_id) as customers
            from parcels.candidate as c where c.parcel_id = r.parcel_id
        ) as e, parcels.decide_v1(e.kinds, e.customers, 'manual') as d;
        if verdict.customer_id = p_customer_id then
            perform parcels.give_to_v1(
                p_ids[used + 1:used + 2], p_at, p_actor, r.parcel_id, p_customer_id,
                verdict.match_by
            );
            first_given := coalesce(first_given, r.parcel_id);
        else
            update parcels.parcel as p set match_by = verdict.match_by,
                match_certainty = 'ambiguous', match_candidates = verdict.candidates,
                sequence = p.sequence + 1
            where p.parcel_id = r.parcel_id
            returning p.sequence into new_sequence;
            perform parcels.record_v1(
                p_ids[used + 1], r.parcel_id, new_sequence, 'contested', p_at, p_actor, r.node_id,
                r.bin_id, jsonb_build_object(
                    'parcel_id', r.parcel_id, 'candidates', verdict.candidates, 'warehouse',
                    (select n.code from nodes.node as n where n.node_id = r.node_id)
                )
            );
        end if;
        used := used + 2;
    end loop;
    return first_given;
end
$$;

-- A customer expects a parcel. p_ids: parcel, event, then two for each piece that may lie
-- unclaimed. outcome: announced (new), known (expected, or gone lately), arrived (it lies here
-- already and is theirs). Runs as owner, because a shopper's own login must not see other
-- people's parcels: the customer of a shopper's session is compared first, and a shopper's login
-- whose session names nobody announces nothing.
create or replace function parcels.announce_v1(
    p_ids uuid[], p_at timestamptz, p_actor text, p_customer_id uuid, p_number text,
    p_original text, p_piece integer, p_pieces integer, p_courier text, p_couriers text[],
    p_warehouse text, p_items jsonb, p_as text
)
returns table (parcel_id uuid, outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    session_customer text := nullif(current_setting('entrepot.customer_id', true), '');
    found_id uuid;
    found_status text;
    place uuid;
begin
    if session_customer::uuid <> p_customer_id
        or (session_customer is null and pg_has_role(session_user, 'entrepot_shopper', 'member'))
    then
        raise exception 'a shopper announces for nobody else'
            using errcode = 'insufficient_privilege';
    end if;
    perform parcels.lock_number_v1(p_number);
    select p.parcel_id, p.status into found_id, found_status
    from parcels.parcel as p
    where p.tracking_number = p_number and p.customer_id = p_customer_id and p.status <> 'merged'
        and (p_piece is null or p.piece is null or p.piece = p_piece)
        and (p.received_at is null or p.received_at > p_at - interval '60 days'
            or p.bin_id is not null)
    order by p.status = 'expected' desc, p.occurrence desc, p.piece limit 1;
    if found_id is not null then
        if jsonb_array_length(p_items) > 0
            and not exists (select from parcels.item as i where i.parcel_id = found_id)
        then
            perform parcels.declare_v1(p_ids[2], p_at, p_actor, found_id, p_items);
        end if;
        return query select found_id, case
            when found_status in ('received', 'inspected', 'stored') then 'arrived' else 'known'
        end;
        return;
    end if;

    found_id := parcels.claim_unclaimed_v1(
        p_ids[3:], p_at, p_actor, p_customer_id, p_number, p_piece, p_as
    );
    if found_id is not null then
        update parcels.parcel as p set announced_as = p_as, announced_at = p_at
        where p.parcel_id = found_id;
        if jsonb_array_length(p_items) > 0 then
            perform parcels.declare_v1(p_ids[2], p_at, p_actor, found_id, p_items);
        end if;
        return query select found_id, 'arrived'::text;
        return;
    end if;

    select n.node_id into place from nodes.node as n where n.code = p_warehouse;
    insert into parcels.parcel (
        parcel_id, tracking_number, tracking_original, piece, pieces, occurrence, courier,
        courier_candidates, customer_id, status, announced_as, match_by, match_certainty,
        match_candidates, node_id, sequence, announced_at
    )
    values (
        p_ids[1], p_number, p_original, p_piece, p_pieces,
        (
            select coalesce(max(p.occurrence), 0) + 1
            from parcels.parcel as p
            where p.tracking_number = p_number and p.status <> 'merged' and p.bin_id is null
                and p.status <> 'expected'
        ),
        p_courier, p_couriers, p_customer_id, 'expected', p_as, p_as, 'sure', 1, place, 1, p_at
    );
    perform parcels.put_items_v1(p_ids[1], p_items);
    perform parcels.record_v1(
        p_ids[2], p_ids[1], 1, 'announced', p_at, p_actor, place, null, jsonb_build_object(
            'parcel_id', p_ids[1], 'customer_id', p_customer_id, 'warehouse', p_warehouse,
            'tracking_number', p_number, 'piece', p_piece, 'pieces', p_pieces,
            'courier', p_courier, 'items', jsonb_array_length(p_items)
        )
    );
    return query select p_ids[1], 'announced'::text;
end
$$;
comment on function parcels.announce_v1 is
'runs as owner: the customer of a shopper''s session is compared before anything else';
grant execute on function parcels.announce_v1(
    uuid[], timestamptz, text, uuid, text, text, integer, integer, text, text[], text, jsonb, text
) to entrepot_shopper;
