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
