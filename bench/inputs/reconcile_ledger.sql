-- A ledger for the reconcile bench, as documents would have left it. $1: how many (SKU, node)
-- pairs; each has fifty movements, every tenth a receipt of 100, the others sales of 1 to 9.
-- Pair p (from 0) is SKU p / 5 in node p % 5 + 1. Round r of all pairs comes before round r + 1,
-- documents have fifty lines. Nothing is left to chance.

-- name: movements
insert into stock.movement (
    movement_id, document_id, sku_id, quantity, from_place, from_status, to_place, to_status, lot,
    owner, reason, reference, at, actor
)
select
    ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('00000000-0000-7000-a000-' || lpad(to_hex(n / 50), 12, '0'))::uuid,
    pair.sku_id, case when r % 10 = 0 then 100 else 1 + (r * 7 + p * 13) % 9 end,
    case when r % 10 = 0 then '00000000-0000-7000-8000-000000000001' else pair.place_id end,
    'good',
    case when r % 10 = 0 then pair.place_id else '00000000-0000-7000-8000-000000000002' end,
    'good', '', '', case when r % 10 = 0 then 'receipt' else 'sale' end, '',
    timestamptz '2026-01-01 00:00+00' + make_interval(mins => r), 'bench'
from generate_series(0, 49) as r
cross join lateral (
    select x.sku_id, x.place_id, x.p from bench.pair as x
) as pair
cross join lateral (select r * $1::bigint + pair.p as n) as numbered
order by n;

-- name: documents
insert into stock.document (document_id, reference, lines, sequence, at, actor)
select m.document_id, '', count(*), 1, min(m.at), 'bench'
from stock.movement as m group by m.document_id order by m.document_id;

-- name: events
insert into platform.outbox (
    event_id, name, version, aggregate, aggregate_id, sequence, at, actor, body
)
select d.document_id, 'stock.moved', 1, 'stock_document', d.document_id, 1, d.at, 'bench', '{}'
from stock.document as d;

-- name: feed
insert into platform.feed (feed_position, event_id)
select row_number() over (order by o.event_id), o.event_id from platform.outbox as o
where o.aggregate = 'stock_document';

-- name: balances
insert into stock.balance (place_id, sku_id, lot, owner, status, on_hand, node_id, first_at)
select b.place_id, b.sku_id, '', '', 'good', b.held, p.node_id, '2026-01-01 00:00+00'
from (
    select m.sku_id, case when m.reason = 'receipt' then m.to_place else m.from_place end as place_id,
        sum(case when m.reason = 'receipt' then m.quantity else -m.quantity end) as held
    from stock.movement as m group by 1, 2
) as b
join stock.place as p on p.place_id = b.place_id;

-- name: guards
insert into stock.sku_node (sku_id, node_id, on_hand)
select b.sku_id, b.node_id, b.on_hand from stock.balance as b;

-- name: copies
insert into stock.channel_available (channel_id, sku_id, pooled)
select c.channel_id, g.sku_id, sum(g.on_hand)
from stock.sku_node as g cross join nodes.channel as c
group by c.channel_id, g.sku_id;
