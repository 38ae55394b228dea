-- Named reads of the parcels room. Every one carries its scope: customer_id for shoppers (else
-- null), warehouses for staff and keys (null: every one). Row security stands behind for shoppers.

-- name: get_parcel
select parcels.detail_json_v1(p.parcel_id) as body
from parcels.parcel as p
left join nodes.node as n on n.node_id = p.node_id
where p.parcel_id = :parcel_id
    and (:customer_id::uuid is null or p.customer_id = :customer_id)
    and (:warehouses::text[] is null or p.node_id is null or n.code = any(:warehouses));

-- name: get_summary
select parcels.summary_json_v1(p.parcel_id) as body
from parcels.parcel as p
left join nodes.node as n on n.node_id = p.node_id
where p.parcel_id = :parcel_id
    and (:customer_id::uuid is null or p.customer_id = :customer_id)
    and (:warehouses::text[] is null or p.node_id is null or n.code = any(:warehouses));

-- name: get_summaries
select parcels.summary_json_v1(p.parcel_id) as body
from unnest(:parcel_ids::uuid[]) with ordinality as given (parcel_id, place)
join parcels.parcel as p on p.parcel_id = given.parcel_id
left join nodes.node as n on n.node_id = p.node_id
where (:customer_id::uuid is null or p.customer_id = :customer_id)
    and (:warehouses::text[] is null or p.node_id is null or n.code = any(:warehouses))
order by given.place;

-- name: list_parcels
select parcels.summary_json_v1(p.parcel_id) as body
from parcels.parcel as p
left join nodes.node as n on n.node_id = p.node_id
where (:tracking_number::text is null or p.tracking_number = :tracking_number)
    and (:of_customer::uuid is null or p.customer_id = :of_customer)
    and (:status::text is null or p.status = :status)
    and (:after::uuid is null or p.parcel_id < :after)
    and (:customer_id::uuid is null or p.customer_id = :customer_id)
    and (:warehouses::text[] is null or p.node_id is null or n.code = any(:warehouses))
order by p.parcel_id desc
limit :most;

-- name: list_of_shopper
select parcels.summary_json_v1(p.parcel_id) as body
from parcels.parcel as p
where p.customer_id = :customer_id
    and p.status in (
        'expected', 'received', 'inspected', 'stored', 'consolidating', 'packed', 'exception',
        'abandoned'
    )
order by p.parcel_id desc
limit :most;

-- The node's id comes from a subquery of one row, so that the index gives the order: as a join
-- the whole warehouse was sorted (0.9 s of a million parcels).
-- name: list_recent_scans
select parcels.summary_json_v1(p.parcel_id) as body
from parcels.parcel as p
where p.received_at is not null
    and p.node_id = (
        select n.node_id from nodes.node as n
        where n.code = :warehouse
            and (:warehouses::text[] is null or n.code = any(:warehouses))
    )
order by p.received_at desc
limit :most;

-- name: list_unclaimed
select jsonb_build_object(
    'id', p.parcel_id, 'tracking_number', p.tracking_number, 'piece', p.piece,
    'courier', p.courier, 'warehouse', n.code, 'bin', b.code, 'weight_g', p.weight_g,
    'received_at', p.received_at, 'certainty', p.match_certainty,
    'candidates', (
        select coalesce(jsonb_agg(distinct jsonb_build_object(
            'id', c.customer_id, 'name', c.name, 'suite_code', c.suite_code
        )), '[]')
        from parcels.candidate as d
        join parties.customer as c on c.customer_id = d.customer_id
        where d.parcel_id = p.parcel_id
    ),
    'label', l.label
) as body
from parcels.parcel as p
join nodes.node as n on n.node_id = p.node_id
left join nodes.bin as b on b.bin_id = p.bin_id
left join parcels.label_reading as l on l.parcel_id = p.parcel_id
where p.customer_id is null and p.bin_id is not null
    and (:warehouse::text is null or n.code = :warehouse)
    and (:after::uuid is null or p.parcel_id < :after)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by p.parcel_id desc
limit :most;

-- name: list_unclaimed_masked
select jsonb_build_object(
    'id', u.parcel_id, 'tracking_number', u.masked, 'piece', null, 'courier', u.courier,
    'warehouse', u.warehouse, 'bin', null, 'weight_g', null, 'received_at', u.received_at,
    'certainty', 'none', 'candidates', '[]'::jsonb, 'label', null
) as body
from parcels.unclaimed_masked_v1(:most) as u;

-- name: list_bins_with_code
select n.code as warehouse, b.code, b.bin_class, (
    select count(*) from parcels.parcel as p where p.bin_id = b.bin_id
) as parcels
from nodes.bin as b
join nodes.node as n on n.node_id = b.node_id
where b.code = :code and n.code = :warehouse and b.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: list_unknown_categories
select given.code from unnest(:codes::text[]) as given (code)
where not exists (select from parcels.category as c where c.code = given.code);

-- name: list_categories
select jsonb_build_object('code', c.code, 'names', c.names, 'tags', c.tags) as body
from parcels.category as c order by c.code;

-- name: get_base_currency
select s.base_currency from platform.tenant_setting as s;
