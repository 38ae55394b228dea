-- Named statements of the feeds. warehouses is the caller's scope: null means every one.

-- name: find_node
select n.node_id, n.quantities_master as master
from nodes.node as n
where n.code = :node and n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: open_feed
insert into stock.feed (feed_id, node_id, code, created_at)
values (:feed_id, :node_id, :code, :now)
on conflict (node_id, code) do nothing;

-- name: take_feed
select f.feed_id, f.lowest, f.highest, f.known
from stock.feed as f
where f.node_id = :node_id and f.code = :code
for update of f;

-- name: count_feed
update stock.feed set
    lowest = least(lowest, :lowest), highest = greatest(highest, :highest),
    known = known + :known, received = received + :received,
    duplicates = duplicates + :duplicates, reordered = reordered + :reordered,
    late = late + :late, negative = negative + :negative,
    unknown_skus = unknown_skus + :unknown_skus, heard_at = greatest(heard_at, :now)
where feed_id = :feed_id;

-- name: list_heard
select e.source_sequence as sequence, e.sku_code as sku, e.delta, e.at, e.lot, e.serial,
    e.expires_on
from stock.feed_event as e
where e.feed_id = :feed_id and e.source_sequence = any(:sequences);

-- name: open_guards
select stock.open_guards_v1(
    array_agg(s.sku_id), array_agg(:node_id::uuid)
) from catalog.sku as s where s.code = any(:skus) and s.closed_at is null;

-- The guarding rows are held from here on, so the numbers stay.
-- name: take_skus
select s.sku_id, s.code, s.lot_tracked as by_lot, s.serial_tracked as by_serial, exists(
    select from catalog.kit_part as k where k.kit_sku_id = s.sku_id
) as is_kit
from catalog.sku as s
join stock.sku_node as g on g.sku_id = s.sku_id and g.node_id = :node_id
where s.code = any(:skus) and s.closed_at is null
order by s.sku_id
for update of g;

-- Of a tracked SKU what lies there of the lot, or 1 or 0 of a serial; without serial the goods
-- that have none although their SKU is tracked by it. own: what of it may be told away.
-- name: list_goods
select s.sku_id, s.code as sku, u.lot, u.serial, s.lot_tracked as by_lot,
    s.serial_tracked as by_serial, case
        when not s.lot_tracked and not s.serial_tracked then g.on_hand
        when s.serial_tracked and u.serial <> '' then h.here::integer::bigint
        else y.units - (
            select count(*) from stock.serial as k
            join stock.place as v on v.place_id = k.place_id and v.node_id = g.node_id
            where s.serial_tracked and k.sku_id = s.sku_id
                and (k.lot = u.lot or not s.lot_tracked)
        )
    end as on_hand, case
        when s.serial_tracked and u.serial <> '' then h.own::integer::bigint else y.own
    end as own, stock.settled_until_v1(:feed_id, s.sku_id, u.lot, u.serial) as until, (
        select coalesce(array_agg(p.base_numerator), '{}') from catalog.pack as p
        where p.sku_id = s.sku_id and p.base_denominator = 1
    ) as packs, h.somewhere and not h.own as elsewhere, exists(
        select from stock.lot as l
        where l.sku_id = s.sku_id and l.lot = u.lot and l.expired_at is not null
    ) as expired
from unnest(:skus::text[], :lots::text[], :serials::text[]) as u (sku, lot, serial)
join catalog.sku as s on s.code = u.sku and s.closed_at is null
join stock.sku_node as g on g.sku_id = s.sku_id and g.node_id = :node_id
cross join lateral (
    select coalesce(sum(b.on_hand), 0)::bigint as units,
        coalesce(sum(b.on_hand) filter (where b.owner = ''), 0)::bigint as own
    from stock.balance as b
    where b.sku_id = s.sku_id and b.node_id = g.node_id
        and (b.lot = u.lot or not s.lot_tracked)
) as y
cross join lateral (
    select coalesce(bool_or(v.kind in ('bin', 'transit')), false) as somewhere,
        coalesce(bool_or(x.here), false) as here,
        coalesce(bool_or(x.here and k.owner = ''), false) as own
    from stock.serial as k
    join stock.place as v on v.place_id = k.place_id
    cross join lateral (
        select v.node_id = g.node_id and (k.lot = u.lot or not s.lot_tracked) as here
    ) as x
    where k.sku_id = s.sku_id and k.serial = u.serial
) as h;

-- Goods of these tracked SKUs that lie there, lay there at as_of, or have an open drift.
-- name: list_goods_known
select s.code as sku, x.lot, x.serial
from (
    select b.sku_id, case when k.lot_tracked then b.lot else '' end as lot, '' as serial
    from stock.balance as b
    join catalog.sku as k on k.sku_id = b.sku_id
    where b.sku_id = any(:sku_ids) and b.node_id = :node_id and b.on_hand > 0
    union
    select r.sku_id, case when k.lot_tracked then r.lot else '' end, r.serial
    from stock.serial as r
    join catalog.sku as k on k.sku_id = r.sku_id and k.serial_tracked
    join stock.place as p on p.place_id = r.place_id and p.node_id = :node_id
    where r.sku_id = any(:sku_ids)
    union
    select e.sku_id, e.lot, e.serial
    from stock.feed_effect as e
    join stock.feed as f on f.feed_id = e.feed_id
    where f.node_id = :node_id and e.sku_id = any(:sku_ids) and e.at > :as_of
    union
    select o.sku_id, o.lot, o.serial
    from stock.local_moves_v2(:sku_ids, :node_id) as o
    where o.at > :as_of
    union
    select d.sku_id, d.lot, d.serial
    from stock.drift as d
    where d.feed_id = :feed_id and d.sku_id = any(:sku_ids) and d.state = 'open'
) as x
join catalog.sku as s on s.sku_id = x.sku_id
order by s.code, x.lot, x.serial;

-- name: list_waiting
select q.source_sequence as sequence, q.sku_code as sku, q.quantity as delta, q.at, q.lot,
    q.serial, e.expires_on
from stock.quarantine as q
join stock.feed_event as e on e.feed_id = q.feed_id and e.source_sequence = q.source_sequence
where q.feed_id = :feed_id and q.sku_code = any(:skus)
    and q.cause in ('negative', 'unknown_sku', 'serial_elsewhere')
    and q.closed_at is null and q.source_sequence is not null
order by q.source_sequence;

-- name: put_events
insert into stock.feed_event (
    feed_id, source_sequence, sku_code, lot, serial, expires_on, delta, at, verdict, heard_at
)
select :feed_id, u.sequence, u.sku, u.lot, u.serial, u.expires_on, u.delta, u.at, u.verdict, :now
from unnest(
    :sequences::bigint[], :skus::text[], :lots::text[], :serials::text[], :expires::date[],
    :deltas::bigint[], :ats::timestamptz[], :verdicts::text[]
) as u (sequence, sku, lot, serial, expires_on, delta, at, verdict);

-- name: put_effects
insert into stock.feed_effect (
    feed_id, document_id, sku_id, lot, serial, source_sequence, delta, at
)
select :feed_id, :document_id, u.sku, u.lot, u.serial, u.sequence, u.delta, u.at
from unnest(
    :sku_ids::uuid[], :lots::text[], :serials::text[], :sequences::bigint[], :deltas::bigint[],
    :ats::timestamptz[]
) as u (sku, lot, serial, sequence, delta, at);

-- name: close_waiting
update stock.quarantine set closed_at = :now
where feed_id = :feed_id and source_sequence = any(:sequences)
    and cause in ('negative', 'unknown_sku', 'serial_elsewhere') and closed_at is null;

-- name: put_quarantine
insert into stock.quarantine (
    quarantine_id, feed_id, cause, sku_code, lot, serial, source_sequence, snapshot_id, quantity,
    at, heard_at
)
select u.id, :feed_id, u.cause, u.sku, u.lot, u.serial, u.sequence, :snapshot_id, u.quantity,
    u.at, :now
from unnest(
    :ids::uuid[], :causes::text[], :skus::text[], :lots::text[], :serials::text[],
    :sequences::bigint[], :quantities::bigint[], :ats::timestamptz[]
) as u (id, cause, sku, lot, serial, sequence, quantity, at);

-- name: list_bins
select x.sku, x.of_lot, x.of_serial, x.bin, x.status, x.lot, x.on_hand
from (
    select s.code as sku, case when s.lot_tracked then b.lot else '' end as of_lot,
        '' as of_serial, n.code as bin, b.status, b.lot, b.on_hand
    from stock.balance as b
    join catalog.sku as s on s.sku_id = b.sku_id and not s.serial_tracked
    join nodes.bin as n on n.bin_id = b.place_id
    where b.node_id = :node_id and b.sku_id = any(:sku_ids) and b.on_hand > 0 and b.owner = ''
    union all
    select s.code, case when s.lot_tracked then r.lot else '' end, r.serial, n.code, r.status,
        r.lot, 1
    from stock.serial as r
    join catalog.sku as s on s.sku_id = r.sku_id and s.serial_tracked
    join nodes.bin as n on n.bin_id = r.place_id and n.node_id = :node_id
    where r.sku_id = any(:sku_ids) and r.owner = ''
) as x
order by x.sku, x.status <> 'good', x.status, x.bin, x.lot;

-- name: last_snapshot
select max(s.as_of) from stock.snapshot as s
where s.feed_id = :feed_id and s.outcome = 'compared';

-- name: put_snapshot
insert into stock.snapshot (snapshot_id, feed_id, as_of, counted, outcome, heard_at, actor)
values (:snapshot_id, :feed_id, :as_of, :counted, :outcome, :now, :actor);

-- name: put_snapshot_lines
insert into stock.snapshot_line (snapshot_id, sku_code, lot, serial, expires_on, quantity)
select :snapshot_id, u.sku, u.lot, u.serial, u.expires_on, u.quantity
from unnest(
    :skus::text[], :lots::text[], :serials::text[], :expires::date[], :quantities::bigint[]
) as u (sku, lot, serial, expires_on, quantity);

-- What changed our numbers of goods after as_of, in the order of the goods: effects of sources
-- count as of their own instants, all other movements when they were posted. edited: units that
-- hands added since both last agreed.
-- name: list_moved
select coalesce(e.delta, 0)::bigint + coalesce(m.after_as_of, 0)::bigint as after_as_of,
    coalesce(m.edited, 0)::bigint as edited, coalesce(r.reserved, 0)::bigint as reserved
from unnest(
    :sku_ids::uuid[], :lots::text[], :serials::text[]
) with ordinality as k (sku_id, lot, serial, n)
left join (
    select x.sku_id, x.lot, x.serial, sum(x.delta) as delta
    from stock.feed_effect as x
    join stock.feed as f on f.feed_id = x.feed_id
    where f.node_id = :node_id and x.sku_id = any(:sku_ids) and x.at > :as_of
    group by x.sku_id, x.lot, x.serial
) as e on e.sku_id = k.sku_id and e.lot = k.lot and e.serial = k.serial
left join (
    select u.n, sum(o.delta) filter (where o.at > :as_of) as after_as_of,
        sum(o.delta) filter (
            where o.adjusts and o.at <= :as_of and (u.until is null or o.at > u.until)
        ) as edited
    from unnest(
        :sku_ids::uuid[], :lots::text[], :serials::text[], :untils::timestamptz[]
    ) with ordinality as u (sku_id, lot, serial, until, n)
    join stock.local_moves_v2(:sku_ids, :node_id) as o
        on o.sku_id = u.sku_id and o.lot = u.lot and o.serial = u.serial
    group by u.n
) as m on m.n = k.n
left join (
    select b.sku_id, sum(b.quantity) as reserved
    from stock.reservation_line as b
    join stock.reservation as v on v.reservation_id = b.reservation_id
    where b.sku_id = any(:sku_ids) and b.node_id = :node_id and v.created_at <= :as_of
        and (v.closed_at is null or v.closed_at > :as_of)
    group by b.sku_id
) as r on r.sku_id = k.sku_id
order by k.n;

-- The newest events of these SKUs that are not settled.
-- name: list_evidence
select e.source_sequence as sequence, e.sku_code as sku, e.delta, e.at, e.lot, e.serial,
    x.feed_id is not null as applied, e.verdict = 'late' as late
from stock.feed_event as e
left join stock.feed_effect as x
    on x.feed_id = e.feed_id and x.source_sequence = e.source_sequence
join catalog.sku as s on s.code = e.sku_code
cross join lateral (
    select stock.settled_until_v1(e.feed_id, s.sku_id, e.lot, e.serial) as until
) as t
where e.feed_id = :feed_id and e.sku_code = any(:skus)
    and (t.until is null or e.at > t.until or e.heard_at > t.until)
order by e.source_sequence desc
limit 5000;

-- name: settle
insert into stock.feed_settled as t (feed_id, sku_id, lot, serial, until)
select :feed_id, u.sku, u.lot, u.serial, :until
from unnest(:sku_ids::uuid[], :lots::text[], :serials::text[]) as u (sku, lot, serial)
on conflict (feed_id, sku_id, lot, serial) do update
set until = greatest(t.until, excluded.until);

-- name: settle_whole
select stock.settle_whole_v1(
    :feed_id, :sku_ids, :until, :but_sku_ids, :but_lots, :but_serials
);

-- name: list_open_drifts
select d.drift_id as id, s.code as sku, d.lot, d.serial, d.expires_on, d.ours, d.theirs, d.cause,
    d.correction, d.as_of, d.sequence, d.told_lot
from stock.drift as d
join catalog.sku as s on s.sku_id = d.sku_id
where d.feed_id = :feed_id and d.sku_id = any(:sku_ids) and d.state = 'open';

-- name: put_drift
insert into stock.drift (
    drift_id, feed_id, sku_id, lot, serial, expires_on, ours, theirs, cause, correction, state,
    as_of, first_seen, sequence, told_lot
) values (
    :drift_id, :feed_id, :sku_id, :lot, :serial, :expires_on, :ours, :theirs, :cause, :correction,
    'open', :as_of, :now, 1, :told_lot
);

-- name: change_drift
update stock.drift
set ours = :ours, theirs = :theirs, cause = :cause, correction = :correction, as_of = :as_of,
    expires_on = coalesce(:expires_on, expires_on), told_lot = :told_lot, sequence = sequence + 1
where drift_id = :drift_id
returning sequence;

-- name: close_drift
update stock.drift
set state = :state, closed_at = :now, closed_by = :actor, document_id = :document_id,
    sequence = sequence + 1
where drift_id = :drift_id
returning sequence;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, 'stock_drift', :drift_id, :sequence, :now, :actor, :body
);

-- name: find_feed_of_drift
select n.code as node, f.code as feed, s.code as sku
from stock.drift as d
join stock.feed as f on f.feed_id = d.feed_id
join nodes.node as n on n.node_id = f.node_id
join catalog.sku as s on s.sku_id = d.sku_id
where d.drift_id = :drift_id
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: list_drifts
select d.drift_id as id, f.code as feed, n.code as node, s.code as sku, d.lot,
    nullif(d.serial, '') as serial, d.ours, d.theirs, d.amount, d.cause, d.correction, d.state,
    d.as_of, d.first_seen, d.closed_at, d.document_id, d.told_lot
from stock.drift as d
join stock.feed as f on f.feed_id = d.feed_id
join nodes.node as n on n.node_id = f.node_id
join catalog.sku as s on s.sku_id = d.sku_id
where (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:drift_id::uuid is null or d.drift_id = :drift_id)
    and (:node::text is null or n.code = :node)
    and (:feed::text is null or f.code = :feed)
    and (:state::text is null or d.state = :state)
    and (:before::uuid is null or d.drift_id < :before)
order by d.drift_id desc
limit :most;

-- name: list_feeds
select f.code as feed, n.code as node, n.quantities_master as master, f.received, f.duplicates,
    coalesce(f.highest - f.lowest + 1 - f.known, 0) as missing, f.reordered, f.late, f.negative,
    f.unknown_skus
from stock.feed as f
join nodes.node as n on n.node_id = f.node_id
where (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:node::text is null or n.code = :node)
order by n.code, f.code
limit 1000;

-- name: list_foreign_masters
select n.code, n.quantities_master as master
from nodes.node as n
where n.code = any(:nodes) and n.quantities_master <> 'entrepot'
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by n.code;

-- name: list_foreign_masters_of
select n.code, n.quantities_master as master
from stock.movement as m
join stock.place as f on f.place_id = m.from_place
join stock.place as t on t.place_id = m.to_place
join nodes.node as n on n.node_id in (f.node_id, t.node_id)
where m.movement_id = :movement_id and f.node_id is distinct from t.node_id
    and n.quantities_master <> 'entrepot'
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by n.code;
