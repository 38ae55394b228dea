-- Named statements about the services by which nodes deliver.

-- name: list_delivery
select n.code as node, d.currency, d.services
from carriers.node_delivery as d
join nodes.node as n on n.node_id = d.node_id and n.closed_at is null
where (:codes::text[] is null or n.code = any(:codes))
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by n.code;

-- name: put_delivery
insert into carriers.node_delivery as d (
    node_delivery_id, node_id, currency, services, sequence, changed_at
)
values (:node_delivery_id, :node_id, :currency, :services, 1, :now)
on conflict (node_id) do update
set currency = excluded.currency, services = excluded.services, sequence = d.sequence + 1,
    changed_at = excluded.changed_at
where (d.currency, d.services) is distinct from (excluded.currency, excluded.services)
returning d.node_delivery_id as id, d.sequence;

-- name: epochs
select coalesce(sum(e.value), 0)::bigint as changes
from platform.epoch as e where e.name in ('nodes', 'carriers');
