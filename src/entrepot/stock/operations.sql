-- Named writes of the stock room. warehouses is the caller's scope: null means every one.

-- name: post_lines
select outcome, line
from stock.post_lines_v1(
    :now, :actor, :document_id, :reference, :warehouses, :ids, :skus, :qtys, :reasons,
    :from_kinds, :from_nodes, :from_bins, :from_statuses, :to_kinds, :to_nodes, :to_bins,
    :to_statuses, :lots, :expires, :serials, :owners, :refs, :may_short
);

-- name: reverse
select stock.reverse_v1(:now, :actor, :document_id, :id, :movement_id, :warehouses);

-- name: end_reservations
select reservation_id as id from stock.end_and_fill_v1(:now, :actor, :ids, :state);

-- name: fulfil
select stock.fulfil_v1(:now, :actor, :id, :document_id);

-- name: take_reservation
select v.state, v.strength, v.expires_at
from stock.reservation as v
where v.reservation_id = :id and (:warehouses::text[] is null or not exists (
    select from stock.reservation_line as b
    join nodes.node as n on n.node_id = b.node_id
    where b.reservation_id = v.reservation_id and n.code <> all(:warehouses)
))
for update of v;

-- name: change_reservation
update stock.reservation
set strength = :strength, expires_at = :expires_at, sequence = sequence + 1
where reservation_id = :id;

-- name: tell_reservations
select stock.tell_reservations_v1(:now, :actor, :verb, :ids);

-- name: list_lapsed
select v.reservation_id as id
from stock.reservation as v
where v.state = 'pending' and v.expires_at <= :now
order by v.expires_at
limit :most
for update of v skip locked;

-- name: set_levels
select stock.set_levels_v1(
    :skus, :nodes, :safety, :protected, :inbound, :sells_inbound, :extra
);

-- name: tell_levels
select platform.put_event_v1(
    :event_id, 'stock.levels_set', 1, 'stock_levels', :event_id, 1, :now, :actor, :body
);

-- name: set_channel_levels
select stock.set_channel_levels_v1(:channel_id, :skus, :buffers, :quotas);

-- name: set_channel_rule
insert into stock.channel_rule as r (channel_id, uses_protected, buffer, sequence)
values (:channel_id, :uses_protected, 0, 1)
on conflict (channel_id) do update
set uses_protected = excluded.uses_protected, sequence = r.sequence + 1;

-- name: count_pools
select stock.count_pools_v1(:channel_id, :skus::uuid[]);

-- name: fill_backorders
select stock.fill_backorders_v1(:now, :actor, :skus, :nodes);

-- Where somebody waits and something is free.
-- name: fill_waiting
select stock.fill_backorders_v1(:now, :actor, array_agg(x.sku_id), array_agg(x.node_id))
from stock.waiting_v1(:now, :most) as x
having count(*) > 0;

-- name: fill_freed
select stock.fill_freed_v1(:now, :actor, :ids);

-- What came by a document where somebody waits for it.
-- name: fill_arrived
select stock.fill_backorders_v1(:now, :actor, array_agg(x.sku_id), array_agg(x.node_id))
from (
    select distinct m.sku_id, p.node_id
    from stock.movement as m
    join stock.place as p on p.place_id = m.to_place and p.kind = 'bin'
    join stock.sku_node as g on g.sku_id = m.sku_id and g.node_id = p.node_id
        and g.backordered > 0
    where m.document_id = :document_id
) as x
having count(*) > 0;

-- name: list_expiring
select l.sku_id, l.lot
from stock.lot as l
where l.expired_at is null and l.expires_on < stock.today_v1(:now)
order by l.expires_on, l.sku_id, l.lot
limit :most;

-- name: expire_lot
select stock.expire_lot_v1(:now, :actor, :document_id, :sku_id, :lot);

-- name: take_turn
select e.value from platform.epoch as e where e.name = 'nodes' for update;

-- name: lock_pool
select g.sku_id
from stock.sku_node as g
where g.node_id in (
    select cn.node_id from nodes.channel_node as cn
    join nodes.channel as c on c.channel_id = cn.channel_id
    where c.code = :channel
    union
    select n.node_id from nodes.node as n where n.code = any(:nodes::text[])
)
order by g.sku_id, g.node_id
for update of g;
