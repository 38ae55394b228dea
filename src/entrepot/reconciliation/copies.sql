-- Comparing places and copies: all of them, or those that were written since the last run looked.
-- :reach is how old the transaction of such a row is at most, :own how old the last run itself;
-- see take_progress.

-- What the ledger added up to, what came last included, against the balances: row by row, nothing
-- is added up again.
-- name: compare_sums
select 'balance' as kind, coalesce(s.sku_id, b.sku_id) as sku_id, p.node_id,
    coalesce(s.place_id, b.place_id) as place_id, null::uuid as channel_id,
    coalesce(s.lot, b.lot) as lot, coalesce(s.owner, b.owner) as owner,
    coalesce(s.status, b.status) as status, null::text as serial,
    coalesce(s.moved, 0) as told, coalesce(b.on_hand, 0) as found
from reconciliation.sum as s
full join stock.balance as b on b.sku_id = s.sku_id and b.place_id = s.place_id
    and b.lot = s.lot and b.owner = s.owner and b.status = s.status
left join stock.place as p on p.place_id = coalesce(s.place_id, b.place_id)
where coalesce(s.moved, 0) <> coalesce(b.on_hand, 0)
limit :most;

-- The same of sums that this run wrote, of balances that were written since the last run looked,
-- and of what differed then. They mostly change together; only where they did not agree is the
-- other looked up.
-- name: compare_changed_sums
with doubtful as materialized (
    select coalesce(s.sku_id, b.sku_id) as sku_id, coalesce(s.place_id, b.place_id) as place_id,
        coalesce(s.lot, b.lot) as lot, coalesce(s.owner, b.owner) as owner,
        coalesce(s.status, b.status) as status
    from (
        select u.sku_id, u.place_id, u.lot, u.owner, u.status, u.moved
        from reconciliation.sum as u where age(u.xmin) < :own::integer
    ) as s
    full join (
        select h.sku_id, h.place_id, h.lot, h.owner, h.status, h.on_hand
        from stock.balance as h where age(h.xmin) <= :reach::integer
    ) as b on b.sku_id = s.sku_id and b.place_id = s.place_id and b.lot = s.lot
        and b.owner = s.owner and b.status = s.status
    where s.moved is distinct from b.on_hand
    union
    select d.sku_id, d.place_id, d.lot, d.owner, d.status
    from reconciliation.difference as d
    where d.state = 'open' and d.kind = 'balance'
)
select 'balance' as kind, x.sku_id, p.node_id, x.place_id, null::uuid as channel_id, x.lot,
    x.owner, x.status, null::text as serial, coalesce(x.told, 0) as told,
    coalesce(x.found, 0) as found
from (
    select k.sku_id, k.place_id, k.lot, k.owner, k.status, (
            select s.moved from reconciliation.sum as s
            where s.sku_id = k.sku_id and s.place_id = k.place_id and s.lot = k.lot
                and s.owner = k.owner and s.status = k.status
        ) as told, (
            select b.on_hand from stock.balance as b
            where b.sku_id = k.sku_id and b.place_id = k.place_id and b.lot = k.lot
                and b.owner = k.owner and b.status = k.status
        ) as found
    from doubtful as k
) as x
left join stock.place as p on p.place_id = x.place_id
where coalesce(x.told, 0) <> coalesce(x.found, 0)
limit :most;

-- What all copies together hold beyond what they are copies of: what was compared must say the
-- same. A row that was taken away is found by this alone, since it is in no list of changed rows.
-- name: compare_totals
select
    (h.all_held - (select coalesce(sum(s.moved), 0) from reconciliation.sum as s))::bigint
        as balance,
    (g.on_hand - h.in_nodes)::bigint as on_hand,
    ((select coalesce(sum(c.pooled), 0) from stock.channel_available as c) - g.pooled - (
        select coalesce(sum(
            greatest(0, g.available - g.safety) - greatest(0, g.available - g.safety - g.protected)
        ), 0)
        from stock.sku_node as g
        join nodes.channel_node as n on n.node_id = g.node_id
        join stock.channel_available as c
            on c.channel_id = n.channel_id and c.sku_id = g.sku_id and c.uses_protected
        where g.protected > 0
    ))::bigint as channel
from (
    select coalesce(sum(b.on_hand), 0) as all_held,
        coalesce(sum(b.on_hand) filter (where b.node_id is not null), 0) as in_nodes
    from stock.balance as b
) as h
cross join (
    select coalesce(sum(k.on_hand), 0) as on_hand, coalesce(sum(k.pooled * (
            select count(*) from nodes.channel_node as n where n.node_id = k.node_id
        )), 0) as pooled
    from (
        select x.node_id, sum(x.on_hand) as on_hand,
            sum(greatest(0, x.available - x.safety - x.protected)) as pooled
        from stock.sku_node as x
        group by x.node_id
    ) as k
) as g;

-- Copies against what they are copies of: guarding rows against balances and open lines, channels
-- against guarding rows, serials against their movements. Each row of one of these views comes once
-- for each of its numbers, whichever differs, so that what comes tells the views' rows as well.
-- name: list_clashes
with guard as materialized (
    select v.sku_id, v.node_id, v.guard_on_hand, v.held, v.guard_blocked, v.held_blocked
    from stock.violation_guard as v
), promised as materialized (
    select v.sku_id, v.node_id, v.guard_reserved, v.line_reserved, v.guard_backordered,
        v.line_backordered
    from stock.violation_reserved as v
)
select x.kind, x.sku_id, x.node_id, x.place_id, x.channel_id, '' as lot, '' as owner, '' as status,
    x.serial, coalesce(x.told, 0)::bigint as told, coalesce(x.found, 0)::bigint as found
from (
    select 'on_hand' as kind, g.sku_id, g.node_id, null::uuid as place_id,
        null::uuid as channel_id, null::text as serial, g.held as told, g.guard_on_hand as found
    from guard as g
    union all
    select 'blocked', g.sku_id, g.node_id, null, null, null, g.held_blocked, g.guard_blocked
    from guard as g
    union all
    select 'reserved', p.sku_id, p.node_id, null, null, null, p.line_reserved, p.guard_reserved
    from promised as p
    union all
    select 'backordered', p.sku_id, p.node_id, null, null, null, p.line_backordered,
        p.guard_backordered
    from promised as p
    union all
    select 'channel', v.sku_id, null, null, v.channel_id, null, v.guards_say, v.pooled
    from stock.violation_channel as v
    union all
    select 'serial', v.sku_id, p.node_id, v.place_id, null, v.serial, v.net, 1
    from stock.violation_serial as v
    join stock.place as p on p.place_id = v.place_id
) as x
limit :most;

-- The same of what was written since the last run looked (:reach, see take_progress), and of what
-- differed then. Promises are compared all.
-- name: list_changed_clashes
with fresh as materialized (
    select g.sku_id, g.node_id from stock.sku_node as g where age(g.xmin) <= :reach::integer
), pair as materialized (
    select f.sku_id, f.node_id from fresh as f
    union
    select b.sku_id, b.node_id from stock.balance as b
    where age(b.xmin) <= :reach and b.node_id is not null
    union
    select d.sku_id, d.node_id from reconciliation.difference as d
    where d.state = 'open' and d.kind in ('on_hand', 'blocked')
), guard as materialized (
    select coalesce(g.sku_id, h.sku_id) as sku_id, coalesce(g.node_id, h.node_id) as node_id,
        g.on_hand as guard_on_hand, g.blocked as guard_blocked, h.held, h.held_blocked
    from (
        select x.sku_id, x.node_id, x.on_hand, x.blocked from stock.sku_node as x
        where (x.sku_id, x.node_id) in (select p.sku_id, p.node_id from pair as p)
    ) as g
    full join (
        select b.sku_id, b.node_id, sum(b.on_hand)::bigint as held, sum(
                case when b.status in ('good', 'promo') and b.owner = '' then 0 else b.on_hand end
            )::bigint as held_blocked
        from stock.balance as b
        where (b.sku_id, b.node_id) in (select p.sku_id, p.node_id from pair as p)
        group by b.sku_id, b.node_id
    ) as h on h.sku_id = g.sku_id and h.node_id = g.node_id
    where coalesce(g.on_hand, 0) <> coalesce(h.held, 0)
        or coalesce(g.blocked, 0) <> coalesce(h.held_blocked, 0)
), promised as materialized (
    select v.sku_id, v.node_id, v.guard_reserved, v.line_reserved, v.guard_backordered,
        v.line_backordered
    from stock.violation_reserved as v
), sold as materialized (
    select f.sku_id from fresh as f
    union
    select c.sku_id from stock.channel_available as c where age(c.xmin) <= :reach
    union
    select d.sku_id from reconciliation.difference as d
    where d.state = 'open' and d.kind = 'channel'
), pool as (
    select n.channel_id, g.sku_id, sum(greatest(0, g.available - g.safety)) as with_protected,
        sum(greatest(0, g.available - g.safety - g.protected)) as without_protected
    from sold as k
    join stock.sku_node as g on g.sku_id = k.sku_id
    join nodes.channel_node as n on n.node_id = g.node_id
    group by n.channel_id, g.sku_id
), shown as (
    select a.channel_id, a.sku_id, a.pooled, a.uses_protected
    from sold as k join stock.channel_available as a on a.sku_id = k.sku_id
), numbered as (
    select m.sku_id, m.serial
    from reconciliation.arrived as a
    join stock.movement as m on m.document_id = a.document_id and m.serial is not null
    union
    select s.sku_id, s.serial from stock.serial as s where age(s.xmin) <= :reach
    union
    select d.sku_id, d.serial from reconciliation.difference as d
    where d.state = 'open' and d.kind = 'serial'
), lying as (
    select s.sku_id, s.serial, s.place_id, p.node_id, coalesce(sum(
            case when m.to_place = s.place_id and m.from_place <> s.place_id then 1 else 0 end
            - case when m.from_place = s.place_id and m.to_place <> s.place_id then 1 else 0 end
        ), 0) as net
    from (select x.sku_id, array_agg(x.serial) as serials from numbered as x group by x.sku_id) as k
    join stock.serial as s on s.sku_id = k.sku_id and s.serial = any(k.serials)
    join stock.place as p on p.place_id = s.place_id and p.kind in ('bin', 'transit')
    left join lateral (
        select w.serial, w.from_place, w.to_place from stock.movement as w
        where w.sku_id = k.sku_id and w.serial = any(k.serials)
        offset 0
    ) as m on m.serial = s.serial
    group by s.sku_id, s.serial, s.place_id, p.node_id
)
select x.kind, x.sku_id, x.node_id, x.place_id, x.channel_id, '' as lot, '' as owner, '' as status,
    x.serial, coalesce(x.told, 0)::bigint as told, coalesce(x.found, 0)::bigint as found
from (
    select 'on_hand' as kind, g.sku_id, g.node_id, null::uuid as place_id,
        null::uuid as channel_id, null::text as serial, g.held as told, g.guard_on_hand as found
    from guard as g
    union all
    select 'blocked', g.sku_id, g.node_id, null, null, null, g.held_blocked, g.guard_blocked
    from guard as g
    union all
    select 'reserved', p.sku_id, p.node_id, null, null, null, p.line_reserved, p.guard_reserved
    from promised as p
    union all
    select 'backordered', p.sku_id, p.node_id, null, null, null, p.line_backordered,
        p.guard_backordered
    from promised as p
    union all
    select 'channel', coalesce(c.sku_id, t.sku_id), null, null,
        coalesce(c.channel_id, t.channel_id), null,
        case when c.uses_protected then t.with_protected else t.without_protected end, c.pooled
    from shown as c
    full join pool as t on t.channel_id = c.channel_id and t.sku_id = c.sku_id
    where c.channel_id is null or c.pooled <> coalesce(
        case when c.uses_protected then t.with_protected else t.without_protected end, 0
    )
    union all
    select 'serial', v.sku_id, v.node_id, v.place_id, null, v.serial, v.net, 1
    from lying as v
    where v.net <> 1
) as x
limit :most;

-- Of what was told since :after, and what has no position yet: aggregates whose events have gaps,
-- and documents with another number of events than they say; documents written since the last run
-- looked (:reach) without any event.
-- name: count_new_breaks
with fresh as materialized (
    select o.aggregate, o.aggregate_id
    from platform.feed as f
    join platform.outbox as o on o.event_id = f.event_id
    where f.feed_position > :after
    union
    select o.aggregate, o.aggregate_id
    from platform.waiting_event as w
    join platform.outbox as o on o.event_id = w.event_id
), told as materialized (
    select h.aggregate, h.aggregate_id, x.events, x.newest
    from fresh as h
    cross join lateral (
        select count(*) as events, max(o.sequence) as newest from platform.outbox as o
        where o.aggregate = h.aggregate and o.aggregate_id = h.aggregate_id
    ) as x
)
select v.view, v.rows
from (
    select 'platform.violation_outbox_sequence' as view, (
        select count(*) from told as t where t.newest <> t.events
    ) as rows
    union all
    select 'stock.violation_document_event', (
        select count(*) from told as t
        join stock.document as d on d.document_id = t.aggregate_id and d.sequence <> t.events
        where t.aggregate = 'stock_document'
    ) + (
        select count(*) from stock.document as d
        where age(d.xmin) <= :reach::integer and (
            select o.event_id from platform.outbox as o
            where o.aggregate = 'stock_document' and o.aggregate_id = d.document_id
            limit 1
        ) is null
    )
) as v;
