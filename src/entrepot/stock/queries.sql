-- Named reads of the stock room. warehouses is the caller's scope: null means every one.

-- name: find_channel
select c.channel_id as id from nodes.channel as c where c.code = :code and c.closed_at is null;

-- name: list_available
select s.code as sku, case
    when exists (select from catalog.kit_part as k where k.kit_sku_id = s.sku_id)
        then stock.kit_available_v1(:channel_id, s.sku_id)
    else coalesce(c.shown, 0)
end as available
from unnest(:skus::text[]) with ordinality as u (code, place)
join catalog.sku as s on s.code = u.code and s.closed_at is null
left join stock.channel_available as c on c.channel_id = :channel_id and c.sku_id = s.sku_id
order by u.place;

-- name: list_available_in
select s.code as sku, coalesce((
    select sum(greatest(0, g.available - g.safety - g.protected))
    from stock.sku_node as g
    join nodes.channel_node as cn on cn.node_id = g.node_id and cn.channel_id = :channel_id
    join nodes.node as n on n.node_id = g.node_id and n.code = any(:warehouses::text[])
    where g.sku_id = s.sku_id
), 0)::bigint as available
from unnest(:skus::text[]) with ordinality as u (code, place)
join catalog.sku as s on s.code = u.code and s.closed_at is null
order by u.place;

-- Kits among these SKUs taken apart to the last; sku is null for one that falls apart into more
-- than a request may hold. Where there are no kits at all nothing is looked up.
-- name: list_kit_parts
select k.code as kit, p.code as sku, coalesce(p.qty, 0) as qty
from unnest(:skus::text[]) as u (code)
join catalog.sku as k on k.code = u.code and k.closed_at is null
cross join lateral stock.take_apart_v1(
    array[1], array[k.sku_id], array[k.code], array[1::bigint], array[null::uuid],
    array[null::text]
) as t
left join lateral (
    select x.code, x.qty from unnest(t.codes, t.qtys) as x (code, qty) where t.wide = '{}'
) as p on true
where exists (select from catalog.kit_part)
    and exists (select from catalog.kit_part as c where c.kit_sku_id = k.sku_id)
order by k.code, p.code;

-- How much more there is for a reference without what it holds itself: at nodes of the pool, above
-- their levels, within buffer and quota. In some warehouses: of what lies there.
-- name: list_own
select s.code as sku, (case
    when :warehouses::text[] is not null then h.more
    else greatest(0, least(
        coalesce(c.pooled, 0) + h.more - coalesce(c.buffer, 0),
        c.quota - greatest(0, c.quota_used - h.units)
    )) - coalesce(c.shown, 0)
end)::bigint as available
from (
    select b.sku_id, sum(b.quantity + b.backordered)::bigint as units, coalesce(sum(
        greatest(0, g.available + b.quantity - g.safety - w.protected)
        - greatest(0, g.available - g.safety - w.protected)
    ) filter (where cn.node_id is not null), 0)::bigint as more
    from stock.reservation as v
    join stock.reservation_line as b on b.reservation_id = v.reservation_id
    join stock.sku_node as g on g.sku_id = b.sku_id and g.node_id = b.node_id
    left join nodes.channel_node as cn on cn.channel_id = v.channel_id and cn.node_id = b.node_id
    left join stock.channel_available as r on r.channel_id = v.channel_id and r.sku_id = b.sku_id
    cross join lateral (
        select case
            when r.uses_protected and :warehouses::text[] is null then 0 else g.protected
        end as protected
    ) as w
    where v.channel_id = :channel_id and v.reference = :reference and v.state = 'pending'
        and (:warehouses::text[] is null or exists (
            select from nodes.node as n where n.node_id = b.node_id and n.code = any(:warehouses)
        ))
    group by b.sku_id
) as h
join catalog.sku as s on s.sku_id = h.sku_id and s.code = any(:skus::text[])
left join stock.channel_available as c on c.channel_id = :channel_id and c.sku_id = h.sku_id;

-- name: list_nodes_available
select s.code as sku, n.code as node, g.on_hand, g.reserved, g.blocked, coalesce((
    select sum(b.on_hand) from stock.balance as b
    where b.sku_id = g.sku_id and b.node_id = g.node_id and b.status = 'quarantine'
), 0)::bigint as quarantine, g.safety - g.withheld as safety, g.protected, g.inbound,
    g.backordered, g.available, least(g.withheld, g.available) as withheld
from unnest(:skus::text[]) with ordinality as u (code, place)
join catalog.sku as s on s.code = u.code
join stock.sku_node as g on g.sku_id = s.sku_id
join nodes.channel_node as cn on cn.node_id = g.node_id and cn.channel_id = :channel_id
join nodes.node as n on n.node_id = g.node_id
where :warehouses::text[] is null or n.code = any(:warehouses)
order by u.place, cn.priority;

-- SKUs that the next events speak of, and all kits that hold one of them.
-- name: list_changes
with recursive reached as (
    select s.sku_id, x.feed_position
    from (
        select y.sku, max(y.feed_position) as feed_position
        from (
            select f.feed_position, coalesce(
                t.sku, l.line ->> 'sku', case when o.aggregate = 'sku' then o.body ->> 'sku' end
            ) as sku
            from (
                select g.feed_position, g.event_id from platform.feed as g
                where g.feed_position > :after and g.feed_position <= :until
            ) as f
            join platform.outbox as o on o.event_id = f.event_id
                and o.aggregate in ('reservation', 'stock_document', 'stock_levels', 'sku')
            left join lateral jsonb_array_elements_text(o.body -> 'skus') as t (sku) on true
            left join lateral jsonb_array_elements(o.body -> 'lines') as l (line) on true
        ) as y
        where y.sku is not null
        group by y.sku
    ) as x
    join catalog.sku as s on s.code = x.sku
    union
    select k.kit_sku_id, r.feed_position
    from reached as r
    join catalog.kit_part as k on k.component_sku_id = r.sku_id
)
select z.sku, z.available, z.feed_position
from (
    select s.code as sku, case
        when s.closed_at is not null then 0
        when exists (select from catalog.kit_part as k where k.kit_sku_id = s.sku_id)
            then stock.kit_available_v1(:channel_id, s.sku_id)
        else c.shown
    end as available, r.feed_position
    from (
        select d.sku_id, max(d.feed_position) as feed_position from reached as d group by d.sku_id
    ) as r
    join catalog.sku as s on s.sku_id = r.sku_id
    left join stock.channel_available as c on c.channel_id = :channel_id and c.sku_id = s.sku_id
) as z
where z.available is not null
order by z.feed_position, z.sku;

-- last: of all there are. everything: whether one of these events changed what the channel may sell
-- of any SKU.
-- name: read_on
select max(x.feed_position) as position, (
    select coalesce(max(l.feed_position), 0) from platform.feed as l
) as last, coalesce(bool_or(
    (x.aggregate = 'channel' and x.aggregate_id = :channel_id)
    or (x.aggregate = 'stock_levels' and x.body ? 'everything' and (
        x.body ->> 'channel' = :channel or x.body ->> 'warehouse' in (
            select n.code from nodes.channel_node as cn
            join nodes.node as n on n.node_id = cn.node_id
            where cn.channel_id = :channel_id
        )
    ))
), false) as everything
from (
    select f.feed_position, o.aggregate, o.aggregate_id, o.body
    from platform.feed as f
    left join platform.outbox as o on o.event_id = f.event_id
    where f.feed_position > :after order by f.feed_position limit :most
) as x;

-- name: list_routing
select s.code as sku, n.code as node, g.available as atp,
    g.safety + case when coalesce(c.uses_protected, false) then 0 else g.protected end as safety,
    0 as shadow
from unnest(:skus::text[]) as u (code)
join catalog.sku as s on s.code = u.code and s.closed_at is null
join stock.sku_node as g on g.sku_id = s.sku_id
join nodes.channel_node as cn on cn.node_id = g.node_id and cn.channel_id = :channel_id
join nodes.node as n on n.node_id = g.node_id and n.closed_at is null
left join stock.channel_available as c on c.channel_id = :channel_id and c.sku_id = s.sku_id
where :warehouses::text[] is null or n.code = any(:warehouses)
order by s.code, cn.priority;

-- name: find_reservation
select stock.reservation_answer_v1(
    v.reservation_id, v.reference, c.code, v.state, v.strength, v.expires_at, v.created_at,
    stock.reservation_lines_v1(v.reservation_id)
) as body
from stock.reservation as v
join nodes.channel as c on c.channel_id = v.channel_id
where v.reservation_id = :id and (:warehouses::text[] is null or not exists (
    select from stock.reservation_line as b
    join nodes.node as n on n.node_id = b.node_id
    where b.reservation_id = v.reservation_id and n.code <> all(:warehouses)
));

-- name: list_stock
select s.code as sku, n.code as node, coalesce(n.code || '/' || x.code, p.code) as place, b.lot,
    l.expires_on, b.owner, b.status, b.on_hand
from catalog.sku as s
join stock.balance as b on b.sku_id = s.sku_id
join stock.place as p on p.place_id = b.place_id
left join nodes.node as n on n.node_id = b.node_id
left join nodes.bin as x on x.bin_id = b.place_id
left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
where s.code = any(:skus::text[]) and b.on_hand > 0 and (:node::text is null or n.code = :node)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
    and (s.code, coalesce(n.code || '/' || x.code, p.code), b.lot, b.owner, b.status)
    > (:sku_at::text, :place_at::text, :lot_at::text, :owner_at::text, :status_at::text)
order by s.code, coalesce(n.code || '/' || x.code, p.code), b.lot, b.owner, b.status
limit :most;

-- name: list_all_stock
select s.code as sku, n.code as node, coalesce(n.code || '/' || x.code, p.code) as place, b.lot,
    l.expires_on, b.owner, b.status, b.on_hand
from catalog.sku as s
join stock.balance as b on b.sku_id = s.sku_id
join stock.place as p on p.place_id = b.place_id
left join nodes.node as n on n.node_id = b.node_id
left join nodes.bin as x on x.bin_id = b.place_id
left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
where b.on_hand > 0 and (:warehouses::text[] is null or n.code = any(:warehouses))
    and s.code >= :sku_at::text
    and (s.code, coalesce(n.code || '/' || x.code, p.code), b.lot, b.owner, b.status)
    > (:sku_at::text, :place_at::text, :lot_at::text, :owner_at::text, :status_at::text)
order by s.code, coalesce(n.code || '/' || x.code, p.code), b.lot, b.owner, b.status
limit :most;

-- name: list_stock_of_node
select s.code as sku, n.code as node, n.code || '/' || x.code as place, b.lot, l.expires_on,
    b.owner, b.status, b.on_hand
from nodes.node as n
join stock.sku_node as g on g.node_id = n.node_id
join catalog.sku as s on s.sku_id = g.sku_id
join stock.balance as b on b.sku_id = g.sku_id and b.node_id = g.node_id
join nodes.bin as x on x.bin_id = b.place_id
left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
where n.code = :node and b.on_hand > 0
    and (:warehouses::text[] is null or n.code = any(:warehouses))
    and s.code >= :sku_at::text
    and (s.code, n.code || '/' || x.code, b.lot, b.owner, b.status)
    > (:sku_at::text, :place_at::text, :lot_at::text, :owner_at::text, :status_at::text)
order by s.code, n.code || '/' || x.code, b.lot, b.owner, b.status
limit :most;

-- name: list_movements
select m.movement_id as id, m.document_id, m.at, s.code as sku, m.quantity as qty,
    coalesce(fn.code || '/' || f.code, f.code) as from_, m.from_status,
    coalesce(tn.code || '/' || t.code, t.code) as to_, m.to_status, m.lot, m.serial, m.owner,
    m.reason, m.reference, m.reverses, m.actor
from stock.movement as m
join catalog.sku as s on s.sku_id = m.sku_id
join stock.place as f on f.place_id = m.from_place
join stock.place as t on t.place_id = m.to_place
left join nodes.node as fn on fn.node_id = f.node_id
left join nodes.node as tn on tn.node_id = t.node_id
where (:sku::text is null or s.code = :sku)
    and (:reference::text is null or m.reference = :reference)
    and (:before::uuid is null or m.movement_id < :before)
    and (
        :warehouses::text[] is null or fn.code = any(:warehouses) or tn.code = any(:warehouses)
    )
order by m.movement_id desc
limit :most;

-- name: list_pairs
select s.sku_id, n.node_id
from unnest(:skus::text[], :nodes::text[]) with ordinality as u (sku, node, place)
left join catalog.sku as s on s.code = u.sku and s.closed_at is null
left join nodes.node as n on n.code = u.node and n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by u.place;

-- name: list_skus
select u.code, s.sku_id
from unnest(:skus::text[]) with ordinality as u (code, place)
left join catalog.sku as s on s.code = u.code and s.closed_at is null
order by u.place;

-- Of goods that come into a node: kits, and lines without the date that their SKU is kept by and
-- that nobody told of their lot before. Where there are neither kits nor such SKUs at all nothing
-- is looked up.
-- name: list_not_coming
select u.line, exists(
    select from catalog.kit_part as k where k.kit_sku_id = s.sku_id
) as is_kit
from unnest(:lines::integer[], :skus::text[], :lots::text[], :dated::boolean[])
    as u (line, sku, lot, dated)
join catalog.sku as s on s.code = u.sku
where (
    exists (select from catalog.kit_part) or exists (select from catalog.sku where expiry_tracked)
) and (
    exists (select from catalog.kit_part as k where k.kit_sku_id = s.sku_id)
    or (s.expiry_tracked and not u.dated and not exists (
        select from stock.lot as l
        where l.sku_id = s.sku_id and l.lot = u.lot and l.expires_on is not null
    ))
)
order by u.line
limit 100;

-- How the SKUs of these lines are kept, and the dates of their lots.
-- name: list_kept_by
select u.line, s.lot_tracked, l.expires_on as known
from unnest(:lines::integer[], :skus::text[], :lots::text[]) as u (line, sku, lot)
join catalog.sku as s on s.code = u.sku
left join stock.lot as l on l.sku_id = s.sku_id and l.lot = u.lot
order by u.line;

-- name: today
select stock.today_v1(:now);

-- name: anything_lapsed
select exists (
    select from stock.reservation as v where v.state = 'pending' and v.expires_at <= :now
) or exists (
    select from stock.lot as l where l.expired_at is null and l.expires_on < stock.today_v1(:now)
) or exists (
    select from stock.waiting_v1(:now, 1)
);
