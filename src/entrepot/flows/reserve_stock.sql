-- Reservations of many requests in one statement, whole: keys alive, nonces and idempotency
-- keys, stock, events, audit, answers. Arrays have one entry for each request but the p_line_*,
-- which say by p_line_of whose line it is, and p_key_*, which are the different keys that ask.
-- p_whole: lock every node of the channels.
-- One row for each request, or one row of req 0 and verdict `again`: nothing was done, call again
-- with p_whole.
create or replace function flows.reserve_stock_batch_v2(
    p_at timestamptz, p_whole boolean, p_key_ids text[], p_key_versions integer[],
    p_key_of integer[], p_credentials text[], p_nonces text[], p_keys text[],
    p_fingerprints bytea[], p_request_ids text[], p_actors text[], p_ids uuid[],
    p_event_ids uuid[], p_audit_ids uuid[], p_references text[], p_channels text[],
    p_expires timestamptz[], p_line_of integer[], p_skus text[], p_qtys bigint[], p_nodes text[],
    p_warehouses text[]
)
returns table (req integer, verdict text, refused boolean, answer jsonb)
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
#variable_conflict use_column
declare
    verdicts text[];
    refusals boolean[];
    answers jsonb[];
    facts jsonb[];
    take boolean[];
    alive boolean[];
    made record;
begin
    if p_key_ids <> '{}' then
        select array_agg(access.key_alive_v1(u.key_id, u.version, p_at) order by u.place)
        into alive
        from unnest(p_key_ids, p_key_versions) with ordinality as u (key_id, version, place);
    end if;
    select array_agg(case when a.dead then 'dead_key' else c.verdict end order by c.req),
        array_agg(c.refused order by c.req), array_agg(c.answer order by c.req),
        array_agg(c.verdict = 'fresh' and not a.dead order by c.req)
    into verdicts, refusals, answers, take
    from platform.known_claims_v1(p_credentials, p_nonces, p_keys, p_fingerprints) as c
    cross join lateral (select alive[p_key_of[c.req]] is false as dead) as a;
    select v.again, v.done, v.answers, v.replaced, v.replaced_sequences
    into made
    from stock.reserve_batch_v2(
        p_at, take, p_ids, p_actors, p_references, p_channels, p_expires, p_line_of, p_skus,
        p_qtys, p_nodes, p_warehouses, p_whole
    ) as v;
    if made.again then
        return query select 0, 'again'::text, null::boolean, null::jsonb;
        return;
    end if;
    select array_agg(case when x.take then not x.done else x.refused end order by x.req),
        array_agg(case when x.take then x.made else x.answer end order by x.req),
        array_agg(jsonb_build_object('channel', x.channel) order by x.req)
    into refusals, answers, facts
    from unnest(take, made.done, refusals, made.answers, answers, p_channels) with ordinality
        as x (take, done, refused, made, answer, channel, req);
    perform platform.keep_batch_v1(
        p_at, verdicts, p_credentials, p_nonces, p_keys, p_fingerprints, refusals, answers,
        made.done, p_actors, 'reservation.made', 'reservation', p_ids, p_event_ids,
        'reserve_stock', p_audit_ids, p_request_ids, facts
    );
    if made.replaced is not null then
        perform platform.put_event_v1(
            stock.event_id_v1(x.id, 'replaces'), 'reservation.released', 1, 'reservation',
            x.replaced, x.sequence, p_at, x.actor, jsonb_build_object(
                'id', x.replaced, 'reference', x.reference, 'channel', x.channel,
                'replaced_by', x.id, 'lines', stock.reservation_lines_v1(x.replaced)
            )
        )
        from unnest(
            p_ids, made.replaced, made.replaced_sequences, p_actors, p_references, p_channels
        ) as x (id, replaced, sequence, actor, reference, channel)
        where x.replaced is not null;
        -- what smaller orders gave back, behind the events of the orders themselves
        perform stock.fill_freed_v1(p_at, p_actors[1], array_remove(made.replaced, null));
    end if;
    return query
    select x.req::integer, x.verdict, x.refused, x.answer
    from unnest(verdicts, refusals, answers) with ordinality as x (verdict, refused, answer, req);
end
$$;

-- The straight road of the same: orders that name the node of each line, where there is plenty of
-- everything and nobody has rules. All of them are written down, whole, or none: false says that
-- nothing was done, and so does object_not_in_prerequisite_state, when what was seen without a
-- lock was gone under it, and unique_violation, when a request had been seen before. Whoever hears
-- that asks flows.reserve_stock_batch_v2, which decides one request after the other.
-- Guarding rows are locked last, so that flights for the same things hold each other up no longer
-- than a commit. p_answers: what each request will be told, and the body of its event. p_line_*:
-- the lines, of one request each thing once; p_guard_of says which of p_guard_*, the different
-- (channel, SKU, node) with the sum that is asked of each; p_guard_first: one of each request.
-- p_look: look for live references before anything is written; without it one breaks the
-- transaction, which is dearer, but a look costs every flight.
create or replace function flows.reserve_at_once_v2(
    p_at timestamptz, p_look boolean, p_key_ids text[], p_key_versions integer[],
    p_credentials text[], p_nonces text[], p_keys text[], p_fingerprints bytea[],
    p_request_ids text[], p_actors text[], p_ids uuid[], p_event_ids uuid[], p_audit_ids uuid[],
    p_references text[], p_expires timestamptz[], p_answers jsonb[], p_guard_first integer[],
    p_line_of integer[], p_guard_of integer[], p_qtys bigint[], p_guard_channels text[],
    p_guard_skus text[], p_guard_nodes text[], p_guard_qtys bigint[], p_warehouses text[]
)
returns boolean
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
#variable_conflict use_column
declare
    the_channels uuid[];
    the_skus uuid[];
    the_nodes uuid[];
    facts jsonb[];
begin
    if exists(
        select from unnest(p_key_ids, p_key_versions) as u (key_id, version)
        where not access.key_alive_v1(u.key_id, u.version, p_at)
    ) then
        return false;
    end if;
    select v.channels, v.skus, v.nodes into the_channels, the_skus, the_nodes
    from stock.find_plenty_v1(
        p_guard_channels, p_guard_skus, p_guard_nodes, p_guard_qtys, p_warehouses
    ) as v;
    if the_channels is null or p_look and exists(
        select from unnest(p_references, p_guard_first) as u (reference, guard)
        cross join lateral (
            select from stock.reservation as h
            where h.channel_id = the_channels[u.guard] and h.reference = u.reference
                and h.state = 'pending'
            limit 1
        ) as h
    ) then
        return false;
    end if;
    -- reservations first: when a reference is live, little was written in vain
    perform stock.write_taken_v1(
        p_at, p_ids, p_actors, p_references, p_expires, p_guard_first, p_line_of, p_guard_of,
        p_qtys, the_channels, the_skus, the_nodes
    );
    facts := array(
        select jsonb_build_object('channel', u.channel)
        from unnest(p_guard_channels) with ordinality as u (channel, place) order by u.place
    );
    perform platform.keep_batch_v1(
        p_at, array_fill('fresh'::text, array[cardinality(p_ids)]), p_credentials, p_nonces,
        p_keys, p_fingerprints, array_fill(false, array[cardinality(p_ids)]), p_answers,
        array_fill(true, array[cardinality(p_ids)]), p_actors, 'reservation.made',
        'reservation', p_ids, p_event_ids, 'reserve_stock', p_audit_ids, p_request_ids,
        array(
            select facts[u.guard]
            from unnest(p_guard_first) with ordinality as u (guard, place) order by u.place
        )
    );
    perform stock.take_plenty_v1(the_channels, the_skus, the_nodes, p_guard_qtys);
    return true;
end
$$;
