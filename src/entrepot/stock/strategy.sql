-- Named statements about what stock is for. warehouses is the caller's scope: null means every
-- one. Goods of others (owner) are in no pool of ours.

-- name: list_pools
select s.code as sku, n.code as node, g.on_hand,
    greatest(0, g.available - g.safety - g.protected) as sellable, g.reserved,
    g.safety - g.withheld as safety, g.protected, b.promo, b.expiring, b.quarantine, b.held,
    b.expired, b.others
from unnest(:skus::text[]) with ordinality as u (code, place)
join catalog.sku as s on s.code = u.code
join stock.sku_node as g on g.sku_id = s.sku_id
join nodes.node as n on n.node_id = g.node_id
cross join lateral (
    select
        coalesce(sum(x.on_hand) filter (where x.ours and (
            x.status = 'promo' or (x.status = 'good' and x.promo_from <= :now
                and x.promo_until > :now)
        )), 0)::bigint as promo,
        coalesce(sum(x.on_hand) filter (where x.ours and x.status in ('good', 'promo')
            and x.expires_on < stock.today_v1(:now) + :soon_days::int), 0)::bigint as expiring,
        coalesce(sum(x.on_hand) filter (where x.ours and x.status = 'quarantine'), 0)::bigint
            as quarantine,
        coalesce(sum(x.on_hand) filter (where x.ours and x.status in ('hold', 'damaged')), 0)
            ::bigint as held,
        coalesce(sum(x.on_hand) filter (where x.ours and x.status = 'expired'), 0)::bigint
            as expired,
        coalesce(sum(x.on_hand) filter (where not x.ours), 0)::bigint as others
    from (
        select y.on_hand, y.status, y.owner = '' as ours, l.expires_on, l.promo_from,
            l.promo_until
        from stock.balance as y
        left join stock.lot as l on l.sku_id = y.sku_id and l.lot = y.lot
        where y.sku_id = g.sku_id and y.node_id = g.node_id and y.on_hand > 0
    ) as x
) as b
where :warehouses::text[] is null or n.code = any(:warehouses)
order by u.place, n.code;

-- What a channel may sell is common to all of its nodes: only for who sees every warehouse.
-- name: list_channel_pools
select s.code as sku, c.code as channel, n.code as node, cn.priority,
    greatest(0, g.available - g.safety - case
        when coalesce(r.uses_protected, false) then 0 else g.protected
    end) as pooled, coalesce(r.min_life_days, 0) as min_life_days, case
        when coalesce(r.min_life_days, 0) = 0 then null
        else greatest(0, stock.lasting_v1(:now, g.sku_id, g.node_id, r.min_life_days, null))
    end as lasting
from unnest(:skus::text[]) with ordinality as u (code, place)
join catalog.sku as s on s.code = u.code
join stock.sku_node as g on g.sku_id = s.sku_id
join nodes.node as n on n.node_id = g.node_id
join nodes.channel_node as cn on cn.node_id = g.node_id
join nodes.channel as c on c.channel_id = cn.channel_id and c.closed_at is null
left join stock.channel_rule as r on r.channel_id = c.channel_id
where :warehouses::text[] is null
order by u.place, c.code, cn.priority;

-- name: list_lots
select s.code as sku, l.lot, l.expires_on, l.expires_on - stock.today_v1(:now) as days_left,
    l.promo_from, l.promo_until, b.on_hand
from unnest(:skus::text[]) with ordinality as u (code, place)
join catalog.sku as s on s.code = u.code
join stock.lot as l on l.sku_id = s.sku_id
cross join lateral (
    select coalesce(sum(y.on_hand), 0)::bigint as on_hand
    from stock.balance as y
    join nodes.node as n on n.node_id = y.node_id
    where y.sku_id = l.sku_id and y.lot = l.lot and y.on_hand > 0
        and (:warehouses::text[] is null or n.code = any(:warehouses))
) as b
where b.on_hand > 0
order by u.place, l.expires_on nulls last, l.lot
limit :most;

-- name: list_owners
select s.code as sku, y.owner, sum(y.on_hand)::bigint as on_hand
from unnest(:skus::text[]) with ordinality as u (code, place)
join catalog.sku as s on s.code = u.code
join stock.balance as y on y.sku_id = s.sku_id and y.on_hand > 0
join nodes.node as n on n.node_id = y.node_id
where :warehouses::text[] is null or n.code = any(:warehouses)
group by u.place, s.code, y.owner
order by u.place, y.owner;

-- What lies where since when: what is there is what came last, lot by lot (first in, first out).
-- name: list_ageing
select s.code as sku, n.code as node, sum(z.units)::bigint as units,
    coalesce(sum(z.units) filter (where z.days <= 30), 0)::bigint as to_30,
    coalesce(sum(z.units) filter (where z.days between 31 and 60), 0)::bigint as to_60,
    coalesce(sum(z.units) filter (where z.days between 61 and 90), 0)::bigint as to_90,
    coalesce(sum(z.units) filter (where z.days between 91 and 180), 0)::bigint as to_180,
    coalesce(sum(z.units) filter (where z.days > 180), 0)::bigint as older,
    max(z.days) as oldest_days, (sum(z.units * z.days) / sum(z.units))::bigint as average_days
from (
    select k.sku_id, k.code
    from catalog.sku as k
    where (:skus::text[] is null or k.code = any(:skus)) and k.code > :after and exists (
        select from stock.sku_node as g
        join nodes.node as n on n.node_id = g.node_id
        where g.sku_id = k.sku_id and g.on_hand > 0 and (:node::text is null or n.code = :node)
            and (:warehouses::text[] is null or n.code = any(:warehouses))
    )
    order by k.code limit :most
) as s
join (
    select y.sku_id, y.node_id,
        greatest(0, least(y.quantity, y.on_hand - y.newer)) as units,
        greatest(0, floor(extract(epoch from :now - y.at) / 86400))::integer as days
    from (
        select m.sku_id, p.node_id, m.quantity, m.at, b.on_hand,
            sum(m.quantity) over (
                partition by m.sku_id, p.node_id, m.lot, m.owner
                order by m.at desc, m.movement_id desc
            ) - m.quantity as newer
        from stock.movement as m
        join stock.place as p on p.place_id = m.to_place and p.kind = 'bin'
        join stock.place as f on f.place_id = m.from_place
            and f.node_id is distinct from p.node_id
        join (
            select x.sku_id, x.node_id, x.lot, x.owner, sum(x.on_hand) as on_hand
            from stock.balance as x where x.on_hand > 0
            group by x.sku_id, x.node_id, x.lot, x.owner
        ) as b on b.sku_id = m.sku_id and b.node_id = p.node_id and b.lot = m.lot
            and b.owner = m.owner
    ) as y
) as z on z.sku_id = s.sku_id and z.units > 0
join nodes.node as n on n.node_id = z.node_id
where (:node::text is null or n.code = :node)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
group by s.code, n.code
order by s.code, n.code;

-- What rules may ask of a channel's stock at its nodes.
-- name: list_routing_attributes
select s.code as sku, n.code as node, a.life_days, a.age_days, coalesce(a.promo, false) as promo,
    coalesce(p.sold_90, 0) as sold_90, coalesce(f.best_seller, false) as best_seller, a.units,
    case
        when coalesce(r.min_life_days, 0) = 0 then null
        else greatest(0, stock.lasting_v1(:now, g.sku_id, g.node_id, r.min_life_days, null))
    end as lasting
from unnest(:skus::text[]) as u (code)
join catalog.sku as s on s.code = u.code and s.closed_at is null
join stock.sku_node as g on g.sku_id = s.sku_id
join nodes.channel_node as cn on cn.node_id = g.node_id and cn.channel_id = :channel_id
join nodes.node as n on n.node_id = g.node_id and n.closed_at is null
left join stock.channel_rule as r on r.channel_id = cn.channel_id
left join stock.pace as p on p.sku_id = g.sku_id and p.node_id = g.node_id
left join lateral (
    select bool_or(q.best_seller) as best_seller from stock.pace as q where q.sku_id = g.sku_id
) as f on true
cross join lateral (
    select min(l.expires_on) - stock.today_v1(:now) as life_days, sum(b.on_hand)::bigint as units,
        max(greatest(0, floor(extract(
            epoch from :now - least(b.first_at, l.created_at)
        ) / 86400)))::integer as age_days,
        bool_or(b.status = 'promo' or (l.promo_from <= :now and l.promo_until > :now)) as promo
    from stock.balance as b
    left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
    where b.sku_id = g.sku_id and b.node_id = g.node_id and b.owner = '' and b.on_hand > 0
        and b.status in ('good', 'promo') and l.expired_at is null and (
            l.expires_on is null
            or l.expires_on >= stock.today_v1(:now) + coalesce(r.min_life_days, 0)
        )
) as a
where :warehouses::text[] is null or n.code = any(:warehouses)
order by s.code, cn.priority;

-- What left nodes for customers since the beginning of their local day. Ids follow time, so
-- that only the newest part of the ledger is read.
-- name: list_sent
select n.code as node, count(distinct m.document_id) as shipments,
    sum(m.quantity)::bigint as units, sum(m.quantity * coalesce(s.weight_g, 0))::bigint as grams
from stock.movement as m
join stock.place as p on p.place_id = m.from_place and p.kind = 'bin'
join nodes.node as n on n.node_id = p.node_id
join unnest(:nodes::text[], :starts::timestamptz[]) as u (node, starts_at)
    on u.node = n.code and m.at >= u.starts_at
join catalog.sku as s on s.sku_id = m.sku_id
where m.movement_id >= :first_id and m.reason = 'sale'
group by n.code;

-- name: count_pace
select stock.count_pace_v1(:now);

-- name: pace_is_old
select not exists (select from stock.pace as p where p.counted_at > :before) and exists (
    select from stock.movement as m where m.reason = 'sale'
);

-- name: set_min_life
insert into stock.channel_rule as r (channel_id, uses_protected, buffer, min_life_days, sequence)
values (:channel_id, false, 0, :min_life_days, 1)
on conflict (channel_id) do update
set min_life_days = excluded.min_life_days, sequence = r.sequence + 1;

-- name: set_promotions
update stock.lot as l set promo_from = u.promo_from, promo_until = u.promo_until
from unnest(:skus::text[], :lots::text[], :froms::timestamptz[], :untils::timestamptz[])
    as u (sku, lot, promo_from, promo_until)
join catalog.sku as s on s.code = u.sku
where l.sku_id = s.sku_id and l.lot = u.lot
returning s.code as sku, l.lot;
