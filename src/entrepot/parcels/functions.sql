-- Functions of the parcels room. A change of meaning is a new _vN.
-- Whatever finds, makes or gives away parcels by number takes the number's lock first, so a scan
-- and a pre-alert of one number never miss each other.

-- Writes an entry of the timeline and the outbox event that belongs to it.
create or replace function parcels.record_v1(
    p_event_id uuid, p_parcel_id uuid, p_sequence bigint, p_verb text, p_at timestamptz,
    p_actor text, p_node_id uuid, p_bin_id uuid, p_body jsonb
)
returns void
language plpgsql as $$
begin
    insert into parcels.parcel_event
        (parcel_id, sequence, verb, at, actor, node_id, bin_id, facts)
    values (p_parcel_id, p_sequence, p_verb, p_at, p_actor, p_node_id, p_bin_id, p_body);
    perform platform.put_event_v1(
        p_event_id, 'parcel.' || p_verb, 1, 'parcel', p_parcel_id, p_sequence, p_at, p_actor, p_body
    );
end
$$;

create or replace function parcels.lock_number_v1(p_number text)
returns void
language sql as $$
    select pg_advisory_xact_lock(hashtextextended(p_number, 1140));
$$;

-- Whose it is, by the rule of entrepot.parcels.matching. p_sibling_by is what another piece of
-- the waybill had been matched by. customer_id is set exactly when certainty is sure.
create or replace function parcels.decide_v1(
    p_kinds text[], p_customers uuid[], p_sibling_by text
)
returns table (match_by text, certainty text, candidates integer, customer_id uuid)
language plpgsql immutable as $$
begin
    if cardinality(p_kinds) = 0 then
        return query select 'none'::text, 'none'::text, 0, null::uuid;
        return;
    end if;
    if cardinality(p_kinds) = 1
        and p_kinds[1] in ('pre_alert', 'order', 'sibling', 'suite_code', 'phone_tail')
    then
        return query select
            case p_kinds[1] when 'sibling' then p_sibling_by else p_kinds[1] end,
            'sure'::text, 1, p_customers[1];
        return;
    end if;
    return query
    with ranked as (
        select distinct u.customer,
            case u.kind
                when 'pre_alert' then 1 when 'order' then 1 when 'sibling' then 2
                when 'suite_code' then 3 when 'phone_tail' then 4 when 'suite_repaired' then 5
                else 6
            end as place
        from unnest(p_kinds, p_customers) as u (kind, customer)
    ), asked as (
        select r.customer, r.place from ranked as r
        where r.place <= case when exists (select from ranked as s where s.place <= 4)
            then 5 else 6 end
    ), sets as (
        select a.place, count(*) as named from asked as a group by a.place
    ), common as (
        select a.customer from asked as a
        group by a.customer having count(*) = (select count(*) from sets)
    ), verdict as (
        select (select count(*) from common) = 1
            and ((select min(s.place) from sets as s) <= 4 or (select count(*) from sets) = 2)
            as sure
    ), chosen as (
        select coalesce(
            (select min(s.place) from sets as s where s.named = 1 and v.sure),
            (select min(s.place) from sets as s)
        ) as place,
        case when v.sure then (select c.customer from common as c) end as winner,
        v.sure
        from verdict as v
    )
    select
        case c.place
            when 1 then case when exists (
                select from unnest(p_kinds, p_customers) as u (kind, customer)
                where u.kind = 'pre_alert' and (c.winner is null or u.customer = c.winner)
            ) then 'pre_alert' else 'order' end
            when 2 then p_sibling_by
            when 3 then 'suite_code' when 5 then 'suite_code' else 'phone_tail'
        end,
        case when c.sure then 'sure' else 'ambiguous' end,
        case when c.sure then 1
            else (select count(distinct a.customer)::integer from asked as a) end,
        c.winner
    from chosen as c;
end
$$;

-- Whether two measurings cannot be of one carton (entrepot.parcels.rules.weight_differs and
-- size_differs). What is missing on one side is no difference.
create or replace function parcels.measures_differ_v1(
    p_weight_g integer, p_sides integer[], q_weight_g integer, q_sides integer[]
)
returns boolean
language plpgsql immutable as $$
begin
    if abs(p_weight_g - q_weight_g) > 30
        and abs(p_weight_g - q_weight_g)::bigint * 100 > 3 * greatest(p_weight_g, q_weight_g)::bigint
    then
        return true;
    end if;
    if array_position(p_sides, null) is not null or array_position(q_sides, null) is not null then
        return false;
    end if;
    return exists (
        select
        from (select s, row_number() over (order by s) as place from unnest(p_sides) as s) as a
        join (select s, row_number() over (order by s) as place from unnest(q_sides) as s) as b
            on b.place = a.place
        where abs(a.s - b.s) > 20
    );
end
$$;

-- The tags that the declared items give a parcel.
create or replace function parcels.tags_of_items_v1(p_parcel_id uuid)
returns text[]
language sql stable as $$
    select coalesce(array_agg(distinct tag order by tag), '{}')
    from parcels.item as i
    join parcels.category as c on c.code = i.category
    cross join unnest(c.tags) as tag
    where i.parcel_id = p_parcel_id;
$$;

-- The answer to a scan, read from what the tables say now.
create or replace function parcels.reception_answer_v1(
    p_parcel_id uuid, p_warehouse text, p_already boolean, p_step text, p_why text
)
returns jsonb
language sql stable as $$
    select jsonb_build_object(
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
    where p.parcel_id = p_parcel_id;
$$;

-- Gives a parcel in custody to a customer and takes that customer's pre-alert of the number into
-- it. p_ids: two fresh ids for events. Only for callers that hold the number's lock.
create or replace function parcels.give_to_v1(
    p_ids uuid[], p_at timestamptz, p_actor text, p_parcel_id uuid, p_customer_id uuid, p_by text
)
returns void
language plpgsql as $$
declare
    parcel record;
    expected record;
begin
    delete from parcels.candidate where parcel_id = p_parcel_id;
    delete from parcels.label_reading where parcel_id = p_parcel_id;
    update parcels.parcel set customer_id = p_customer_id, match_by = p_by,
        match_certainty = 'sure', match_candidates = 1, sequence = sequence + 1
    where parcel_id = p_parcel_id and customer_id is null
    returning parcel_id, tracking_number, piece, node_id, bin_id, sequence into strict parcel;
    perform parcels.record_v1(
        p_ids[1], p_parcel_id, parcel.sequence, 'assigned', p_at, p_actor, parcel.node_id,
        parcel.bin_id, jsonb_build_object(
            'parcel_id', p_parcel_id, 'customer_id', p_customer_id, 'match_by', p_by,
            'tracking_number', parcel.tracking_number, 'warehouse',
            (select n.code from nodes.node as n where n.node_id = parcel.node_id)
        )
    );
    select p.parcel_id, p.announced_as, p.announced_at into expected
    from parcels.parcel as p
    where p.tracking_number = parcel.tracking_number and p.status = 'expected'
        and p.customer_id = p_customer_id and (p.piece is null or p.piece = parcel.piece)
    order by p.piece nulls last, p.parcel_id limit 1;
    if found then
        perform parcels.absorb_v1(p_ids[2], p_at, p_actor, expected.parcel_id, p_parcel_id);
        update parcels.parcel
        set announced_as = expected.announced_as, announced_at = expected.announced_at
        where parcel_id = p_parcel_id;
    end if;
end
$$;

-- A pre-alert turns out to be this parcel: its items move over, its row ends as merged.
create or replace function parcels.absorb_v1(
    p_event_id uuid, p_at timestamptz, p_actor text, p_expected_id uuid, p_parcel_id uuid
)
returns void
language plpgsql as $$
declare
    gone record;
begin
    update parcels.item set parcel_id = p_parcel_id, line = line + (
        select coalesce(max(i.line), 0) from parcels.item as i where i.parcel_id = p_parcel_id
    )
    where parcel_id = p_expected_id;
    update parcels.parcel set tags = parcels.tags_of_items_v1(p_parcel_id)
    where parcel_id = p_parcel_id and tags_by = 'items';
    update parcels.parcel set status = 'merged', merged_into = p_parcel_id, sequence = sequence + 1
    where parcel_id = p_expected_id
    returning sequence, customer_id, node_id into strict gone;
    perform parcels.record_v1(
        p_event_id, p_expected_id, gone.sequence, 'merged', p_at, p_actor, gone.node_id, null,
        jsonb_build_object(
            'parcel_id', p_expected_id, 'customer_id', gone.customer_id, 'into', p_parcel_id
        )
    );
end
$$;

-- One scan at a dock (FLOWS 1). Finds what the number may be here, decides whose it is, writes
-- it down once and says what comes next. p_ids: parcel and two events. outcome: received,
-- already, another_piece; effect tells whether anything was written.
create or replace function parcels.receive_v1(
    p_ids uuid[], p_at timestamptz, p_actor text, p_node_id uuid, p_warehouse text,
    p_bin_id uuid, p_steps_off text[], p_number text, p_original text, p_piece integer,
    p_pieces integer, p_another boolean, p_courier text, p_couriers text[], p_codes text[],
    p_repaired text[], p_phone_digits text, p_name_key text, p_label jsonb, p_weight_g integer,
    p_length_mm integer, p_width_mm integer, p_height_mm integer
)
returns table (parcel_id uuid, outcome text, effect boolean, answer jsonb)
language plpgsql as $$
#variable_conflict use_column
declare
    r record;
    verdict record;
    again record;
    twin_id uuid;
    twin_at timestamptz;
    twin_fits boolean := false;
    fits boolean;
    gone_id uuid;
    kinds text[] := '{}';
    customers uuid[] := '{}';
    announced boolean := false;
    sibling_by text;
    taken integer[] := '{}';
    same_waybill integer;
    last_occurrence integer := 0;
    found_id uuid;
    found_sequence bigint;
    found_piece integer;
    found_pieces integer;
    found_occurrence integer;
begin
    perform parcels.lock_number_v1(p_number);
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
                    r.weight_g, r.sides, p_weight_g, array[p_length_mm, p_width_mm, p_height_mm]
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

    if twin_id is not null then
        if not twin_fits and p_at < twin_at + interval '72 hours' then
            return query select twin_id, 'another_piece'::text, false,
                parcels.reception_answer_v1(
                    twin_id, p_warehouse, true, 'ask_another_piece', 'other_measures'
                );
            return;
        end if;
        select s.effect, s.step, s.why into again
        from parcels.scan_again_v1(
            p_ids, p_at, p_actor, twin_id, p_warehouse, p_steps_off, p_codes, p_repaired,
            p_phone_digits, p_name_key, p_label, p_weight_g, p_length_mm, p_width_mm,
            p_height_mm
        ) as s;
        return query select twin_id, 'already'::text, again.effect,
            parcels.reception_answer_v1(twin_id, p_warehouse, true, again.step, again.why);
        return;
    end if;
    if gone_id is not null and not p_another and not announced and same_waybill is null then
        return query select gone_id, 'another_piece'::text, false,
            parcels.reception_answer_v1(
                gone_id, p_warehouse, true, 'ask_another_piece', 'left_recently'
            );
        return;
    end if;

    if cardinality(p_codes) + cardinality(p_repaired) > 0 or p_phone_digits <> '' then
        select kinds || coalesce(array_agg(e.kind), '{}'),
            customers || coalesce(array_agg(e.customer_id), '{}')
        into kinds, customers
        from parties.label_evidence_v1(p_codes, p_repaired, p_phone_digits, p_name_key) as e;
    end if;
    select d.match_by, d.certainty, d.candidates, d.customer_id into verdict
    from parcels.decide_v1(kinds, customers, sibling_by) as d;

    if announced and verdict.customer_id is not null then
        select p.parcel_id, p.piece, p.pieces, p.occurrence
        into found_id, found_piece, found_pieces, found_occurrence
        from parcels.parcel as p
        where p.tracking_number = p_number and p.status = 'expected'
            and p.customer_id = verdict.customer_id
            and (p_piece is null or p.piece is null or p.piece = p_piece)
        order by p.piece nulls last, p.occurrence limit 1;
    end if;
    if same_waybill is not null then
        found_occurrence := same_waybill;
    elsif last_occurrence > 0 then
        found_occurrence := last_occurrence + 1;
        taken := '{}';
    else
        found_occurrence := coalesce(found_occurrence, 1);
    end if;
    if p_piece is not null and p_piece <> all(taken) then
        found_piece := p_piece;
    elsif found_piece is null or found_piece = any(taken) then
        select coalesce(max(t), 0) + 1 into found_piece from unnest(taken) as t;
    end if;
    found_pieces := coalesce(p_pieces, found_pieces);

    if found_id is not null then
        update parcels.parcel as p set status = 'received', piece = found_piece,
            pieces = found_pieces, occurrence = found_occurrence,
            courier = coalesce(p_courier, p.courier), courier_candidates = p_couriers,
            match_by = verdict.match_by, match_certainty = 'sure', match_candidates = 1,
            node_id = p_node_id, bin_id = p_bin_id, weight_g = p_weight_g,
            length_mm = p_length_mm, width_mm = p_width_mm, height_mm = p_height_mm,
            sequence = p.sequence + 1, received_at = p_at, received_by = p_actor
        where p.parcel_id = found_id
        returning p.sequence into strict found_sequence;
    else
        found_id := p_ids[1];
        found_sequence := 1;
        insert into parcels.parcel (
            parcel_id, tracking_number, tracking_original, piece, pieces, occurrence, courier,
            courier_candidates, customer_id, status, match_by, match_certainty, match_candidates,
            node_id, bin_id, weight_g, length_mm, width_mm, height_mm, sequence, received_at,
            received_by
        )
        values (
            found_id, p_number, p_original, found_piece, found_pieces, found_occurrence, p_courier,
            p_couriers, verdict.customer_id, 'received', verdict.match_by, verdict.certainty,
            verdict.candidates, p_node_id, p_bin_id, p_weight_g, p_length_mm, p_width_mm,
            p_height_mm, 1, p_at, p_actor
        );
        if verdict.certainty = 'ambiguous' then
            insert into parcels.candidate (parcel_id, kind, customer_id)
            select distinct found_id, u.kind, u.customer
            from unnest(kinds, customers) as u (kind, customer);
        end if;
        if verdict.customer_id is null and p_label is not null then
            insert into parcels.label_reading (parcel_id, label) values (found_id, p_label);
        end if;
    end if;
    perform parcels.record_v1(
        p_ids[2], found_id, found_sequence, 'received', p_at, p_actor, p_node_id, p_bin_id,
        jsonb_build_object(
            'parcel_id', found_id, 'customer_id', verdict.customer_id, 'warehouse', p_warehouse,
            'tracking_number', p_number, 'piece', found_piece, 'pieces', found_pieces,
            'courier', p_courier, 'weight_g', p_weight_g, 'match_by', verdict.match_by,
            'certainty', verdict.certainty
        )
    );
    return query select found_id, 'received'::text, true, parcels.reception_answer_v1(
        found_id, p_warehouse, false,
        case when verdict.customer_id is null then 'ask_owner'
            when 'inspect' = any(p_steps_off) then 'put_away' else 'inspect' end,
        case verdict.certainty when 'sure' then 'owner_known' when 'none' then 'no_evidence'
            else 'several_owners_possible' end
    );
end
$$;

-- A parcel that lies here is scanned again: measures that were missing are taken over, and a
-- parcel without owner gets one when the label now tells. p_ids as in receive_v1.
create or replace function parcels.scan_again_v1(
    p_ids uuid[], p_at timestamptz, p_actor text, p_parcel_id uuid, p_warehouse text,
    p_steps_off text[], p_codes text[], p_repaired text[], p_phone_digits text, p_name_key text,
    p_label jsonb, p_weight_g integer, p_length_mm integer, p_width_mm integer,
    p_height_mm integer
)
returns table (effect boolean, step text, why text)
language plpgsql as $$
declare
    parcel record;
    kinds text[];
    customers uuid[];
    verdict record;
begin
    update parcels.parcel as p set sequence = p.sequence + 1,
        weight_g = coalesce(p.weight_g, p_weight_g),
        length_mm = coalesce(p.length_mm, p_length_mm),
        width_mm = coalesce(p.width_mm, p_width_mm),
        height_mm = coalesce(p.height_mm, p_height_mm)
    where p.parcel_id = p_parcel_id and (
        (p.weight_g is null and p_weight_g is not null)
        or (p.length_mm is null and p_length_mm is not null)
        or (p.width_mm is null and p_width_mm is not null)
        or (p.height_mm is null and p_height_mm is not null)
    )
    returning p.sequence, p.node_id, p.bin_id, p.customer_id, p.weight_g into parcel;
    effect := found;
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
                effect := true;
                step := case when parcel.status <> 'received' then 'already_done'
                    when 'inspect' = any(p_steps_off) then 'put_away' else 'inspect' end;
                why := 'owner_found';
            end if;
        end if;
    end if;
    return next;
end
$$;

-- Writes the lines of a declaration, each with its fresh id, and the tags that follow from them.
create or replace function parcels.put_items_v1(p_parcel_id uuid, p_items jsonb)
returns void
language plpgsql as $$
begin
    insert into parcels.item
        (item_id, parcel_id, line, description, category, quantity, unit_price_minor, currency)
    select (g.item ->> 'id')::uuid, p_parcel_id, g.line, g.item ->> 'description',
        g.item ->> 'category', (g.item ->> 'quantity')::integer,
        (g.item ->> 'unit_price_minor')::bigint, g.item ->> 'currency'
    from jsonb_array_elements(p_items) with ordinality as g (item, line);
    update parcels.parcel set tags = parcels.tags_of_items_v1(p_parcel_id)
    where parcel_id = p_parcel_id and tags_by = 'items';
end
$$;

-- A declaration is added to a parcel that had none.
create or replace function parcels.declare_v1(
    p_event_id uuid, p_at timestamptz, p_actor text, p_parcel_id uuid, p_items jsonb
)
returns void
language plpgsql as $$
declare
    parcel record;
begin
    perform parcels.put_items_v1(p_parcel_id, p_items);
    update parcels.parcel set sequence = sequence + 1 where parcel_id = p_parcel_id
    returning sequence, customer_id, node_id, bin_id into strict parcel;
    perform parcels.record_v1(
        p_event_id, p_parcel_id, parcel.sequence, 'declared', p_at, p_actor, parcel.node_id,
        parcel.bin_id, jsonb_build_object(
            'parcel_id', p_parcel_id, 'customer_id', parcel.customer_id,
            'warehouse', (select n.code from nodes.node as n where n.node_id = parcel.node_id),
            'items', jsonb_array_length(p_items)
        )
    );
end
$$;

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
-- people's parcels: the customer of a shopper's session is compared first.
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
    if session_customer is not null and session_customer::uuid <> p_customer_id then
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

-- One entry of a timeline as documents show it.
create or replace function parcels.entry_json_v1(
    p_sequence bigint, p_verb text, p_at timestamptz, p_actor text, p_node text, p_bin text
)
returns jsonb
language sql immutable as $$
    select jsonb_build_object(
        'sequence', p_sequence, 'verb', p_verb, 'at', p_at, 'actor', p_actor,
        'place', case when p_node is not null then
            jsonb_build_object('warehouse', p_node, 'bin', p_bin) end
    );
$$;

-- A parcel in a list: a ParcelSummary document. Reads with the caller's rights.
create or replace function parcels.summary_json_v1(p_parcel_id uuid)
returns jsonb
language sql stable as $$
    select jsonb_build_object(
        'id', p.parcel_id, 'tracking_number', p.tracking_number, 'piece', p.piece,
        'pieces', p.pieces, 'courier', p.courier, 'status', p.status,
        'customer', case when p.customer_id is not null then jsonb_build_object(
            'id', p.customer_id, 'name', c.name, 'suite_code', c.suite_code) end,
        'tags', p.tags, 'held', p.held, 'weight_g', p.weight_g, 'announced_at', p.announced_at,
        'received_at', p.received_at,
        'last_event', parcels.entry_json_v1(e.sequence, e.verb, e.at, e.actor, n.code, b.code)
    )
    from parcels.parcel as p
    join parcels.parcel_event as e on e.parcel_id = p.parcel_id and e.sequence = p.sequence
    left join parties.customer as c on c.customer_id = p.customer_id
    left join nodes.node as n on n.node_id = e.node_id
    left join nodes.bin as b on b.bin_id = e.bin_id
    where p.parcel_id = p_parcel_id;
$$;

-- Everything about one parcel: a ParcelDetail document. Reads with the caller's rights.
create or replace function parcels.detail_json_v1(p_parcel_id uuid)
returns jsonb
language sql stable as $$
    select parcels.summary_json_v1(p.parcel_id) || jsonb_build_object(
        'tracking_original', p.tracking_original,
        'arrived', (
            select count(*) from parcels.parcel as s
            where s.tracking_number = p.tracking_number and s.occurrence = p.occurrence
                and s.customer_id is not distinct from p.customer_id
                and s.status not in ('expected', 'merged')
        ),
        'occurrence', p.occurrence, 'courier_candidates', p.courier_candidates,
        'match', jsonb_build_object(
            'by', p.match_by, 'certainty', p.match_certainty, 'candidates', p.match_candidates
        ),
        'place', case when p.bin_id is not null then
            jsonb_build_object('warehouse', n.code, 'bin', b.code) end,
        'warehouse', n.code, 'tags_by', p.tags_by, 'held_reason', p.held_reason,
        'length_mm', p.length_mm, 'width_mm', p.width_mm, 'height_mm', p.height_mm,
        'items', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'description', i.description, 'category', i.category, 'quantity', i.quantity,
                'unit_price_minor', i.unit_price_minor, 'currency', i.currency
            ) order by i.line), '[]')
            from parcels.item as i where i.parcel_id = p.parcel_id
        ),
        'timeline', (
            select jsonb_agg(parcels.entry_json_v1(
                e.sequence, e.verb, e.at, e.actor, en.code, eb.code
            ) order by e.sequence)
            from parcels.parcel_event as e
            left join nodes.node as en on en.node_id = e.node_id
            left join nodes.bin as eb on eb.bin_id = e.bin_id
            where e.parcel_id = p.parcel_id
        )
    )
    from parcels.parcel as p
    left join nodes.node as n on n.node_id = p.node_id
    left join nodes.bin as b on b.bin_id = p.bin_id
    where p.parcel_id = p_parcel_id;
$$;

-- What shoppers may see of parcels without owner: enough to recognise one's own, not enough to
-- claim another's. Runs as owner: row security hides these rows from shoppers.
create or replace function parcels.unclaimed_masked_v1(p_most integer)
returns table (
    parcel_id uuid, masked text, courier text, warehouse text, received_at timestamptz
)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select p.parcel_id,
        left(p.tracking_number, 2) || repeat('•', length(p.tracking_number) - 4)
        || right(p.tracking_number, 2),
        p.courier, n.code, p.received_at
    from parcels.parcel as p
    join nodes.node as n on n.node_id = p.node_id
    where p.customer_id is null and p.bin_id is not null
    order by p.parcel_id desc limit p_most;
$$;
comment on function parcels.unclaimed_masked_v1 is
'runs as owner: shows masked numbers of parcels without owner, nothing of anybody';
grant execute on function parcels.unclaimed_masked_v1(integer),
parcels.summary_json_v1(uuid), parcels.detail_json_v1(uuid),
parcels.entry_json_v1(bigint, text, timestamptz, text, text, text) to entrepot_shopper;
