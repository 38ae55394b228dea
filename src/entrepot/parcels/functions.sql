-- Functions of the parcels room: decisions, records, owners. A change of meaning is a new _vN.
-- Whatever finds, makes or gives away parcels by number takes the number's lock first, so a scan
-- and a pre-alert of one number never miss each other. More in functions_*.sql.

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
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(p_number, 1140));
end
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
