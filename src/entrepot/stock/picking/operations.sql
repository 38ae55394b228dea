-- Named statements of picking. warehouses is the caller's scope: null means every one.

-- name: take_for_picking
select v.state, v.strength, v.reference, v.channel_id, n.node_id, n.code as node
from stock.reservation as v
join nodes.node as n on n.code = :node
    and (:warehouses::text[] is null or n.code = any(:warehouses))
where v.reservation_id = :id and exists (
    select from stock.reservation_line as b
    where b.reservation_id = v.reservation_id and b.node_id = n.node_id
)
for update of v;

-- name: list_held
select s.code as sku, b.sku_id, b.quantity as qty, coalesce((
    select sum(k.quantity) from stock.picked as k
    where k.reservation_id = b.reservation_id and k.sku_id = b.sku_id
        and k.node_id = b.node_id and k.open
), 0)::bigint as picked, b.backordered, s.serial_tracked
from stock.reservation_line as b
join catalog.sku as s on s.sku_id = b.sku_id
where b.reservation_id = :id and b.node_id = :node_id
order by s.code;

-- name: hold_guards
select stock.hold_guards_v1(array[:sku_id::uuid], array[:node_id::uuid]);

-- The guarding rows of a SKU at every node that might take over what is missing at one.
-- name: hold_pool
select g.node_id as id
from stock.sku_node as g
where g.sku_id = :sku_id and (g.node_id = :node_id or g.node_id in (
    select cn.node_id from nodes.channel_node as cn where cn.channel_id = :channel_id
))
order by g.sku_id, g.node_id
for update of g;

-- name: find_pack_bin
select b.bin_id, b.code
from nodes.bin as b
where b.node_id = :node_id and b.closed_at is null and not b.receiving
    and b.bin_class in ('packed', 'outbound', 'staging')
    and (:code::text is null or b.code = :code)
order by array_position(array['packed', 'outbound', 'staging'], b.bin_class), b.code
limit 1;

-- name: find_bin
select b.bin_id, b.code
from nodes.bin as b
where b.node_id = :node_id and b.closed_at is null and b.code = :code;

-- name: choose_in_bin
select c.lot, c.status, c.quantity as qty
from stock.choose_in_bin_v2(
    :now, :sku_id, :bin_id, :lot, :serial, :qty, stock.min_life_of_v1(:id)
) as c;

-- name: is_past
select stock.is_past_v1(:now, l.expires_on, l.expired_at)
from stock.lot as l where l.sku_id = :sku_id and l.lot = :lot;

-- name: put_picked
insert into stock.picked as k (
    reservation_id, sku_id, node_id, place_id, lot, status, serial, from_place, quantity,
    picked_at, picked_by
) values (
    :id, :sku_id, :node_id, :place_id, :lot, :status, :serial, :from_place, :qty, :now, :actor
)
on conflict (reservation_id, sku_id, place_id, lot, status, serial) do update
set quantity = excluded.quantity + case when k.open then k.quantity else 0 end, open = true,
    from_place = excluded.from_place, picked_at = excluded.picked_at,
    picked_by = excluded.picked_by;

-- Whether somebody who was promised more lasting goods than this reservation goes short of them,
-- now that these lots are picked.
-- name: is_starving
select exists(
    select from stock.starved_v1(:now, :sku_id, :node_id, :lots, stock.min_life_of_v1(:id))
);

-- What is fetched of a SKU, the newest first.
-- name: list_picks_of
select k.place_id, b.code as bin, k.lot, k.status, k.serial, k.quantity as qty,
    f.code as came_from
from stock.picked as k
join nodes.bin as b on b.bin_id = k.place_id
join nodes.bin as f on f.bin_id = k.from_place
where k.reservation_id = :id and k.sku_id = :sku_id and k.node_id = :node_id and k.open
    and (:bin::text is null or b.code = :bin) and (:lot::text is null or k.lot = :lot)
    and (:serial::text is null or k.serial = :serial)
order by k.picked_at desc, b.code, k.lot, k.serial;

-- name: take_back
update stock.picked as k
set quantity = k.quantity - :qty, open = k.quantity > :qty
where k.reservation_id = :id and k.sku_id = :sku_id and k.place_id = :place_id and k.lot = :lot
    and k.status = :status and k.serial = :serial and k.open;

-- What may be missing in a bin: goods of the house in order that nobody has picked; of goods
-- with serials each by its own.
-- name: list_missing
select b.lot, b.status, r.serial, case
    when r.serial is not null then 1
    else b.on_hand - stock.picked_at_v1(b.place_id, b.sku_id, b.lot, b.status)
end as qty
from stock.balance as b
join catalog.sku as s on s.sku_id = b.sku_id
left join stock.serial as r on s.serial_tracked and r.sku_id = b.sku_id
    and r.place_id = b.place_id and r.lot = b.lot and r.status = b.status and r.owner = ''
where b.sku_id = :sku_id and b.place_id = :bin_id and b.owner = ''
    and b.status in ('good', 'promo') and (:lot::text is null or b.lot = :lot)
    and b.on_hand > stock.picked_at_v1(b.place_id, b.sku_id, b.lot, b.status)
    and (r.serial is not null or not s.serial_tracked)
    and not exists (
        select from stock.picked as k
        where k.open and k.sku_id = b.sku_id and k.serial = r.serial
    )
order by b.lot, b.status, r.serial;

-- name: reallocate
select stock.reallocate_v1(:now, :actor, :id, :sku_id, :node_id);

-- How far the work is: picked when all of it was fetched at every node.
-- name: step
update stock.reservation as v
set strength = case when x.held = x.picked and x.waiting = 0 then 'picked' else 'allocated' end,
    sequence = v.sequence + 1
from (
    select sum(b.quantity) as held, sum(b.backordered) as waiting, coalesce((
        select sum(k.quantity) from stock.picked as k where k.reservation_id = :id and k.open
    ), 0) as picked
    from stock.reservation_line as b where b.reservation_id = :id
) as x
where v.reservation_id = :id;

-- name: find_reservation
select v.reservation_id as id, v.reference, c.code as channel, n.node_id, n.code as node,
    v.state, v.strength
from stock.reservation as v
join nodes.channel as c on c.channel_id = v.channel_id
join nodes.node as n on n.code = :node
    and (:warehouses::text[] is null or n.code = any(:warehouses))
where v.reservation_id = :id and (exists (
    select from stock.reservation_line as b
    where b.reservation_id = v.reservation_id and b.node_id = n.node_id
) or exists (
    select from stock.taken_over as t
    where t.reservation_id = v.reservation_id and t.from_node = n.node_id
));

-- Where goods went that this node had not.
-- name: list_taken_over
select s.code as sku, t.quantity as qty, n.code as node, t.at
from stock.taken_over as t
join catalog.sku as s on s.sku_id = t.sku_id
join nodes.node as n on n.node_id = t.to_node
where t.reservation_id = :id and t.from_node = :node_id
order by t.at, s.code, n.code;

-- name: list_tasks
select b.code as bin, s.code as sku, p.lot, l.expires_on, sum(p.quantity)::bigint as qty,
    s.serial_tracked as serials
from (
    select array_agg(x.sku_id) as skus, array_agg(:node_id::uuid) as nodes,
        array_agg(x.rest) as rests
    from (
        select y.sku_id, y.quantity - coalesce((
            select sum(k.quantity) from stock.picked as k
            where k.reservation_id = y.reservation_id and k.sku_id = y.sku_id
                and k.node_id = y.node_id and k.open
        ), 0)::bigint as rest
        from stock.reservation_line as y
        where y.reservation_id = :id and y.node_id = :node_id and y.open
    ) as x
    where x.rest > 0
) as w
cross join lateral stock.pick_v3(
    :now, w.skus, w.nodes, w.rests, stock.min_life_of_v1(:id)
) as p
join nodes.bin as b on b.bin_id = p.place_id
join catalog.sku as s on s.sku_id = p.sku_id
left join stock.lot as l on l.sku_id = p.sku_id and l.lot = p.lot
group by b.code, s.code, p.lot, l.expires_on, s.serial_tracked
order by b.code, s.code, l.expires_on nulls last, p.lot;

-- name: list_picked
select b.code as bin, s.code as sku, k.lot, k.serial, k.quantity as qty, f.code as came_from
from stock.picked as k
join nodes.bin as b on b.bin_id = k.place_id
join nodes.bin as f on f.bin_id = k.from_place
join catalog.sku as s on s.sku_id = k.sku_id
where k.reservation_id = :id and k.node_id = :node_id and k.open
order by k.picked_at desc, b.code, s.code, k.lot, k.serial;

-- Firm reservations with something to fetch at a node, the oldest first. One that somebody else
-- has called picked (a warehouse system, over the API) is left to them.
-- name: list_to_pick
select v.reservation_id as id, v.reference, c.code as channel, n.code as node, v.strength,
    v.created_at, x.units, x.picked, x.backordered
from stock.reservation as v
join nodes.channel as c on c.channel_id = v.channel_id
join nodes.node as n on n.code = :node
    and (:warehouses::text[] is null or n.code = any(:warehouses))
cross join lateral (
    select sum(b.quantity)::bigint as units, sum(b.backordered)::bigint as backordered,
        coalesce((
            select sum(k.quantity) from stock.picked as k
            where k.reservation_id = v.reservation_id and k.node_id = n.node_id and k.open
        ), 0)::bigint as picked
    from stock.reservation_line as b
    where b.reservation_id = v.reservation_id and b.node_id = n.node_id
) as x
where v.state = 'pending' and v.strength <> 'soft' and x.units > x.picked
    and (v.strength <> 'picked' or x.picked > 0)
    and (:after::uuid is null or v.reservation_id > :after)
    and (:wanted::uuid[] is null or v.reservation_id = any(:wanted))
order by v.reservation_id
limit :most;

-- Reservations that a scanned code may stand for at a node: their reference, one of the SKUs that
-- they still have to fetch, a bin where such goods lie.
-- name: list_wanting
select v.reservation_id as id
from nodes.channel as c
join stock.reservation as v on v.channel_id = c.channel_id
where v.reference = :code and v.state = 'pending'
union
select y.reservation_id
from stock.reservation_line as y
join nodes.node as n on n.node_id = y.node_id and n.code = :node
where y.open and y.sku_id in (
    select s.sku_id from catalog.sku as s where s.code = any(:skus::text[])
    union all
    select b.sku_id
    from nodes.bin as p
    join stock.balance as b on b.place_id = p.bin_id and b.on_hand > 0
    where p.node_id = n.node_id and p.code = upper(:code)
) and y.quantity > coalesce((
    select sum(k.quantity) from stock.picked as k
    where k.reservation_id = y.reservation_id and k.sku_id = y.sku_id
        and k.node_id = y.node_id and k.open
), 0);
