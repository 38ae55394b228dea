-- Recalls: opening, closing, who received what. warehouses is the caller's scope: null means all.

-- name: open_recall
select stock.open_recall_v1(
    :now, :actor, :id, :document_id, :cause, :reference, :sku_ids, :lots, :expires_from,
    :expires_until
);

-- name: take_recall
select r.recall_id as id, r.state, r.opened_by
from stock.recall as r
where r.recall_id = :id
for update of r;

-- What would end with the recall, node by node.
-- name: list_taken
select t.node_id, n.code as node, n.quantities_master as master,
    sum(t.units)::bigint as units,
    case when bool_and(v.value_minor is not null)
        then sum(t.units * v.value_minor)::bigint
    end as value_minor
from stock.recall_takes_v1(:id) as t
join nodes.node as n on n.node_id = t.node_id
left join stock.unit_value as v on v.sku_id = t.sku_id
group by t.node_id, n.code, n.quantities_master
order by n.code;

-- name: close_recall
select stock.close_recall_v1(:now, :actor, :id, :document_id, :state);

-- name: has_same_eyes
select access.same_eyes_v1(:actor, array[:other::text]);

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, 'recall', :id, :sequence, :now, :actor, :body
);

-- name: list_recalls
select r.recall_id as id, r.reference, r.cause, r.state, r.units, r.opened_at, r.opened_by,
    r.closed_at, r.closed_by
from stock.recall as r
where (:state::text is null or r.state = :state)
    and (:before::uuid is null or r.recall_id < :before)
order by r.recall_id desc
limit :most;

-- name: find_recall
select r.recall_id as id, r.reference, r.cause, r.state, r.units, r.opened_at, r.opened_by,
    r.closed_at, r.closed_by
from stock.recall as r
where r.recall_id = :id;

-- name: list_recall_lines
select s.code as sku, l.lot, l.expires_from, l.expires_until
from stock.recall_lot as l
join catalog.sku as s on s.sku_id = l.sku_id
where l.recall_id = :id
order by l.line;

-- name: list_lying
select s.code as sku, b.lot, n.code as node, x.code as bin, b.owner, b.status, b.on_hand
from (
    select distinct r.sku_id, l.lot
    from stock.recall_lot as r
    join stock.lot as l on l.sku_id = r.sku_id and (
        l.lot = r.lot or (
            r.lot is null and l.expires_on <@ daterange(r.expires_from, r.expires_until, '[]')
        )
    )
    where r.recall_id = :id
) as c
join stock.balance as b on b.sku_id = c.sku_id and b.lot = c.lot and b.on_hand > 0
join catalog.sku as s on s.sku_id = b.sku_id
join nodes.node as n on n.node_id = b.node_id
join nodes.bin as x on x.bin_id = b.place_id
where :warehouses::text[] is null or n.code = any(:warehouses)
order by s.code, b.lot, n.code, x.code, b.owner, b.status
limit :most;

-- Whom goods of the recall's lots went to and from which node, and what came back to that node.
-- name: list_recipients
select m.reference, s.code as sku, m.lot, n.code as node, o.kind as place,
    sum(case when o.place_id = m.to_place then m.quantity else 0 end)::bigint as sent,
    sum(case when o.place_id = m.from_place then m.quantity else 0 end)::bigint as returned,
    min(m.at) as first_at, max(m.at) as last_at
from (
    select distinct r.sku_id, l.lot
    from stock.recall_lot as r
    join stock.lot as l on l.sku_id = r.sku_id and (
        l.lot = r.lot or (
            r.lot is null and l.expires_on <@ daterange(r.expires_from, r.expires_until, '[]')
        )
    )
    where r.recall_id = :id
) as c
join stock.movement as m on m.sku_id = c.sku_id and m.lot = c.lot and m.lot <> ''
join stock.place as o
    on o.place_id in (m.from_place, m.to_place) and o.kind in ('customer', 'partner')
join stock.place as p on p.place_id in (m.from_place, m.to_place) and p.kind = 'bin'
join catalog.sku as s on s.sku_id = m.sku_id
join nodes.node as n on n.node_id = p.node_id
where :warehouses::text[] is null or n.code = any(:warehouses)
group by m.reference, s.code, m.lot, n.code, o.kind
order by m.reference, s.code, m.lot, n.code, o.kind
limit :most offset :after;
