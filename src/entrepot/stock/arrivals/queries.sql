-- Named reads of goods that come in. warehouses is the caller's scope: null means every one.

-- name: find_dock
select n.node_id, n.code, n.zone, coalesce(r.over_permille, 0) as over_permille,
    coalesce(r.over_units, 0) as over_units, coalesce(r.blind, false) as blind
from nodes.node as n
left join stock.receiving_rule as r on r.node_id = n.node_id
where n.code = :node and n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: list_asns
select a.asn_id as id, a.reference, n.code as node, a.supplier, a.owner, a.state, a.expected_at,
    t.lines, t.received, t.missing, t.expected, t.open, t.over, a.created_at, a.closed_at,
    a.close_reason, coalesce(a.blind, r.blind, false) as blind,
    coalesce(a.over_permille, r.over_permille, 0) as over_permille,
    coalesce(a.over_units, r.over_units, 0) as over_units
from stock.asn as a
join nodes.node as n on n.node_id = a.node_id
left join stock.receiving_rule as r on r.node_id = a.node_id
cross join lateral (
    select count(*)::integer as lines, coalesce(sum(l.received), 0)::bigint as received,
        coalesce(sum(l.missing), 0)::bigint as missing,
        coalesce(sum(l.expected), 0)::bigint as expected,
        coalesce(sum(l.awaited), 0)::bigint as open,
        coalesce(sum(greatest(0, l.received - l.expected)), 0)::bigint as over
    from stock.asn_line as l where l.asn_id = a.asn_id
) as t
where (:id::uuid is null or a.asn_id = :id)
    and (:node::text is null or n.code = :node)
    and (:state::text is null or a.state = :state)
    and (not :live or a.state in ('announced', 'receiving'))
    and (:reference::text is null or a.reference = :reference)
    and (:after::uuid is null or a.asn_id < :after)
    and (
        :code::text = '' or a.reference = :code or exists (
            select from stock.asn_line as l
            join catalog.sku as s on s.sku_id = l.sku_id and s.code = any(:skus::text[])
            where l.asn_id = a.asn_id
                and (l.received > 0 or :sees::boolean or not coalesce(a.blind, r.blind, false))
        )
    )
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by a.asn_id desc
limit :most;

-- name: list_asn_lines
select jsonb_build_object(
    'line', l.line, 'sku', s.code, 'names', s.names, 'base_unit', s.base_unit, 'lot', l.lot,
    'expires_on', l.expires_on, 'lot_tracked', s.lot_tracked, 'serial_tracked', s.serial_tracked,
    'expiry_tracked', s.expiry_tracked, 'received', l.received, 'missing', l.missing,
    'unit', l.unit, 'unit_qty', l.unit_qty, 'expected', l.expected, 'open', l.awaited,
    'over', greatest(0, l.received - l.expected)
) as body
from stock.asn_line as l
join catalog.sku as s on s.sku_id = l.sku_id
where l.asn_id = :asn_id
order by l.line;

-- name: list_asn_receipts
select m.movement_id, m.at, m.actor, s.code as sku, m.quantity as qty, m.lot, m.serial,
    m.to_status as status, p.code as bin,
    exists(select from stock.movement as b where b.reverses = m.movement_id) as reversed
from (
    select distinct r.movement_id from stock.asn_receipt as r where r.asn_id = :asn_id
    order by r.movement_id desc
    limit :most
) as x
join stock.movement as m on m.movement_id = x.movement_id
join catalog.sku as s on s.sku_id = m.sku_id
join stock.place as p on p.place_id = m.to_place
order by m.movement_id desc;

-- Promised ahead of the SKUs of an ASN at its node, and covered by nothing any more.
-- name: get_uncovered
select coalesce(sum(greatest(
    0, g.backordered - g.backorder_extra - case when g.sells_inbound then g.inbound else 0 end
)), 0)::bigint
from stock.sku_node as g
where (g.sku_id, g.node_id) in (
    select l.sku_id, a.node_id from stock.asn_line as l
    join stock.asn as a on a.asn_id = l.asn_id
    where l.asn_id = :asn_id
);
