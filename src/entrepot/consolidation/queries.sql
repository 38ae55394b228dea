-- Named reads of the consolidation room. scope_customer_id narrows to a shopper's own, warehouses
-- to those of staff and keys (null: every one). Row security stands behind for shoppers.

-- name: get_head
select c.consolidation_id as id, c.number, c.customer_id, n.code as warehouse, n.zone, c.status,
    c.country, c.state, c.postcode, c.prediction_id, c.chosen_prediction_id, c.chosen_service,
    c.chosen_at, c.created_at, u.name as customer_name, u.suite_code,
    u.member_tier
from consolidation.consolidation as c
join nodes.node as n on n.node_id = c.node_id
join parties.customer as u on u.customer_id = c.customer_id
where c.consolidation_id = :consolidation_id
    and (:scope_customer_id::uuid is null or c.customer_id = :scope_customer_id)
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: list_heads
select c.consolidation_id as id, c.number, c.customer_id, n.code as warehouse, c.status,
    c.chosen_service, c.created_at, u.name as customer_name, u.suite_code,
    (select count(*) from consolidation.claim as k
        where k.consolidation_id = c.consolidation_id) as parcels
from consolidation.consolidation as c
join nodes.node as n on n.node_id = c.node_id
join parties.customer as u on u.customer_id = c.customer_id
where (:scope_customer_id::uuid is null or c.customer_id = :scope_customer_id)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:of_customer::uuid is null or c.customer_id = :of_customer)
    and (:warehouse::text is null or n.code = :warehouse)
    and (:statuses::text[] is null or c.status = any(:statuses))
    and (:after::uuid is null or c.consolidation_id < :after)
order by c.consolidation_id desc
limit :most;

-- Everything that may still go of a customer, and whatever the draft has claimed. Of very many,
-- first what was claimed, then what was named, then what lies in the warehouse and is free.
-- name: list_candidates
select jsonb_build_object(
    'id', p.parcel_id, 'tracking_number', p.tracking_number, 'piece', p.piece,
    'pieces', p.pieces, 'warehouse', n.code, 'status', p.status, 'held', p.held,
    'arrived', (
        select count(*) from parcels.parcel as s
        where s.tracking_number = p.tracking_number and s.occurrence = p.occurrence
            and s.customer_id = p.customer_id and s.status not in ('expected', 'merged')
    ),
    'weight_g', p.weight_g, 'length_mm', p.length_mm, 'width_mm', p.width_mm,
    'height_mm', p.height_mm, 'tags', p.tags,
    'items', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'category', i.category, 'quantity', i.quantity,
            'unit_price_minor', i.unit_price_minor, 'currency', i.currency,
            'hs6', left(regexp_replace(g.hs_example, '[^0-9]', '', 'g'), 6)
        ) order by i.line), '[]')
        from parcels.item as i
        left join parcels.category as g on g.code = i.category
        where i.parcel_id = p.parcel_id
    ),
    'put_away', coalesce(
        (select min(e.at) from parcels.parcel_event as e
            where e.parcel_id = p.parcel_id and e.verb = 'stored'),
        p.received_at
    ),
    'claimed_by', d.consolidation_id, 'asked', coalesce(k.asked, false),
    'draft', case when dn.code is not null then jsonb_build_object(
        'id', d.consolidation_id, 'code', 'C' || lpad(d.number::text, 6, '0')
    ) end
) as body
from parcels.parcel as p
left join nodes.node as n on n.node_id = p.node_id
left join consolidation.claim as k on k.parcel_id = p.parcel_id
left join consolidation.consolidation as d on d.consolidation_id = k.consolidation_id
    and d.customer_id = p.customer_id
left join nodes.node as dn on dn.node_id = d.node_id
    and (:warehouses::text[] is null or dn.code = any(:warehouses))
where p.customer_id = :customer_id
    and (:scope_customer_id::uuid is null or p.customer_id = :scope_customer_id)
    and (
        k.consolidation_id = :consolidation_id
        or (
            (
                p.status in (
                    'expected', 'received', 'inspected', 'stored', 'consolidating', 'packed',
                    'exception', 'abandoned'
                ) or p.parcel_id = any(:named::uuid[])
            ) and (
                :warehouses::text[] is null or p.node_id is null or n.code = any(:warehouses)
            )
        )
    )
order by coalesce(k.consolidation_id = :consolidation_id, false) desc,
    p.parcel_id = any(:named::uuid[]) desc, coalesce(n.code = :warehouse, false) desc,
    k.parcel_id is not null, p.received_at nulls last, p.parcel_id
limit :most;

-- name: list_claimed
select k.parcel_id, k.asked
from consolidation.claim as k
where k.consolidation_id = :consolidation_id
order by k.parcel_id;

-- name: get_prediction
select p.prediction_id as id, p.quote_id, p.fingerprint, p.predicted_at, p.low_g, p.high_g,
    p.packing, p.apart, p.missing
from consolidation.prediction as p
where p.prediction_id = :prediction_id and p.consolidation_id = :consolidation_id;

-- name: list_predicted_lines
select l.service, l.low_minor, l.high_minor, l.currency
from consolidation.predicted_line as l
where l.prediction_id = :prediction_id
order by l.service;

-- name: find_last_destination
select c.country, c.state, c.postcode
from consolidation.consolidation as c
join nodes.node as n on n.node_id = c.node_id
where c.customer_id = :customer_id and c.country is not null
    and (:scope_customer_id::uuid is null or c.customer_id = :scope_customer_id)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by c.consolidation_id desc
limit 1;

-- name: get_setting
select s.rules from consolidation.setting as s;

-- name: list_cartons
select c.code, c.inner_mm, c.outer_mm, c.tare_g, c.max_g, c.cost_minor
from consolidation.carton as c
order by c.code;

-- name: list_outcomes
select o.consolidation_id, o.outer_mm, o.gross_g, o.total_minor, o.packed_at, p.low_g, p.high_g,
    p.packing, l.low_minor, l.high_minor
from consolidation.outcome as o
join consolidation.consolidation as c on c.consolidation_id = o.consolidation_id
join nodes.node as n on n.node_id = c.node_id
join consolidation.prediction as p on p.prediction_id = o.prediction_id
join consolidation.predicted_line as l
    on l.prediction_id = p.prediction_id and l.service = c.chosen_service
where (:warehouses::text[] is null or n.code = any(:warehouses))
order by o.packed_at desc, o.consolidation_id
limit :most;

-- name: find_storage
select r.document
from carriers.rule_version as r
where r.kind = 'storage'
order by r.number desc
limit 1;
