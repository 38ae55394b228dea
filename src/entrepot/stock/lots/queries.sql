-- Lots and serials, both ways. warehouses is the caller's scope: null means every one.

-- The cursor is (SKU, lot).
-- name: list_lots
select s.code as sku, l.lot, l.expires_on, l.expired_at is not null as expired,
    coalesce(b.good, 0)::bigint as good, coalesce(b.kept_back, 0)::bigint as kept_back,
    stock.recall_of_v1(l.sku_id, l.lot) as recall_id
from stock.lot as l
join catalog.sku as s on s.sku_id = l.sku_id
left join lateral (
    select sum(x.on_hand) filter (where x.status in ('good', 'promo')) as good,
        sum(x.on_hand) filter (where x.status not in ('good', 'promo')) as kept_back
    from stock.balance as x
    join nodes.node as n on n.node_id = x.node_id
    where x.sku_id = l.sku_id and x.lot = l.lot and l.lot <> ''
        and (:warehouses::text[] is null or n.code = any(:warehouses))
) as b on true
where (:sku::text is null or s.code = :sku)
    and (:lot::text is null or l.lot = :lot)
    and (:expires_until::date is null or l.expires_on <= :expires_until)
    and (not :lying or b.good > 0 or b.kept_back > 0)
    and (:warehouses::text[] is null or exists (
        select from stock.balance as x
        join nodes.node as n on n.node_id = x.node_id
        where x.sku_id = l.sku_id and x.lot = l.lot and n.code = any(:warehouses)
    ))
    and (s.code, l.lot) > (:after_sku::text, :after_lot::text)
order by s.code, l.lot
limit :most;

-- name: find_lot
select s.sku_id, l.lot, l.expires_on, l.expired_at is not null as expired,
    stock.recall_of_v1(l.sku_id, l.lot) as recall_id
from catalog.sku as s
join stock.lot as l on l.sku_id = s.sku_id
where s.code = :sku and l.lot = :lot;

-- name: find_serial
select s.sku_id, coalesce(r.lot, '') as lot, l.expires_on,
    coalesce(l.expired_at is not null, false) as expired,
    stock.recall_of_v1(r.sku_id, r.lot) as recall_id
from catalog.sku as s
join stock.serial as r on r.sku_id = s.sku_id
left join stock.lot as l on l.sku_id = r.sku_id and l.lot = r.lot
where s.code = :sku and r.serial = :serial;

-- Which SKUs have a serial or a lot of this name that ever lay in the caller's warehouses.
-- name: list_skus_of_name
select s.code as sku, true as is_serial
from stock.serial as r
join catalog.sku as s on s.sku_id = r.sku_id
where r.serial = :name and (:warehouses::text[] is null or exists (
    select from stock.movement as m
    join stock.place as p on p.place_id in (m.from_place, m.to_place)
    join nodes.node as n on n.node_id = p.node_id
    where m.sku_id = r.sku_id and m.serial = r.serial and n.code = any(:warehouses)
))
union
select s.code, false
from stock.lot as l
join catalog.sku as s on s.sku_id = l.sku_id
where l.lot = :name and (:warehouses::text[] is null or exists (
    select from stock.balance as x
    join nodes.node as n on n.node_id = x.node_id
    where x.sku_id = l.sku_id and x.lot = l.lot and n.code = any(:warehouses)
))
order by sku
limit 50;

-- What came of a lot into our bins, oldest first.
-- name: list_came_of_lot
select m.movement_id as id, m.at, true as came, f.kind as place, n.code as node,
    m.quantity as qty, m.lot, m.serial, m.reason, m.reference, m.document_id, m.reverses
from stock.movement as m
join stock.place as f on f.place_id = m.from_place and f.kind not in ('bin', 'transit')
join stock.place as t on t.place_id = m.to_place and t.kind = 'bin'
join nodes.node as n on n.node_id = t.node_id
where m.sku_id = :sku_id and m.lot = :lot and m.lot <> ''
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by m.movement_id
limit :most;

-- What left our bins of a lot, newest first.
-- name: list_left_of_lot
select m.movement_id as id, m.at, false as came, t.kind as place, n.code as node,
    m.quantity as qty, m.lot, m.serial, m.reason, m.reference, m.document_id, m.reverses
from stock.movement as m
join stock.place as f on f.place_id = m.from_place and f.kind = 'bin'
join stock.place as t on t.place_id = m.to_place and t.kind not in ('bin', 'transit')
join nodes.node as n on n.node_id = f.node_id
where m.sku_id = :sku_id and m.lot = :lot and m.lot <> ''
    and m.movement_id < :before::uuid
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by m.movement_id desc
limit :most;

-- name: list_came_of_serial
select m.movement_id as id, m.at, true as came, f.kind as place, n.code as node,
    m.quantity as qty, m.lot, m.serial, m.reason, m.reference, m.document_id, m.reverses
from stock.movement as m
join stock.place as f on f.place_id = m.from_place and f.kind not in ('bin', 'transit')
join stock.place as t on t.place_id = m.to_place and t.kind = 'bin'
join nodes.node as n on n.node_id = t.node_id
where m.sku_id = :sku_id and m.serial = :serial
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by m.movement_id
limit :most;

-- name: list_left_of_serial
select m.movement_id as id, m.at, false as came, t.kind as place, n.code as node,
    m.quantity as qty, m.lot, m.serial, m.reason, m.reference, m.document_id, m.reverses
from stock.movement as m
join stock.place as f on f.place_id = m.from_place and f.kind = 'bin'
join stock.place as t on t.place_id = m.to_place and t.kind not in ('bin', 'transit')
join nodes.node as n on n.node_id = f.node_id
where m.sku_id = :sku_id and m.serial = :serial and m.movement_id < :before::uuid
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by m.movement_id desc
limit :most;

-- name: list_lies
select s.code as sku, n.code as node, coalesce(n.code || '/' || x.code, p.code) as place, b.lot,
    l.expires_on, b.owner, b.status, b.on_hand
from stock.balance as b
join catalog.sku as s on s.sku_id = b.sku_id
join stock.place as p on p.place_id = b.place_id
left join nodes.node as n on n.node_id = b.node_id
left join nodes.bin as x on x.bin_id = b.place_id
left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
where b.sku_id = :sku_id and b.lot = :lot and b.lot <> '' and b.on_hand > 0
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by n.code, x.code, b.owner, b.status
limit :most;

-- name: list_lies_of_serial
select s.code as sku, n.code as node, coalesce(n.code || '/' || x.code, p.code) as place, r.lot,
    l.expires_on, r.owner, r.status, 1::bigint as on_hand
from stock.serial as r
join catalog.sku as s on s.sku_id = r.sku_id
join stock.place as p on p.place_id = r.place_id and p.kind in ('bin', 'transit')
left join nodes.node as n on n.node_id = p.node_id
left join nodes.bin as x on x.bin_id = r.place_id
left join stock.lot as l on l.sku_id = r.sku_id and l.lot = r.lot
where r.sku_id = :sku_id and r.serial = :serial
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- What moved across the edge of our bins with a reference, newest first, and by which receipts
-- its goods had come.
-- name: list_of_reference
select jsonb_build_object(
    'id', y.movement_id, 'at', y.at, 'came', y.came, 'place', y.place, 'node', y.node,
    'sku', y.sku, 'qty', y.quantity, 'lot', y.lot, 'serial', y.serial, 'sources', coalesce((
        select jsonb_agg(jsonb_build_object(
            'place', z.kind, 'reference', z.reference, 'supplier', z.supplier, 'at', z.at
        ) order by z.movement_id)
        from (
            select v.movement_id, v.at, v.reference, o.kind, coalesce((
                select a.supplier from stock.asn as a
                where a.reference = v.reference and a.state <> 'cancelled'
            ), '') as supplier
            from stock.movement as v
            join stock.place as o on o.place_id = v.from_place
                and o.kind in ('supplier', 'partner', 'adjustment')
            join stock.place as i on i.place_id = v.to_place and i.kind = 'bin'
            join nodes.node as h on h.node_id = i.node_id
            where v.sku_id = y.sku_id and (
                y.serial is not null and v.serial = y.serial
                or y.serial is null and y.lot <> '' and v.lot = y.lot and v.lot <> ''
            ) and (:warehouses::text[] is null or h.code = any(:warehouses))
            order by v.movement_id
            limit 20
        ) as z
    ), '[]')
) as body
from (
    select m.movement_id, m.at, m.sku_id, m.quantity, m.lot, m.serial, s.code as sku,
        t.kind = 'bin' as came, n.code as node,
        case when t.kind = 'bin' then f.kind else t.kind end as place
    from stock.movement as m
    join stock.place as f on f.place_id = m.from_place
    join stock.place as t on t.place_id = m.to_place
    join nodes.node as n
        on n.node_id = case when t.kind = 'bin' then t.node_id else f.node_id end
    join catalog.sku as s on s.sku_id = m.sku_id
    where m.reference = :reference and m.reference <> '' and m.movement_id < :before::uuid
        and (f.kind = 'bin') <> (t.kind = 'bin')
        and (:warehouses::text[] is null or n.code = any(:warehouses))
    order by m.movement_id desc
    limit :most
) as y
order by y.movement_id desc;
