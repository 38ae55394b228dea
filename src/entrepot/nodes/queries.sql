-- Named reads of the nodes room. warehouses is the caller's scope: null means every one.

-- name: list_nodes
select jsonb_build_object(
    'id', n.node_id, 'code', n.code, 'kind', n.kind, 'zone', n.zone, 'names', n.names,
    'country', n.country, 'address', n.address, 'lat', n.lat, 'lon', n.lon,
    'receiving_address', n.receiving_address, 'receiving_phone', n.receiving_phone,
    'receiving_bin', r.code, 'steps_off', n.steps_off,
    'bins', (
        select count(*) from nodes.bin as b where b.node_id = n.node_id and b.closed_at is null
    )
) as body
from nodes.node as n
join nodes.bin as r on r.node_id = n.node_id and r.receiving
where n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:code::text is null or n.code = :code)
order by n.code;

-- name: find_place
select n.node_id, n.code, n.steps_off
from nodes.node as n
where n.code = :code and n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: list_receiving_addresses
select jsonb_build_object(
    'warehouse', n.code, 'zone', n.zone, 'names', n.names, 'lines', n.receiving_address,
    'phone', n.receiving_phone
) as body
from nodes.node as n
where n.closed_at is null and n.receiving_address <> '{}'
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by n.code;

-- name: find_bin
select b.bin_id as id, n.code as warehouse, b.code, b.bin_class, b.receiving, b.max_g,
    b.max_parcels
from nodes.bin as b
join nodes.node as n on n.node_id = b.node_id
where b.code = :code and n.code = :warehouse and b.closed_at is null and n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: list_bins
select b.bin_id as id, n.code as warehouse, b.code, b.bin_class, b.receiving, b.max_g,
    b.max_parcels
from nodes.bin as b
join nodes.node as n on n.node_id = b.node_id
where n.code = :warehouse and b.closed_at is null and b.code > :after
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by b.code
limit :most;

-- name: is_bin_code
select exists(
    select 1 from nodes.bin as b
    join nodes.node as n on n.node_id = b.node_id
    where b.code = :code and b.closed_at is null and n.closed_at is null
        and (:warehouses::text[] is null or n.code = any(:warehouses))
);
