-- Watching feeds: policies of nodes, silence, what a sweep notices. warehouses is the caller's
-- scope: null means every one.

-- name: any_feed
select exists(select from stock.feed as f);

-- name: put_policy
insert into stock.feed_policy as p (
    node_id, stale_after_s, stale_policy, buffer, lag_limit_s, sequence
)
select n.node_id, :stale_after_s, :stale_policy, :buffer, :lag_limit_s, 1
from nodes.node as n
where n.code = :node and n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses))
on conflict (node_id) do update
set stale_after_s = excluded.stale_after_s, stale_policy = excluded.stale_policy,
    buffer = excluded.buffer, lag_limit_s = excluded.lag_limit_s, sequence = p.sequence + 1
returning p.node_id, p.sequence;

-- name: list_policies
select n.code as node, p.stale_after_s, p.stale_policy, p.buffer, p.lag_limit_s, p.stale_since
from stock.feed_policy as p
join nodes.node as n on n.node_id = p.node_id
where (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:node::text is null or n.code = :node)
order by n.code;

-- Nodes with a policy and a feed: since when they are silent, and what should be held back.
-- name: list_silence
select p.node_id, n.code as node, p.stale_policy, p.buffer, p.stale_since, p.withheld, w.heard_at,
    w.heard_at + make_interval(secs => p.stale_after_s) < :now as stale
from stock.feed_policy as p
join nodes.node as n on n.node_id = p.node_id
cross join lateral (
    select max(f.heard_at) as heard_at from stock.feed as f where f.node_id = p.node_id
) as w
where w.heard_at is not null
order by p.node_id
for update of p;

-- name: set_silence
update stock.feed_policy
set stale_since = :stale_since, withheld = :withheld, sequence = sequence + 1
where node_id = :node_id
returning sequence;

-- name: withhold
select stock.withhold_v1(:node_id, :withheld);

-- name: tell_withheld
select platform.put_event_v1(
    :event_id, 'stock.levels_set', 1, 'stock_levels', :event_id, 1, :now, :actor, :body
);

-- name: put_node_event
select platform.put_event_v1(
    :event_id, :name, 1, 'stock_feed_policy', :node_id, :sequence, :now, :actor, :body
);

-- Lags in seconds are of the newest 500 events; a lagging feed is over its node's limit.
-- name: list_states
select f.code as feed, n.code as node, n.quantities_master as master, f.heard_at,
    extract(epoch from :now - f.heard_at)::bigint as silent_s, g.p50 as lag_p50_s,
    g.p95 as lag_p95_s, p.lag_limit_s, p.stale_after_s, p.stale_policy, p.stale_since,
    coalesce(g.p95 > p.lag_limit_s, false) as lagging, (
        select count(*) from stock.feed_alarm as a
        where a.feed_id = f.feed_id and a.state = 'open'
    ) as alarms
from stock.feed as f
join nodes.node as n on n.node_id = f.node_id
left join stock.feed_policy as p on p.node_id = f.node_id
left join lateral (
    select
        percentile_disc(0.5) within group (order by e.lag)::bigint as p50,
        percentile_disc(0.95) within group (order by e.lag)::bigint as p95
    from (
        select greatest(0, ceil(extract(epoch from x.heard_at - x.at))) as lag
        from stock.feed_event as x
        where x.feed_id = f.feed_id
        order by x.source_sequence desc
        limit 500
    ) as e
) as g on true
where (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:node::text is null or n.code = :node)
order by n.code, f.code
limit 1000;

-- Reads the newest events of feeds that heard something since the last sweep: 5,000 for twins, 500
-- for the lag. Without locks on feeds: one that hears more meanwhile is read again by the next.
-- name: look_at_feeds
insert into stock.feed_look as l (feed_id, known, twins, lag_p95_s)
select f.feed_id, f.known, exists (
        select from (
            select z.sku_code, z.lot, z.serial, z.delta, z.at, z.heard_at
            from stock.feed_event as z
            where z.feed_id = f.feed_id
            order by z.source_sequence desc limit 5000
        ) as e
        group by e.sku_code, e.lot, e.serial, e.delta, e.at
        having min(e.heard_at) < max(e.heard_at)
    ), (
        select percentile_disc(0.95) within group (order by e.lag)::bigint
        from (
            select greatest(0, ceil(extract(epoch from y.heard_at - y.at))) as lag
            from stock.feed_event as y
            where y.feed_id = f.feed_id
            order by y.source_sequence desc
            limit 500
        ) as e
    )
from stock.feed as f
left join stock.feed_look as b on b.feed_id = f.feed_id
where b.known is distinct from f.known
order by f.feed_id
on conflict (feed_id) do update
set known = excluded.known, twins = excluded.twins, lag_p95_s = excluded.lag_p95_s;

-- What is wrong with feeds right now, after look_at_feeds. Gaps and twins are looked for among the
-- newest 5,000 events of feeds that have any; what is younger than :grace may still come by itself.
-- Of corrected twins only those count that came since.
-- name: find_alarms
select x.feed_id, x.kind, x.cause, x.at_key, x.sku_code, x.lot, x.serial, x.first_sequence,
    x.last_sequence,
    (x.amount + k.corrected)::bigint as amount, (x.correction - k.corrected)::bigint as correction,
    x.since
from (
    select f.feed_id, 'silent' as kind, 'unknown' as cause, '' as at_key, null::text as sku_code,
        '' as lot, '' as serial, null::bigint as first_sequence, null::bigint as last_sequence,
        0::bigint as amount, 0::bigint as correction, f.heard_at as since
    from stock.feed as f
    join stock.feed_policy as p on p.node_id = f.node_id
    where f.heard_at + make_interval(secs => p.stale_after_s) < :now
    union all
    select f.feed_id, 'lagging', 'late', '', null, '', '', null, null, l.lag_p95_s, 0, :now
    from stock.feed as f
    join stock.feed_policy as p on p.node_id = f.node_id
    join stock.feed_look as l on l.feed_id = f.feed_id
    where l.lag_p95_s > p.lag_limit_s
    union all
    select f.feed_id, 'gap', 'lost', e.source_sequence::text, null, '', '', e.source_sequence + 1,
        e.behind - 1, e.behind - e.source_sequence - 1, 0, e.seen_at
    from stock.feed as f
    cross join lateral (
        select y.source_sequence, lead(y.source_sequence) over w as behind,
            lead(y.heard_at) over w as seen_at
        from (
            select z.source_sequence, z.heard_at from stock.feed_event as z
            where z.feed_id = f.feed_id
            order by z.source_sequence desc limit 5000
        ) as y
        window w as (order by y.source_sequence)
    ) as e
    where f.highest - f.lowest + 1 > f.known and e.behind > e.source_sequence + 1
        and e.seen_at < :grace
    union all
    select q.feed_id, 'waiting', case q.cause when 'negative' then 'reordered' else 'unknown' end,
        q.sku_code || ' ' || q.cause, q.sku_code, '', '', min(q.source_sequence),
        max(q.source_sequence),
        sum(q.quantity)::bigint, 0, min(q.heard_at)
    from stock.quarantine as q
    where q.closed_at is null and q.source_sequence is not null and q.heard_at < :grace
    group by q.feed_id, q.cause, q.sku_code
    union all
    select e.feed_id, 'doubled', 'doubled', e.sku_code || ' ' || min(e.source_sequence), e.sku_code,
        e.lot, e.serial, min(e.source_sequence), max(e.source_sequence),
        (e.delta * (count(*) - 1))::bigint,
        (-e.delta * (count(*) - 1))::bigint, max(e.heard_at)
    from stock.feed_look as l
    cross join lateral (
        select z.feed_id, z.sku_code, z.lot, z.serial, z.delta, z.at, z.source_sequence, z.heard_at,
            min(z.heard_at) over w < max(z.heard_at) over w as again
        from (
            select y.feed_id, y.sku_code, y.lot, y.serial, y.delta, y.at, y.source_sequence,
                y.heard_at
            from stock.feed_event as y
            where y.feed_id = l.feed_id
            order by y.source_sequence desc limit 5000
        ) as z
        window w as (partition by z.sku_code, z.lot, z.serial, z.delta, z.at)
    ) as e
    join stock.feed_effect as t on t.feed_id = e.feed_id and t.source_sequence = e.source_sequence
    cross join lateral (
        select stock.settled_until_v1(e.feed_id, t.sku_id, e.lot, e.serial) as until
    ) as u
    where l.twins and e.again and (u.until is null or e.at > u.until)
    group by e.feed_id, e.sku_code, e.lot, e.serial, e.delta, e.at
    having count(distinct e.heard_at) > 1
) as x
cross join lateral (
    select coalesce(sum(a.correction), 0) as corrected, count(*) as times
    from stock.feed_alarm as a
    where a.feed_id = x.feed_id and a.kind = x.kind and a.at_key = x.at_key
        and a.state = 'corrected'
) as k
where k.times = 0 or abs(x.correction) > abs(k.corrected)
order by x.feed_id, x.kind, x.at_key
limit :most;

-- name: put_alarms
insert into stock.feed_alarm as a (
    alarm_id, feed_id, kind, cause, at_key, sku_code, lot, serial, first_sequence, last_sequence,
    amount, correction, since, first_seen, last_seen, state, sequence
)
select u.id, u.feed, u.kind, u.cause, u.at_key, u.sku, u.lot, u.serial, u.first, u.last,
    u.amount, u.correction, u.since, :now, :now, 'open', 1
from unnest(
    :ids::uuid[], :feed_ids::uuid[], :kinds::text[], :causes::text[], :at_keys::text[],
    :skus::text[], :lots::text[], :serials::text[], :firsts::bigint[],
    :lasts::bigint[], :amounts::bigint[], :corrections::bigint[], :sinces::timestamptz[]
) as u (id, feed, kind, cause, at_key, sku, lot, serial, first, last, amount, correction, since)
on conflict (feed_id, kind, at_key) where state = 'open' do update
set amount = excluded.amount, correction = excluded.correction, last_seen = excluded.last_seen;

-- name: end_alarms
update stock.feed_alarm
set state = 'gone', closed_at = :now, closed_by = :actor, sequence = sequence + 1
where state = 'open' and last_seen < :now;

-- One event for each alarm that this sweep opened or saw go.
-- name: tell_alarms
select count(platform.put_event_v1(
    md5(a.alarm_id::text || a.sequence)::uuid,
    case a.state when 'open' then 'feed.alarmed' else 'feed.cleared' end, 1, 'stock_feed_alarm',
    a.alarm_id, a.sequence, :now, :actor, jsonb_build_object(
        'id', a.alarm_id, 'kind', a.kind, 'feed', f.code, 'warehouse', n.code, 'sku', a.sku_code
    )
)::text)
from stock.feed_alarm as a
join stock.feed as f on f.feed_id = a.feed_id
join nodes.node as n on n.node_id = f.node_id
where (a.state = 'open' and a.first_seen = :now) or (a.state = 'gone' and a.closed_at = :now);

-- name: list_alarms
select a.alarm_id as id, f.code as feed, n.code as node, a.kind, a.cause, a.sku_code as sku,
    a.lot, nullif(a.serial, '') as serial, a.first_sequence, a.last_sequence, a.amount,
    a.correction, a.since, a.first_seen, a.state, a.closed_at, a.document_id
from stock.feed_alarm as a
join stock.feed as f on f.feed_id = a.feed_id
join nodes.node as n on n.node_id = f.node_id
where (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:alarm_id::uuid is null or a.alarm_id = :alarm_id)
    and (:node::text is null or n.code = :node)
    and (:state::text is null or a.state = :state)
    and (:before::uuid is null or a.alarm_id < :before)
order by a.alarm_id desc
limit :most;

-- name: close_alarm
update stock.feed_alarm
set state = 'corrected', closed_at = :now, closed_by = :actor, document_id = :document_id,
    sequence = sequence + 1
where alarm_id = :alarm_id and state = 'open'
returning sequence;

-- name: put_alarm_event
select platform.put_event_v1(
    :event_id, 'feed.corrected', 1, 'stock_feed_alarm', :alarm_id, :sequence, :now, :actor, :body
);

-- How far our number is from the source's, SKU by SKU. Nothing at rest.
-- name: list_errors
select n.code as node, f.code as feed, s.code as sku, g.on_hand as ours,
    (g.on_hand + x.error)::bigint as theirs, x.error, x.units
from (
    select y.feed_id, y.sku_id, sum(y.error)::bigint as error, sum(abs(y.error))::bigint as units
    from stock.feed_errors_v1(null) as y
    group by y.feed_id, y.sku_id
) as x
join stock.feed as f on f.feed_id = x.feed_id
join nodes.node as n on n.node_id = f.node_id
join catalog.sku as s on s.sku_id = x.sku_id
join stock.sku_node as g on g.sku_id = x.sku_id and g.node_id = f.node_id
where x.units <> 0
    and (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:node::text is null or n.code = :node)
    and (:sku::text is null or s.code = :sku)
order by x.units desc, s.code, n.code, f.code
limit :most;

-- How many SKUs of a node are right: of those that its feeds tell about.
-- name: list_accuracy
select n.code as node, count(distinct k.sku_id) as skus,
    count(distinct k.sku_id) filter (where k.units <> 0) as wrong,
    coalesce(sum(k.units), 0)::bigint as units
from (
    select f.node_id, t.sku_id, sum(abs(t.error))::bigint as units
    from stock.feed as f
    cross join lateral (
        select e.sku_id, 0::bigint as error from stock.feed_effect as e where e.feed_id = f.feed_id
        union
        select u.sku_id, 0 from stock.feed_settled as u where u.feed_id = f.feed_id
        union all
        select y.sku_id, y.error from stock.feed_errors_v1(f.feed_id) as y
    ) as t
    group by f.node_id, f.feed_id, t.sku_id
) as k
join nodes.node as n on n.node_id = k.node_id
where :warehouses::text[] is null or n.code = any(:warehouses)
group by n.code
order by n.code;

-- What a feed told about a SKU, newest first, and what became of it.
-- name: list_sku_events
select e.source_sequence as sequence, e.delta, e.at, e.heard_at, e.verdict,
    t.document_id is not null as applied, t.document_id, e.lot,
    nullif(e.serial, '') as serial
from stock.feed_event as e
join stock.feed as f on f.feed_id = e.feed_id
join nodes.node as n on n.node_id = f.node_id
left join stock.feed_effect as t
    on t.feed_id = e.feed_id and t.source_sequence = e.source_sequence
where n.code = :node and f.code = :feed and e.sku_code = :sku
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by e.at desc, e.source_sequence desc
limit :most;
