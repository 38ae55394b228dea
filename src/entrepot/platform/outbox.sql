-- name: put_event
select platform.put_event_v1(
    :event_id, :name, :version, :aggregate, :aggregate_id, :sequence, :at, :actor, :body
);

-- name: drain_outbox
select
    event_id, name, version, aggregate, aggregate_id, sequence, at, actor, body, feed_position
from platform.drain_outbox_v1(:most);

-- name: list_feed
select
    o.event_id, o.name, o.version, o.aggregate, o.aggregate_id, o.sequence, o.at, o.actor, o.body,
    f.feed_position
from platform.feed as f
join platform.outbox as o on o.event_id = f.event_id
where f.feed_position > :after
order by f.feed_position
limit :most;

-- name: find_position
select feed_position from platform.consumer where consumer = :consumer;

-- name: move_position
insert into platform.consumer as c (consumer, feed_position)
values (:consumer, :feed_position)
on conflict (consumer) do update set feed_position = excluded.feed_position;

-- name: take_in
select platform.take_in_v1(:event_id, :consumer, :now);

-- name: note_trouble
insert into platform.event_trouble as t (event_id, consumer, attempts, last_error, next_at)
values (:event_id, :consumer, 1, :error, :next_at)
on conflict (event_id, consumer) do update
set attempts = t.attempts + 1, last_error = excluded.last_error, next_at = excluded.next_at,
    dead_at = case when t.attempts + 1 >= 5 then :now::timestamptz end;

-- name: end_trouble
delete from platform.event_trouble where event_id = :event_id and consumer = :consumer;

-- name: list_troubled
select
    o.event_id, o.name, o.version, o.aggregate, o.aggregate_id, o.sequence, o.at, o.actor, o.body,
    f.feed_position
from platform.event_trouble as t
join platform.outbox as o on o.event_id = t.event_id
join platform.feed as f on f.event_id = t.event_id
where t.consumer = :consumer and t.dead_at is null and t.next_at <= :now
order by f.feed_position
limit :most;

-- name: count_pending
select
    (select count(*) from platform.waiting_event) as pending,
    (select min(at) from platform.outbox_pending) as oldest_at,
    (select count(*) from platform.event_trouble where dead_at is null) as troubled,
    (select count(*) from platform.event_trouble where dead_at is not null) as dead;

-- name: tidy_nonces
delete from platform.request_nonce
where ctid = any(array(
    select n.ctid from platform.request_nonce as n where n.seen_at < :before limit :most
));

-- name: tidy_idempotency
delete from platform.idempotency
where ctid = any(array(
    select i.ctid from platform.idempotency as i where i.recorded_at < :before limit :most
));
