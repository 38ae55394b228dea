-- Named reads of cards, rules and what nodes offer.

-- name: list_live_cards
select c.service, c.version, c.document, c.sha256
from carriers.card_version as c
where c.withdrawn_at is null and (:service::text is null or c.service = :service)
order by c.service, c.valid_from;

-- name: list_rules_in_force
select distinct on (r.kind) r.kind, r.number, r.document, r.sha256
from carriers.rule_version as r
order by r.kind, r.number desc;

-- name: list_taken
select c.service, c.version, c.sha256 from carriers.card_version as c;

-- name: list_versions
select c.service, c.version, c.valid_from, c.valid_to, c.document, c.sha256, i.imported_at,
    i.imported_by, c.withdrawn_at
from carriers.card_version as c
join carriers.import as i on i.import_id = c.import_id
where :service::text is null or c.service = :service
order by c.service, c.valid_from, c.version;

-- name: list_rule_versions
select r.kind, r.number, r.sha256, i.imported_at, i.imported_by
from carriers.rule_version as r
join carriers.import as i on i.import_id = r.import_id
order by r.kind, r.number;

-- name: list_offered
select n.code as warehouse, s.service, s.offered, s.pick_up
from carriers.node_service as s
join nodes.node as n on n.node_id = s.node_id
where n.closed_at is null and (:warehouse::text is null or n.code = :warehouse)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by n.code, s.service;

-- name: list_services
select distinct c.service from carriers.card_version as c
where c.withdrawn_at is null
order by c.service;

-- name: get_zone
select s.zone from platform.tenant_setting as s;

-- name: list_tiers
select tier.value ->> 'tier' as tier
from (
    select r.document from carriers.rule_version as r
    where r.kind = 'member_tiers'
    order by r.number desc
    limit 1
) as newest
cross join lateral jsonb_array_elements(newest.document::jsonb) as tier (value)
order by tier.value ->> 'tier';
