-- Reservations of many requests in one statement, whole: keys alive, nonces and idempotency
-- keys, stock, events, audit, answers. Arrays have one entry for each request but the p_line_*,
-- which say by p_line_of whose line it is. p_ids: four for each request (reservation, event,
-- audit row, event of a replaced reservation). p_whole: lock every node of the channels.
-- One row for each request, or one row of req 0 and verdict `again`: nothing was done, call again
-- with p_whole.
create or replace function flows.reserve_stock_batch_v1(
    p_at timestamptz, p_whole boolean, p_key_ids text[], p_key_versions integer[],
    p_credentials text[], p_nonces text[], p_keys text[], p_fingerprints bytea[],
    p_request_ids text[], p_actors text[], p_ids uuid[], p_references text[], p_channels text[],
    p_expires timestamptz[], p_line_of integer[], p_skus text[], p_qtys bigint[], p_nodes text[],
    p_warehouses text[]
)
returns table (req integer, verdict text, refused boolean, answer jsonb)
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
#variable_conflict use_column
declare
    most integer := cardinality(p_credentials);
    verdicts text[];
    refusals boolean[];
    answers jsonb[];
    take boolean[];
    ids uuid[];
    done record;
    oldest record;
    replaced uuid[];
begin
    select array_agg(case when coalesce(a.alive, true) then c.verdict else 'dead_key' end
            order by c.req),
        array_agg(c.refused order by c.req), array_agg(c.answer order by c.req),
        array_agg(coalesce(a.alive, true) and c.verdict = 'fresh' order by c.req),
        array_agg(p_ids[4 * c.req - 3] order by c.req)
    into verdicts, refusals, answers, take, ids
    from platform.known_claims_v1(p_credentials, p_nonces, p_keys, p_fingerprints) as c
    left join (
        select k.key_id, k.version, access.key_alive_v1(k.key_id, k.version, p_at) as alive
        from (
            select distinct u.key_id, u.version
            from unnest(p_key_ids, p_key_versions) as u (key_id, version)
            where u.key_id is not null
        ) as k
    ) as a on a.key_id = p_key_ids[c.req] and a.version = p_key_versions[c.req];
    for done in
        select s.req, s.outcome, s.answer, s.replaced, s.replaced_sequence
        from stock.reserve_batch_v1(
            p_at, take, ids, p_actors, p_references, p_channels, p_expires, p_line_of, p_skus,
            p_qtys, p_nodes, p_warehouses, p_whole
        ) as s
    loop
        if done.outcome = 'again' then
            return query select 0, 'again'::text, null::boolean, null::jsonb;
            return;
        end if;
        refusals[done.req] := done.outcome = 'refused';
        answers[done.req] := done.answer;
        if done.replaced is not null then
            replaced := replaced || done.replaced;
            perform platform.put_event_v1(
                p_ids[4 * done.req], 'reservation.released', 1, 'reservation', done.replaced,
                done.replaced_sequence, p_at, p_actors[done.req], jsonb_build_object(
                    'id', done.replaced, 'reference', p_references[done.req],
                    'channel', p_channels[done.req], 'replaced_by', ids[done.req],
                    'lines', stock.reservation_lines_v1(done.replaced)
                )
            );
        end if;
    end loop;
    select array_agg(p_ids[4 * x.req - 2]) as events, array_agg(p_ids[4 * x.req - 1]) as audits,
        array_agg(ids[x.req]) as ids, array_agg(1::bigint) as sequences,
        array_agg(p_actors[x.req]) as actors, array_agg(p_credentials[x.req]) as credentials,
        array_agg(p_request_ids[x.req]) as request_ids, array_agg(answers[x.req]) as bodies,
        array_agg(jsonb_build_object('channel', p_channels[x.req])) as facts
    into oldest
    from generate_series(1, most) as x (req)
    where take[x.req] and not refusals[x.req];
    if oldest.ids is not null then
        perform platform.put_events_v1(
            oldest.events, 'reservation.made', 1, 'reservation', oldest.ids, oldest.sequences,
            p_at, oldest.actors, oldest.bodies
        );
        perform platform.put_audits_v1(
            oldest.audits, p_at, oldest.actors, oldest.credentials, oldest.request_ids,
            'reserve_stock', 'reservation', oldest.ids, oldest.facts
        );
    end if;
    if replaced is not null then
        -- what smaller orders gave back, behind the events of the orders themselves
        perform stock.fill_freed_v1(p_at, p_actors[1], replaced);
    end if;
    perform platform.keep_claims_v1(
        p_at, verdicts, p_credentials, p_nonces, p_keys, p_fingerprints, refusals, answers
    );
    return query
    select x.req::integer, x.verdict, x.refused, x.answer
    from unnest(verdicts, refusals, answers) with ordinality as x (verdict, refused, answer, req);
end
$$;
