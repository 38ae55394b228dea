-- Named reads of the carriers room. customer_id is a scope where a shopper asks, else null.

-- name: find_departure
select n.node_id, n.code, n.zone, n.country, coalesce(e.value, 0) as epoch
from nodes.node as n
left join platform.epoch as e on e.name = 'carriers'
where n.code = :warehouse and n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: list_node_cards
select c.service, c.version, c.document, c.sha256
from carriers.card_version as c
join carriers.node_service as s on s.service = c.service and s.offered
join nodes.node as n on n.node_id = s.node_id
where n.code = :warehouse and c.withdrawn_at is null
order by c.service, c.valid_from;

-- name: list_named_cards
select c.service, c.version, c.document, c.sha256
from carriers.card_version as c
join unnest(:services::text[], :versions::text[]) as wanted (service, version)
    on wanted.service = c.service and wanted.version = c.version
order by c.service, c.valid_from;

-- name: list_rules_in_force
select distinct on (r.kind) r.kind, r.number, r.document, r.sha256
from carriers.rule_version as r
order by r.kind, r.number desc;

-- name: list_named_rules
select r.kind, r.number, r.document, r.sha256
from carriers.rule_version as r
join unnest(:kinds::text[], :numbers::int[]) as wanted (kind, number)
    on wanted.kind = r.kind and wanted.number = r.number
order by r.kind;

-- name: find_quote
select q.quote_id as id, q.status, q.subject_kind, q.subject_id, q.fingerprint, q.parts,
    q.customer_id, q.warehouse, q.request, q.versions, q.answer, q.asked_at, q.expires_at,
    q.accepted_service
from carriers.quote as q
where q.quote_id = :quote_id
    and (:customer_id::uuid is null or q.customer_id = :customer_id)
    and (:warehouses::text[] is null or q.warehouse = any(:warehouses));
