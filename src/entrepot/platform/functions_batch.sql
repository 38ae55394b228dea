-- Functions of the platform room for whole requests carried together (platform.batch).

-- What is known of each request before any work: fresh, stored, other_body or replayed, as
-- platform.claim_request_v1 says, but nothing is claimed yet. keep_claims_v1 claims at the end of
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

-- Burns the nonces of all requests but the replayed and keeps the answers of the fresh ones.
-- Breaks the transaction (unique_violation) when another has claimed one meanwhile.
create or replace function platform.keep_claims_v1(
    p_at timestamptz, p_verdicts text[], p_credentials text[], p_nonces text[], p_keys text[],
    p_fingerprints bytea[], p_refused boolean[], p_answers jsonb[]
)
returns void
language plpgsql as $$
begin
    insert into platform.request_nonce (credential, nonce, seen_at)
    select x.credential, x.nonce, p_at
    from unnest(p_verdicts, p_credentials, p_nonces) as x (verdict, credential, nonce)
    where x.nonce is not null and x.verdict in ('fresh', 'stored', 'other_body')
    order by x.credential, x.nonce;
    insert into platform.idempotency (
        credential, key, fingerprint, refused, answer, recorded_at
    )
    select x.credential, x.key, x.fingerprint, x.refused, x.answer, p_at
    from unnest(p_verdicts, p_credentials, p_keys, p_fingerprints, p_refused, p_answers)
        as x (verdict, credential, key, fingerprint, refused, answer)
    where x.key is not null and x.verdict = 'fresh'
    order by x.credential, x.key;
end
$$;

-- Many events of one name, each the next of its aggregate.
create or replace function platform.put_events_v1(
    p_event_ids uuid[], p_name text, p_version integer, p_aggregate text, p_aggregate_ids uuid[],
    p_sequences bigint[], p_at timestamptz, p_actors text[], p_bodies jsonb[]
)
returns void
language plpgsql as $$
begin
    insert into platform.outbox
        (event_id, name, version, aggregate, aggregate_id, sequence, at, actor, body)
    select x.event_id, p_name, p_version, p_aggregate, x.aggregate_id, x.sequence, p_at, x.actor,
        x.body
    from unnest(p_event_ids, p_aggregate_ids, p_sequences, p_actors, p_bodies)
        as x (event_id, aggregate_id, sequence, actor, body);
    insert into platform.outbox_pending (event_id, at)
    select x.event_id, p_at from unnest(p_event_ids) as x (event_id);
end
$$;

-- Many rows of the audit trail, of one verb.
create or replace function platform.put_audits_v1(
    p_audit_ids uuid[], p_at timestamptz, p_actors text[], p_credentials text[],
    p_request_ids text[], p_verb text, p_subject text, p_subject_ids uuid[], p_facts jsonb[]
)
returns void
language plpgsql as $$
begin
    insert into platform.audit
        (audit_id, at, actor, credential, on_behalf_of, request_id, verb, subject, subject_id,
         facts)
    select x.audit_id, p_at, x.actor, x.credential, null, x.request_id, p_verb, p_subject,
        x.subject_id, x.facts
    from unnest(p_audit_ids, p_actors, p_credentials, p_request_ids, p_subject_ids, p_facts)
        as x (audit_id, actor, credential, request_id, subject_id, facts);
    insert into platform.audit_unsealed (audit_id)
    select x.audit_id from unnest(p_audit_ids) as x (audit_id);
end
$$;
