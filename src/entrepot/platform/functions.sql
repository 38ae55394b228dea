-- Functions of the platform room in a tenant's database. A change of meaning is a new _vN.

-- Claims a request: its nonce (null for pages) and its idempotency key (null for reads).
-- verdict: fresh = do the work now; stored = here is the answer of before; other_body = the key
-- was used for another request; replayed = the nonce was used before. A simultaneous second
-- claim waits for the first inside the insert.
create or replace function platform.claim_request_v1(
    p_credential text, p_nonce text, p_key text, p_fingerprint bytea, p_at timestamptz
)
returns table (verdict text, refused boolean, answer jsonb)
language plpgsql as $$
declare
    found_row platform.idempotency;
begin
    if p_nonce is not null then
        insert into platform.request_nonce (credential, nonce, seen_at)
        values (p_credential, p_nonce, p_at)
        on conflict do nothing;
        if not found then
            return query select 'replayed'::text, null::boolean, null::jsonb;
            return;
        end if;
    end if;
    if p_key is null then
        return query select 'fresh'::text, null::boolean, null::jsonb;
        return;
    end if;
    insert into platform.idempotency (credential, key, fingerprint, recorded_at)
    values (p_credential, p_key, p_fingerprint, p_at)
    on conflict do nothing;
    if found then
        return query select 'fresh'::text, null::boolean, null::jsonb;
        return;
    end if;
    select i.credential, i.key, i.fingerprint, i.refused, i.answer, i.recorded_at
    into found_row
    from platform.idempotency as i
    where i.credential = p_credential and i.key = p_key;
    if found_row.fingerprint <> p_fingerprint then
        return query select 'other_body'::text, null::boolean, null::jsonb;
    else
        return query select 'stored'::text, found_row.refused, found_row.answer;
    end if;
end
$$;

create or replace function platform.keep_answer_v1(
    p_credential text, p_key text, p_refused boolean, p_answer jsonb
)
returns void
language sql as $$
    update platform.idempotency set refused = p_refused, answer = p_answer
    where credential = p_credential and key = p_key;
$$;

create or replace function platform.put_event_v1(
    p_event_id uuid, p_name text, p_version int, p_aggregate text, p_aggregate_id uuid,
    p_sequence bigint, p_at timestamptz, p_actor text, p_body jsonb
)
returns void
language plpgsql as $$
begin
    insert into platform.outbox
        (event_id, name, version, aggregate, aggregate_id, sequence, at, actor, body)
    values
        (p_event_id, p_name, p_version, p_aggregate, p_aggregate_id, p_sequence, p_at, p_actor,
         p_body);
    insert into platform.outbox_pending (at, event_ids) values (p_at, array[p_event_id]);
end
$$;

create or replace function platform.put_audit_v1(
    p_audit_id uuid, p_at timestamptz, p_actor text, p_credential text, p_on_behalf_of text,
    p_request_id text, p_verb text, p_subject text, p_subject_id uuid, p_facts jsonb
)
returns void
language plpgsql as $$
begin
    insert into platform.audit
        (audit_id, at, actor, credential, on_behalf_of, request_id, verb, subject, subject_id,
         facts)
    values
        (p_audit_id, p_at, p_actor, p_credential, p_on_behalf_of, p_request_id, p_verb,
         p_subject, p_subject_id, p_facts);
    insert into platform.audit_unsealed (at, audit_ids) values (p_at, array[p_audit_id]);
end
$$;

create or replace function platform.next_number_v1(p_name text)
returns bigint
language sql as $$
    insert into platform.counter as c (name, value) values (p_name, 1)
    on conflict (name) do update set value = c.value + 1
    returning c.value;
$$;

create or replace function platform.bump_epoch_v1(p_name text)
returns bigint
language sql as $$
    insert into platform.epoch as e (name, value) values (p_name, 1)
    on conflict (name) do update set value = e.value + 1
    returning e.value;
$$;

-- Gives pending events their feed position, oldest first, and returns them: p_most and, since what
-- one statement wrote goes together, some more.
-- The row lock on the counter makes one drain at a time the giver of positions. Events of one
-- aggregate get theirs in order of sequence, whatever their times say: a block that waited for
-- another's lock carries an earlier time than what it waited for, and clocks of processes differ.
-- So earlier events of the same aggregate come along, with all that was written with them.
create or replace function platform.drain_outbox_v1(p_most int)
returns table (
    event_id uuid, name text, version int, aggregate text, aggregate_id uuid, sequence bigint,
    at timestamptz, actor text, body jsonb, feed_position bigint
)
language plpgsql as $$
#variable_conflict use_column
declare
    base bigint;
    slips tid[];
    taken uuid[];
    before uuid[];
    more tid[];
begin
    insert into platform.counter as c (name, value) values ('feed', 0)
    on conflict (name) do update set value = c.value
    returning c.value into base;
    select array_agg(w.slip) into more
    from (
        select p.slip, sum(p.events) over (order by p.at, p.slip) - p.events as ahead
        from (
            select x.ctid as slip, x.at, cardinality(x.event_ids) as events
            from platform.outbox_pending as x
            order by x.at, x.ctid limit p_most
        ) as p
    ) as w
    where w.ahead < p_most;
    while more is not null loop
        slips := slips || more;
        select taken || array_agg(w.event_id) into taken
        from platform.outbox_pending as p
        cross join unnest(p.event_ids) as w (event_id)
        where p.ctid = any(more);
        select array_agg(x.event_id) into before
        from platform.outbox as o
        join platform.outbox as x on x.aggregate = o.aggregate
            and x.aggregate_id = o.aggregate_id and x.sequence = o.sequence - 1
        where o.event_id = any(taken) and x.event_id <> all(taken)
            and not exists(select from platform.feed as f where f.event_id = x.event_id);
        exit when before is null;
        select array_agg(p.ctid) into more
        from platform.outbox_pending as p where p.event_ids && before;
    end loop;
    if taken is null then
        return;
    end if;
    delete from platform.outbox_pending as p where p.ctid = any(slips);
    update platform.counter as c set value = base + cardinality(taken) where c.name = 'feed';
    return query
    with placed as (
        select t.event_id, base + row_number() over (
            order by t.not_before, t.aggregate_id, t.sequence
        ) as feed_position
        from (
            select o.event_id, o.aggregate_id, o.sequence, max(o.at) over (
                partition by o.aggregate, o.aggregate_id order by o.sequence
            ) as not_before
            from platform.outbox as o where o.event_id = any(taken)
        ) as t
    ), fed as (
        insert into platform.feed (feed_position, event_id)
        select p.feed_position, p.event_id from placed as p
        returning feed.feed_position, feed.event_id
    )
    select o.event_id, o.name, o.version, o.aggregate, o.aggregate_id, o.sequence, o.at, o.actor,
        o.body, f.feed_position
    from fed as f
    join platform.outbox as o on o.event_id = f.event_id
    order by f.feed_position;
end
$$;

-- Whether this event's effect by this consumer is still to be done; notes it as done.
create or replace function platform.take_in_v1(p_event_id uuid, p_consumer text, p_at timestamptz)
returns boolean
language plpgsql as $$
begin
    insert into platform.inbox (event_id, consumer, done_at)
    values (p_event_id, p_consumer, p_at)
    on conflict do nothing;
    return found;
end
$$;

-- A shopper's login may write events, audit rows and its own answers through these.
grant execute on function platform.claim_request_v1 to entrepot_shopper;
grant execute on function platform.keep_answer_v1 to entrepot_shopper;
grant execute on function platform.put_event_v1 to entrepot_shopper;
grant execute on function platform.put_audit_v1 to entrepot_shopper;
