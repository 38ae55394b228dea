-- Functions of the platform room for whole requests carried together (platform.batch).

-- What is known of each request before any work: fresh, stored, other_body or replayed, as
-- platform.claim_request_v1 says, but nothing is claimed yet. keep_batch_v1 claims at the end of
-- the same transaction; should somebody have been faster, it breaks the transaction.
create or replace function platform.known_claims_v1(
    p_credentials text[], p_nonces text[], p_keys text[], p_fingerprints bytea[]
)
returns table (req integer, verdict text, refused boolean, answer jsonb)
language sql stable as $$
    select x.req::integer,
        case
            when n.nonce is not null then 'replayed'
            when i.key is null then 'fresh'
            when i.fingerprint <> x.fingerprint then 'other_body'
            else 'stored'
        end,
        i.refused, i.answer
    from unnest(p_credentials, p_nonces, p_keys, p_fingerprints) with ordinality
        as x (credential, nonce, key, fingerprint, req)
    left join lateral (
        select r.nonce from platform.request_nonce as r
        where r.credential = x.credential and r.nonce = x.nonce limit 1
    ) as n on true
    left join lateral (
        select r.key, r.fingerprint, r.refused, r.answer from platform.idempotency as r
        where r.credential = x.credential and r.key = x.key limit 1
    ) as i on true
    order by x.req;
$$;

-- Writes down requests that were carried together: burns the nonces of all but the replayed, keeps
-- the answers of the fresh ones and, for those that are done, one first event and one row of the
-- audit trail each. One statement, since starting one costs as much as several rows.
-- Breaks the transaction (unique_violation) when another has claimed one meanwhile.
create or replace function platform.keep_batch_v1(
    p_at timestamptz, p_verdicts text[], p_credentials text[], p_nonces text[], p_keys text[],
    p_fingerprints bytea[], p_refused boolean[], p_answers jsonb[], p_done boolean[],
    p_actors text[], p_name text, p_aggregate text, p_aggregate_ids uuid[], p_event_ids uuid[],
    p_verb text, p_audit_ids uuid[], p_request_ids text[], p_facts jsonb[]
)
returns void
language plpgsql as $$
begin
    with x as materialized (
        select u.verdict, u.credential, u.nonce, u.key, u.fingerprint, u.refused, u.answer,
            u.done, u.actor, u.aggregate_id, u.event_id, u.audit_id, u.request_id, u.facts
        from unnest(
            p_verdicts, p_credentials, p_nonces, p_keys, p_fingerprints, p_refused, p_answers,
            p_done, p_actors, p_aggregate_ids, p_event_ids, p_audit_ids, p_request_ids, p_facts
        ) as u (
            verdict, credential, nonce, key, fingerprint, refused, answer, done, actor,
            aggregate_id, event_id, audit_id, request_id, facts
        )
    ), burnt as (
        insert into platform.request_nonce (credential, nonce, seen_at)
        select x.credential, x.nonce, p_at from x
        where x.nonce is not null and x.verdict in ('fresh', 'stored', 'other_body')
        order by x.nonce, x.credential
    ), kept as (
        insert into platform.idempotency (
            credential, key, fingerprint, refused, answer, recorded_at
        )
        select x.credential, x.key, x.fingerprint, x.refused, x.answer, p_at from x
        where x.key is not null and x.verdict = 'fresh'
        order by x.key, x.credential
    ), told as (
        insert into platform.outbox
            (event_id, name, version, aggregate, aggregate_id, sequence, at, actor, body)
        select x.event_id, p_name, 1, p_aggregate, x.aggregate_id, 1, p_at, x.actor, x.answer
        from x where x.done
    ), pending as (
        insert into platform.outbox_pending (at, event_ids)
        select p_at, array_agg(x.event_id) from x where x.done having count(*) > 0
    ), noted as (
        insert into platform.audit
            (audit_id, at, actor, credential, on_behalf_of, request_id, verb, subject,
             subject_id, facts)
        select x.audit_id, p_at, x.actor, x.credential, null, x.request_id, p_verb, p_aggregate,
            x.aggregate_id, x.facts
        from x where x.done
    )
    insert into platform.audit_unsealed (at, audit_ids)
    select p_at, array_agg(x.audit_id) from x where x.done having count(*) > 0;
end
$$;
