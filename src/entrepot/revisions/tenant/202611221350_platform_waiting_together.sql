-- What waits for the drain and for the sealer: one row for all that one statement wrote, not one
-- for each event and each row of the trail (decision 0088). Neither has a key: nothing points at
-- a row that waits, and an event that would get a second position is refused by the feed, an
-- entry that would get a second seal by the seals. Ids do not compress: rows stay as they are up
-- to a page.

drop view platform.violation_outbox_pending;
drop view platform.violation_audit_unsealed;

alter table platform.outbox_pending rename to pending_before;
create table platform.outbox_pending (
    at timestamptz not null,
    event_ids uuid[] not null check (cardinality(event_ids) > 0)
) with (toast_tuple_target = 8160);
insert into platform.outbox_pending (at, event_ids)
select p.at, array[p.event_id] from platform.pending_before as p;
drop table platform.pending_before;
create index outbox_pending_by_age on platform.outbox_pending (at);
grant insert, delete on platform.outbox_pending to entrepot_app;
grant insert on platform.outbox_pending to entrepot_shopper;

alter table platform.audit_unsealed rename to unsealed_before;
create table platform.audit_unsealed (
    at timestamptz not null,
    audit_ids uuid[] not null check (cardinality(audit_ids) > 0)
) with (toast_tuple_target = 8160);
insert into platform.audit_unsealed (at, audit_ids)
select coalesce(a.at, '-infinity'), array[u.audit_id]
from platform.unsealed_before as u
left join platform.audit as a on u.audit_id = a.audit_id;
drop table platform.unsealed_before;
create index audit_unsealed_by_age on platform.audit_unsealed (at);
grant insert, delete on platform.audit_unsealed to entrepot_app;
grant insert on platform.audit_unsealed to entrepot_shopper;

-- One by one.
create view platform.waiting_event as
select
    w.event_id,
    p.at
from platform.outbox_pending as p
cross join unnest(p.event_ids) as w (event_id);

create view platform.waiting_audit as
select
    w.audit_id,
    u.at
from platform.audit_unsealed as u
cross join unnest(u.audit_ids) as w (audit_id);

create view platform.violation_outbox_pending as
select w.event_id
from platform.waiting_event as w
left join platform.outbox as o on w.event_id = o.event_id
where o.event_id is null;

create view platform.violation_audit_unsealed as
select w.audit_id
from platform.waiting_audit as w
left join platform.audit as a on w.audit_id = a.audit_id
where a.audit_id is null;

-- Nonces are kept for minutes: they are found faster by reading them all once a minute than by an
-- index that every request writes.
drop index platform.request_nonce_by_age;
