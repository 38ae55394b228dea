-- Pending and unsealed rows are written by the function that writes the row they name, so the
-- database need not look it up again: two look-ups of every write, a fifth of a reservation that
-- is carried in a batch. The views tell when it should ever not be so.

alter table platform.outbox_pending drop constraint outbox_pending_event_id_fkey;
alter table platform.audit_unsealed drop constraint audit_unsealed_audit_id_fkey;

create view platform.violation_outbox_pending as
select p.event_id
from platform.outbox_pending as p
left join platform.outbox as o on p.event_id = o.event_id
where o.event_id is null;

create view platform.violation_audit_unsealed as
select u.audit_id
from platform.audit_unsealed as u
left join platform.audit as a on u.audit_id = a.audit_id
where a.audit_id is null;
