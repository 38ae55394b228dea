-- Named writes of goods that come in. Locks: the ASN, then (sku, node), then (sku, channel).

-- name: insert_asn
insert into stock.asn (
    asn_id, node_id, reference, supplier, owner, state, expected_at, over_permille, over_units,
    blind, close_reason, sequence, created_at, created_by
)
values (
    :asn_id, :node_id, :reference, :supplier, :owner, 'announced', :expected_at, :over_permille,
    :over_units, :blind, '', 1, :now, :actor
)
on conflict (reference) where state <> 'cancelled' do nothing
returning asn_id;

-- name: insert_lines
insert into stock.asn_line (asn_id, line, sku_id, lot, expires_on, unit, unit_qty, expected)
select :asn_id, g.line, g.sku, g.lot, g.expires_on, g.unit, g.unit_qty, g.expected
from unnest(
    :lines::integer[], :skus::uuid[], :lots::text[], :expires::date[], :units::text[],
    :unit_qtys::bigint[], :expected::bigint[]
) as g (line, sku, lot, expires_on, unit, unit_qty, expected);

-- name: expect_asn
select stock.expect_v1(
    array_agg(w.sku_id order by w.sku_id), array_agg(:node_id::uuid),
    array_agg(w.units order by w.sku_id)
)
from stock.awaited_v1(:asn_id) as w
having count(*) > 0;

-- name: tell_asn
select stock.tell_asn_v1(:now, :actor, :asn_id, :verb, :facts);

-- name: take_asn
select a.asn_id, a.state, a.reference, a.supplier, a.owner, n.code as node, n.zone, a.node_id,
    coalesce(a.over_permille, r.over_permille, 0) as over_permille,
    coalesce(a.over_units, r.over_units, 0) as over_units,
    coalesce(a.blind, r.blind, false) as blind
from stock.asn as a
join nodes.node as n on n.node_id = a.node_id
left join stock.receiving_rule as r on r.node_id = a.node_id
where a.asn_id = :asn_id and (:warehouses::text[] is null or n.code = any(:warehouses))
for update of a;

-- name: list_awaited
select l.line, l.sku_id, l.lot, l.expected, l.received
from stock.asn_line as l
where l.asn_id = :asn_id
order by l.line;

-- name: insert_receipts
insert into stock.asn_receipt (movement_id, asn_id, line, quantity)
select g.movement_id, :asn_id, g.line, g.quantity
from unnest(:movements::uuid[], :lines::integer[], :quantities::bigint[])
    as g (movement_id, line, quantity);

-- name: count_at_asn
select stock.count_at_asn_v1(:asn_id, :lines, :units, :closing);

-- name: step_asn
select stock.step_asn_v1(:now, :actor, :asn_id, :state, :reason, :verb, :facts);

-- name: put_rule
insert into stock.receiving_rule as r (node_id, over_permille, over_units, blind, sequence)
values (:node_id, :over_permille, :over_units, :blind, 1)
on conflict (node_id) do update
set over_permille = excluded.over_permille, over_units = excluded.over_units,
    blind = excluded.blind, sequence = r.sequence + 1;
