-- name: put_audit
select platform.put_audit_v1(
    :audit_id, :at, :actor, :credential, :on_behalf_of, :request_id, :verb, :subject, :subject_id,
    :facts
);

-- Takes away what waits for its seal, oldest first, and tells of it; what is named but not there
-- goes on waiting, for platform.violation_audit_unsealed to be seen.
-- name: take_unsealed
with old as (
    select w.slip, w.ahead
    from (
        select p.slip, sum(p.entries) over (order by p.at, p.slip) - p.entries as ahead
        from (
            select x.ctid as slip, x.at, cardinality(x.audit_ids) as entries
            from platform.audit_unsealed as x
            order by x.at, x.ctid limit :most
        ) as p
    ) as w
    where w.ahead < :most
), gone as (
    delete from platform.audit_unsealed as u
    where u.ctid = any(array(select o.slip from old as o))
    returning u.at, u.audit_ids
), named as (
    select g.at as since, w.audit_id from gone as g cross join unnest(g.audit_ids) as w (audit_id)
), back as (
    insert into platform.audit_unsealed (at, audit_ids)
    select n.since, array[n.audit_id] from named as n
    where not exists (select from platform.audit as a where a.audit_id = n.audit_id)
)
select
    a.audit_id, a.at, a.actor, a.credential, coalesce(a.on_behalf_of, '') as on_behalf_of,
    a.request_id, a.verb, a.subject, a.subject_id, a.facts
from named as n
join platform.audit as a on a.audit_id = n.audit_id
order by a.audit_id;

-- name: any_unsealed
select exists(select 1 from platform.audit_unsealed);

-- name: find_head
select seal_number, previous_hash, hash, signature, sealed_at
from platform.audit_seal
order by seal_number desc
limit 1;

-- name: list_seals
select seal_number, previous_hash, hash, signature, sealed_at
from platform.audit_seal
where seal_number > :after
order by seal_number
limit :most;

-- name: list_sealed
select
    a.audit_id, a.at, a.actor, a.credential, coalesce(a.on_behalf_of, '') as on_behalf_of,
    a.request_id, a.verb, a.subject, a.subject_id, a.facts
from platform.audit_sealed as s
join platform.audit as a on a.audit_id = s.audit_id
where s.seal_number = :seal_number
order by s.place;

-- name: put_seal
insert into platform.audit_seal (seal_number, previous_hash, hash, signature, sealed_at)
values (:seal_number, :previous_hash, :hash, :signature, :sealed_at);

-- name: put_sealed
insert into platform.audit_sealed (seal_number, place, audit_id)
select :seal_number::bigint, s.place, s.audit_id
from unnest(:audit_ids::uuid[]) with ordinality as s (audit_id, place);

-- name: count_loose
select count(*)
from platform.audit as a
where not exists (select 1 from platform.audit_sealed as s where s.audit_id = a.audit_id)
and not exists (select 1 from platform.waiting_audit as u where u.audit_id = a.audit_id);
