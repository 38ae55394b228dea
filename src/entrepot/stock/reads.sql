-- Lists for programs: reservations, and levels as they were set.

-- name: list_reservations
select stock.reservation_answer_v1(
    v.reservation_id, v.reference, c.code, v.state, v.strength, v.expires_at, v.created_at,
    stock.reservation_lines_v1(v.reservation_id)
) as body
from stock.reservation as v
join nodes.channel as c on c.channel_id = v.channel_id
where (:before::uuid is null or v.reservation_id < :before)
    and (:channel::text is null or c.code = :channel)
    and (:state::text is null or v.state = :state)
    and (:warehouses::text[] is null or not exists (
        select from stock.reservation_line as b
        join nodes.node as n on n.node_id = b.node_id
        where b.reservation_id = v.reservation_id and n.code <> all(:warehouses)
    ))
order by v.reservation_id desc
limit :most;

-- Of one reference. Live and ended ones are known by an index each: ended ones by one that nothing
-- pays for while it is live.
-- name: list_of_reference
select stock.reservation_answer_v1(
    v.reservation_id, v.reference, c.code, v.state, v.strength, v.expires_at, v.created_at,
    stock.reservation_lines_v1(v.reservation_id)
) as body
from (
    select x.reservation_id
    from nodes.channel as c
    join stock.reservation as x on x.channel_id = c.channel_id
    where x.reference = :reference and x.state = 'pending'
    union all
    select x.reservation_id
    from stock.reservation as x
    where x.reference = :reference and x.state <> 'pending'
        and (:before::uuid is null or x.reservation_id < :before)
) as u
join stock.reservation as v on v.reservation_id = u.reservation_id
join nodes.channel as c on c.channel_id = v.channel_id
where (:before::uuid is null or v.reservation_id < :before)
    and (:channel::text is null or c.code = :channel)
    and (:state::text is null or v.state = :state)
    and (:warehouses::text[] is null or not exists (
        select from stock.reservation_line as b
        join nodes.node as n on n.node_id = b.node_id
        where b.reservation_id = v.reservation_id and n.code <> all(:warehouses)
    ))
order by v.reservation_id desc
limit :most;

-- safety without what is held back because a source is silent; inbound as it was told by hand,
-- without what ASNs and transfers await.
-- name: list_levels_set
select s.code as sku, n.code as node, g.safety - g.withheld as safety, g.protected,
    g.inbound_told as inbound, g.sells_inbound, g.backorder_extra
from catalog.sku as s
join stock.sku_node as g on g.sku_id = s.sku_id
join nodes.node as n on n.node_id = g.node_id
where s.code >= :sku_at::text and (s.code, n.code) > (:sku_at::text, :node_at::text)
    and (:sku::text is null or s.code = :sku)
    and (:node::text is null or n.code = :node)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by s.code, n.code
limit :most;

-- name: list_channel_levels_set
select s.code as sku, a.buffer, a.quota, a.quota_used, a.pooled, a.shown as available
from stock.channel_available as a
join catalog.sku as s on s.sku_id = a.sku_id
where a.channel_id = :channel_id and s.code > :after and (:sku::text is null or s.code = :sku)
order by s.code
limit :most;
