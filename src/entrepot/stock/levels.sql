-- Named reads of the stock room for people: levels of SKUs, in all, by node and by channel.

-- name: list_levels
select s.code as sku, s.names, sum(g.on_hand)::bigint as on_hand,
    sum(g.reserved)::bigint as reserved, sum(g.blocked)::bigint as blocked,
    sum(g.safety - g.withheld)::bigint as safety, sum(g.protected)::bigint as protected,
    sum(g.inbound)::bigint as inbound, sum(g.backordered)::bigint as backordered,
    sum(greatest(0, g.available - g.safety - g.protected))::bigint as open,
    count(*) filter (where g.on_hand > 0) as nodes
from catalog.sku as s
join stock.sku_node as g on g.sku_id = s.sku_id
join nodes.node as n on n.node_id = g.node_id
where s.code > :after
    and (:search::text is null or s.code ilike :search || '%')
    and (:node::text is null or n.code = :node)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
group by s.sku_id, s.code, s.names
order by s.code
limit :most;

-- name: list_node_levels
select n.code as node, g.on_hand, g.reserved, g.blocked, g.safety - g.withheld as safety,
    g.protected, g.inbound, g.backordered,
    greatest(0, g.available - g.safety - g.protected) as open
from catalog.sku as s
join stock.sku_node as g on g.sku_id = s.sku_id
join nodes.node as n on n.node_id = g.node_id
where s.code = :sku
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by n.code;

-- What a channel may sell is common to all of its nodes: only for who sees every warehouse.
-- name: list_channel_levels
select c.code as channel, a.pooled, a.buffer, a.quota, a.quota_used, a.shown, a.uses_protected
from catalog.sku as s
join stock.channel_available as a on a.sku_id = s.sku_id
join nodes.channel as c on c.channel_id = a.channel_id and c.closed_at is null
where s.code = :sku and :warehouses::text[] is null
order by c.code;

-- name: list_status_levels
select b.status, sum(b.on_hand)::bigint as on_hand
from catalog.sku as s
join stock.balance as b on b.sku_id = s.sku_id
join nodes.node as n on n.node_id = b.node_id
where s.code = :sku and b.on_hand > 0
    and (:warehouses::text[] is null or n.code = any(:warehouses))
group by b.status
order by b.status;

-- How many of a kit each channel may sell; nothing for what is no kit. As above, only for who sees
-- every warehouse.
-- name: list_kit_levels
select c.code as channel, stock.kit_available_v1(c.channel_id, s.sku_id) as shown
from catalog.sku as s
cross join nodes.channel as c
where s.code = :sku and c.closed_at is null and :warehouses::text[] is null
    and exists (select from catalog.kit_part as k where k.kit_sku_id = s.sku_id)
order by c.code;
