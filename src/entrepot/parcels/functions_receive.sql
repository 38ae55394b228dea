-- Functions of the parcels room: the scan at the dock. A change of meaning is a new _vN.

-- The answer to a scan, read from what the tables say now. (plpgsql keeps the plan; before
-- PostgreSQL 18 an SQL function that is not inlined is planned anew at every call.)
create or replace function parcels.reception_answer_v1(
    p_parcel_id uuid, p_warehouse text, p_already boolean, p_step text, p_why text
)
returns jsonb
language plpgsql stable as $$
begin
    return (select jsonb_build_object(
        'parcel', jsonb_build_object(
            'id', p.parcel_id, 'tracking_number', p.tracking_number, 'piece', p.piece,
            'pieces', p.pieces,
            'arrived', (
                select count(*) from parcels.parcel as s
                where s.tracking_number = p.tracking_number and s.occurrence = p.occurrence
                    and s.node_id = p.node_id and s.status not in ('expected', 'merged')
            ),
            'occurrence', p.occurrence, 'courier', p.courier,
            'courier_candidates', p.courier_candidates, 'status', p.status,
            'customer', case when p.customer_id is not null then jsonb_build_object(
                'id', c.customer_id, 'name', c.name, 'suite_code', c.suite_code
            ) end,
            'warehouse', p_warehouse,
            'bin', b.code, 'tags', p.tags, 'held', p.held, 'weight_g', p.weight_g,
            'length_mm', p.length_mm, 'width_mm', p.width_mm, 'height_mm', p.height_mm,
            'received_at', p.received_at
        ),
        'match', jsonb_build_object(
            'by', p.match_by, 'certainty', p.match_certainty, 'candidates', p.match_candidates
        ),
        'already', case when p_already then
            jsonb_build_object('at', p.received_at, 'by', p.received_by) end,
        'next', case
            when p.held then jsonb_build_object('step', 'stop', 'why', 'held')
            when 'prohibited' = any(p.tags) and p_step in ('put_away', 'inspect', 'ask_owner')
                then jsonb_build_object('step', 'stop', 'why', 'prohibited_goods')
            else jsonb_build_object('step', p_step, 'why', p_why)
        end
    )
    from parcels.parcel as p
    left join parties.customer as c on c.customer_id = p.customer_id
    left join nodes.bin as b on b.bin_id = p.bin_id
    where p.parcel_id = p_parcel_id);
end
$$;

-- What a number may be at this dock: the carton that may be this one (twin), one that left lately
-- (gone), who is named by pre-alerts and other pieces, which pieces and occurrences are taken.
create or replace function parcels.survey_number_v1(
    p_at timestamptz, p_node_id uuid, p_number text, p_piece integer, p_another boolean,
    p_weight_g integer, p_sides integer[],
    out twin_id uuid, out twin_at timestamptz, out twin_fits boolean, out gone_id uuid,
    out kinds text[], out customers uuid[], out announced boolean, out sibling_by text,
    out taken integer[], out same_waybill integer, out last_occurrence integer
)
language plpgsql stable as $$
declare
    r record;
    fits boolean;
begin
    twin_fits := false;
    kinds := '{}';
    customers := '{}';
    announced := false;
    taken := '{}';
    last_occurrence := 0;
    for r in
        select p.parcel_id, p.status, p.piece, p.occurrence, p.customer_id, p.node_id,
            p.announced_as, p.match_by, p.received_at, p.weight_g,
            array[p.length_mm, p.width_mm, p.height_mm] as sides
        from parcels.parcel as p
        where p.tracking_number = p_number and p.status <> 'merged'
    loop
        if r.status = 'expected' then
            announced := true;
            kinds := kinds || r.announced_as;
            customers := customers || r.customer_id;
            continue;
        end if;
        last_occurrence := greatest(last_occurrence, r.occurrence);
        if r.status in (
            'received', 'inspected', 'stored', 'consolidating', 'packed', 'exception', 'abandoned'
        ) then
            same_waybill := greatest(same_waybill, r.occurrence);
            if r.node_id = p_node_id and not p_another
                and (p_piece is null or p_piece = r.piece)
            then
                fits := not parcels.measures_differ_v1(
                    r.weight_g, r.sides, p_weight_g, p_sides
                );
                if twin_id is null or (fits and not twin_fits)
                    or (fits = twin_fits and r.received_at > twin_at)
                then
                    twin_id := r.parcel_id;
                    twin_at := r.received_at;
                    twin_fits := fits;
                end if;
            end if;
        elsif r.received_at > p_at - interval '60 days' then
            if p_another then
                same_waybill := greatest(same_waybill, r.occurrence);
            end if;
            if gone_id is null and r.node_id = p_node_id and (p_piece is null or p_piece = r.piece)
            then
                gone_id := r.parcel_id;
            end if;
        else
            continue;
        end if;
        if r.node_id = p_node_id then
            taken := taken || r.piece;
        end if;
        if r.customer_id is not null then
            kinds := kinds || 'sibling'::text;
            customers := customers || r.customer_id;
            sibling_by := r.match_by;
        end if;
    end loop;
    if same_waybill is null and last_occurrence > 0 then
        taken := '{}';
    end if;
end
$$;

-- A parcel that lies here is scanned again: measures that were missing are taken over, and a
-- parcel without owner gets one when the label now tells. p_ids as in receive_v1.
create or replace function parcels.scan_again_v1(
    p_ids uuid[], p_at timestamptz, p_actor text, p_parcel_id uuid, p_warehouse text,
    p_steps_off text[], p_codes text[], p_repaired text[], p_phone_digits text, p_name_key text,
    p_weight_g integer, p_sides integer[]
)
returns table (step text, why text)
language plpgsql as $$
declare
    parcel record;
    kinds text[];
    customers uuid[];
    verdict record;
begin
    update parcels.parcel as p set sequence = p.sequence + 1,
        weight_g = coalesce(p.weight_g, p_weight_g),
        length_mm = coalesce(p.length_mm, p_sides[1]),
        width_mm = coalesce(p.width_mm, p_sides[2]),
        height_mm = coalesce(p.height_mm, p_sides[3])
    where p.parcel_id = p_parcel_id and (
        (p.weight_g is null and p_weight_g is not null)
        or (p.length_mm is null and p_sides[1] is not null)
        or (p.width_mm is null and p_sides[2] is not null)
        or (p.height_mm is null and p_sides[3] is not null)
    )
    returning p.sequence, p.node_id, p.bin_id, p.customer_id, p.weight_g into parcel;
    if found then
        perform parcels.record_v1(
            p_ids[2], p_parcel_id, parcel.sequence, 'measured', p_at, p_actor, parcel.node_id,
            parcel.bin_id, jsonb_build_object(
                'parcel_id', p_parcel_id, 'customer_id', parcel.customer_id,
                'warehouse', p_warehouse, 'weight_g', parcel.weight_g
            )
        );
    end if;
    step := 'already_done';
    why := 'scanned_before';
    select p.customer_id, p.status into parcel
    from parcels.parcel as p where p.parcel_id = p_parcel_id;
    if parcel.customer_id is null then
        why := 'no_owner_yet';
        if cardinality(p_codes) + cardinality(p_repaired) > 0 or p_phone_digits <> '' then
            select coalesce(array_agg(e.kind), '{}'), coalesce(array_agg(e.customer_id), '{}')
            into kinds, customers
            from (
                select c.kind, c.customer_id
                from parcels.candidate as c where c.parcel_id = p_parcel_id
                union
                select l.kind, l.customer_id
                from parties.label_evidence_v1(p_codes, p_repaired, p_phone_digits, p_name_key)
                as l
            ) as e;
            select d.match_by, d.certainty, d.customer_id into verdict
            from parcels.decide_v1(kinds, customers, 'manual') as d;
            if verdict.customer_id is not null then
                perform parcels.give_to_v1(
                    p_ids[3:4], p_at, p_actor, p_parcel_id, verdict.customer_id, verdict.match_by
                );
                step := case when parcel.status <> 'received' then 'already_done'
                    when 'inspect' = any(p_steps_off) then 'put_away' else 'inspect' end;
                why := 'owner_found';
            end if;
        end if;
    end if;
    return next;
end
$$;

-- Writes what a scan found: the owner's pre-alert (p_expected_id) becomes the received parcel, else
-- there is a new row; with the doubt, the label and the timeline. Only for receive_v1.
create or replace function parcels.write_received_v1(
    p_ids uuid[], p_at timestamptz, p_actor text, p_node_id uuid, p_warehouse text,
    p_bin_id uuid, p_number text, p_original text, p_piece integer, p_pieces integer,
    p_occurrence integer, p_courier text, p_couriers text[], p_label jsonb, p_weight_g integer,
    p_sides integer[], p_expected_id uuid, p_customer_id uuid, p_match_by text,
    p_certainty text, p_candidates integer, p_kinds text[], p_customers uuid[]
)
returns uuid
language plpgsql as $$
declare
    found_id uuid := coalesce(p_expected_id, p_ids[1]);
    new_sequence bigint := 1;
begin
    if p_expected_id is not null then
        update parcels.parcel as p set status = 'received', piece = p_piece, pieces = p_pieces,
            occurrence = p_occurrence, courier = coalesce(p_courier, p.courier),
            courier_candidates = p_couriers, match_by = p_match_by, match_certainty = 'sure',
            match_candidates = 1, node_id = p_node_id, bin_id = p_bin_id, weight_g = p_weight_g,
            length_mm = p_sides[1], width_mm = p_sides[2], height_mm = p_sides[3],
            sequence = p.sequence + 1, received_at = p_at, received_by = p_actor
        where p.parcel_id = found_id
        returning p.sequence into strict new_sequence;
    else
        insert into parcels.parcel (
            parcel_id, tracking_number, tracking_original, piece, pieces, occurrence, courier,
            courier_candidates, customer_id, status, match_by, match_certainty, match_candidates,
            node_id, bin_id, weight_g, length_mm, width_mm, height_mm, sequence, received_at,
            received_by
        )
        values (
            found_id, p_number, p_original, p_piece, p_pieces, p_occurrence, p_courier,
            p_couriers, p_customer_id, 'received', p_match_by, p_certainty, p_candidates,
            p_node_id, p_bin_id, p_weight_g, p_sides[1], p_sides[2], p_sides[3], 1, p_at, p_actor
        );
        if p_certainty = 'ambiguous' then
            insert into parcels.candidate (parcel_id, kind, customer_id)
            select distinct found_id, u.kind, u.customer
            from unnest(p_kinds, p_customers) as u (kind, customer);
        end if;
        if p_customer_id is null and p_label is not null then
            insert into parcels.label_reading (parcel_id, label) values (found_id, p_label);
        end if;
    end if;
    perform parcels.record_v1(
        p_ids[2], found_id, new_sequence, 'received', p_at, p_actor, p_node_id, p_bin_id,
        jsonb_build_object(
            'parcel_id', found_id, 'customer_id', p_customer_id, 'warehouse', p_warehouse,
            'tracking_number', p_number, 'piece', p_piece, 'pieces', p_pieces,
            'courier', p_courier, 'weight_g', p_weight_g, 'match_by', p_match_by,
            'certainty', p_certainty
        )
    );
    return found_id;
end
$$;

-- One scan at a dock (FLOWS 1). Finds what the number may be here, decides whose it is, writes
-- it down once and says what comes next. p_ids: parcel and three events. outcome: received,
-- already, another_piece (asked).
create or replace function parcels.receive_v1(
    p_ids uuid[], p_at timestamptz, p_actor text, p_node_id uuid, p_warehouse text,
    p_bin_id uuid, p_steps_off text[], p_number text, p_original text, p_piece integer,
    p_pieces integer, p_another boolean, p_courier text, p_couriers text[], p_codes text[],
    p_repaired text[], p_phone_digits text, p_name_key text, p_label jsonb, p_weight_g integer,
    p_length_mm integer, p_width_mm integer, p_height_mm integer
)
returns table (parcel_id uuid, outcome text, answer jsonb)
language plpgsql as $$
#variable_conflict use_column
declare
    known record;
    verdict record;
    again record;
    kinds text[];
    customers uuid[];
    sides integer[] := array[p_length_mm, p_width_mm, p_height_mm];
    found_id uuid;
    found_piece integer;
    found_pieces integer;
    found_occurrence integer;
begin
    perform parcels.lock_number_v1(p_number);
    select s.twin_id, s.twin_at, s.twin_fits, s.gone_id, s.kinds, s.customers, s.announced,
        s.sibling_by, s.taken, s.same_waybill, s.last_occurrence
    into known
    from parcels.survey_number_v1(
        p_at, p_node_id, p_number, p_piece, p_another, p_weight_g, sides
    ) as s;

    if known.twin_id is not null then
        if not known.twin_fits and p_at < known.twin_at + interval '72 hours' then
            return query select known.twin_id, 'another_piece'::text, parcels.reception_answer_v1(
                known.twin_id, p_warehouse, true, 'ask_another_piece', 'other_measures'
            );
            return;
        end if;
        select s.step, s.why into again
        from parcels.scan_again_v1(
            p_ids, p_at, p_actor, known.twin_id, p_warehouse, p_steps_off, p_codes, p_repaired,
            p_phone_digits, p_name_key, p_weight_g, sides
        ) as s;
        return query select known.twin_id, 'already'::text, parcels.reception_answer_v1(
            known.twin_id, p_warehouse, true, again.step, again.why
        );
        return;
    end if;
    if known.gone_id is not null and not p_another and not known.announced
        and known.same_waybill is null
    then
        return query select known.gone_id, 'another_piece'::text, parcels.reception_answer_v1(
            known.gone_id, p_warehouse, true, 'ask_another_piece', 'left_recently'
        );
        return;
    end if;

    kinds := known.kinds;
    customers := known.customers;
    if cardinality(p_codes) + cardinality(p_repaired) > 0 or p_phone_digits <> '' then
        select kinds || coalesce(array_agg(e.kind), '{}'),
            customers || coalesce(array_agg(e.customer_id), '{}')
        into kinds, customers
        from parties.label_evidence_v1(p_codes, p_repaired, p_phone_digits, p_name_key) as e;
    end if;
    select d.match_by, d.certainty, d.candidates, d.customer_id into verdict
    from parcels.decide_v1(kinds, customers, known.sibling_by) as d;

    if known.announced and verdict.customer_id is not null then
        select p.parcel_id, p.piece, p.pieces, p.occurrence
        into found_id, found_piece, found_pieces, found_occurrence
        from parcels.parcel as p
        where p.tracking_number = p_number and p.status = 'expected'
            and p.customer_id = verdict.customer_id
            and (p_piece is null or p.piece is null or p.piece = p_piece)
        order by p.piece nulls last, p.occurrence limit 1;
    end if;
    found_occurrence := coalesce(
        known.same_waybill, nullif(known.last_occurrence, 0) + 1, found_occurrence, 1
    );
    if p_piece is not null and p_piece <> all(known.taken) then
        found_piece := p_piece;
    elsif found_piece is null or found_piece = any(known.taken) then
        select coalesce(max(t), 0) + 1 into found_piece from unnest(known.taken) as t;
        if found_piece > 999 then -- somebody typed a high number: the lowest one that is free
            select min(n) into found_piece from generate_series(1, 999) as n
            where n <> all(known.taken);
        end if;
    end if;
    found_id := parcels.write_received_v1(
        p_ids, p_at, p_actor, p_node_id, p_warehouse, p_bin_id, p_number, p_original, found_piece,
        coalesce(p_pieces, found_pieces), found_occurrence, p_courier, p_couriers, p_label,
        p_weight_g, sides, found_id, verdict.customer_id, verdict.match_by, verdict.certainty,
        verdict.candidates, kinds, customers
    );
    return query select found_id, 'received'::text, parcels.reception_answer_v1(
        found_id, p_warehouse, false,
        case when verdict.customer_id is null then 'ask_owner'
            when 'inspect' = any(p_steps_off) then 'put_away' else 'inspect' end,
        case verdict.certainty when 'sure' then 'owner_known' when 'none' then 'no_evidence'
            else 'several_owners_possible' end
    );
end
$$;
