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
select e.source_sequence as sequence, e.sku_code as sku, e.delta, e.at
from stock.feed_event as e
where e.feed_id = :feed_id and e.source_sequence = any(:sequences);

-- name: open_guards
select stock.open_guards_v1(
    array_agg(s.sku_id), array_agg(:node_id::uuid)
) from catalog.sku as s where s.code = any(:skus) and s.closed_at is null;

-- The guarding rows are held from here on, so the numbers stay.
-- name: take_skus
select s.sku_id, s.code, s.lot_tracked or s.serial_tracked as tracked, g.on_hand,
    t.until, (
        select coalesce(array_agg(p.base_numerator), '{}') from catalog.pack as p
        where p.sku_id = s.sku_id and p.base_denominator = 1
    ) as packs
from catalog.sku as s
join stock.sku_node as g on g.sku_id = s.sku_id and g.node_id = :node_id
left join stock.feed_settled as t on t.feed_id = :feed_id and t.sku_id = s.sku_id
where s.code = any(:skus) and s.closed_at is null
order by s.sku_id
for update of g;

-- name: list_waiting
select q.source_sequence as sequence, q.sku_code as sku, q.quantity as delta, q.at
from stock.quarantine as q
where q.feed_id = :feed_id and q.sku_code = any(:skus)
    and q.cause in ('negative', 'unknown_sku')
    and q.closed_at is null and q.source_sequence is not null
order by q.source_sequence;

-- name: put_events
insert into stock.feed_event (
    feed_id, source_sequence, sku_code, delta, at, verdict, heard_at
)
select :feed_id, u.sequence, u.sku, u.delta, u.at, u.verdict, :now
from unnest(
    :sequences::bigint[], :skus::text[], :deltas::bigint[], :ats::timestamptz[], :verdicts::text[]
) as u (sequence, sku, delta, at, verdict);

-- name: put_effects
insert into stock.feed_effect (feed_id, document_id, sku_id, source_sequence, delta, at)
select :feed_id, :document_id, u.sku, u.sequence, u.delta, u.at
from unnest(
    :sku_ids::uuid[], :sequences::bigint[], :deltas::bigint[], :ats::timestamptz[]
) as u (sku, sequence, delta, at);

-- name: close_waiting
update stock.quarantine set closed_at = :now
where feed_id = :feed_id and source_sequence = any(:sequences)
    and cause in ('negative', 'unknown_sku') and closed_at is null;

-- name: put_quarantine
insert into stock.quarantine (
    quarantine_id, feed_id, cause, sku_code, source_sequence, snapshot_id, quantity, at, heard_at
)
select u.id, :feed_id, u.cause, u.sku, u.sequence, :snapshot_id, u.quantity, u.at, :now
from unnest(
    :ids::uuid[], :causes::text[], :skus::text[], :sequences::bigint[], :quantities::bigint[],
    :ats::timestamptz[]
) as u (id, cause, sku, sequence, quantity, at);

-- name: list_bins
select s.code as sku, x.code as bin, b.status, b.lot, b.on_hand
from stock.balance as b
join catalog.sku as s on s.sku_id = b.sku_id
join nodes.bin as x on x.bin_id = b.place_id
where b.node_id = :node_id and b.sku_id = any(:sku_ids) and b.on_hand > 0 and b.owner = ''
order by b.sku_id, b.status <> 'good', b.status, x.code, b.lot;

-- name: last_snapshot
select max(s.as_of) from stock.snapshot as s
where s.feed_id = :feed_id and s.outcome = 'compared';

-- name: put_snapshot
insert into stock.snapshot (snapshot_id, feed_id, as_of, counted, outcome, heard_at, actor)
values (:snapshot_id, :feed_id, :as_of, :counted, :outcome, :now, :actor);

-- name: put_snapshot_lines
insert into stock.snapshot_line (snapshot_id, sku_code, quantity)
select :snapshot_id, u.sku, u.quantity
from unnest(:skus::text[], :quantities::bigint[]) as u (sku, quantity);

-- What changed our number after as_of: effects of sources count as of their own instants, all
-- other movements when they were posted. edited: units that hands added since both last agreed.
-- name: list_moved
select k.sku_id,
    coalesce((
        select sum(e.delta) from stock.feed_effect as e
        join stock.feed as f on f.feed_id = e.feed_id
        where f.node_id = :node_id and e.sku_id = k.sku_id and e.at > :as_of
    ), 0)::bigint + coalesce((
        select sum(o.delta) from stock.local_moves_v1(k.sku_id, :node_id) as o
        where o.at > :as_of
    ), 0)::bigint as after_as_of,
    coalesce((
        select sum(o.delta) from stock.local_moves_v1(k.sku_id, :node_id) as o
        where o.adjusts and o.at <= :as_of and (t.until is null or o.at > t.until)
    ), 0)::bigint as edited,
    coalesce((
        select sum(b.quantity) from stock.reservation_line as b
        join stock.reservation as v on v.reservation_id = b.reservation_id
        where b.sku_id = k.sku_id and b.node_id = :node_id and v.created_at <= :as_of
            and (v.closed_at is null or v.closed_at > :as_of)
    ), 0)::bigint as reserved
from unnest(:sku_ids::uuid[]) as k (sku_id)
left join stock.feed_settled as t on t.feed_id = :feed_id and t.sku_id = k.sku_id;

-- The newest events of these SKUs that are not settled.
-- name: list_evidence
select e.source_sequence as sequence, e.sku_code as sku, e.delta, e.at,
    x.feed_id is not null as applied, e.verdict = 'late' as late
from stock.feed_event as e
left join stock.feed_effect as x
    on x.feed_id = e.feed_id and x.source_sequence = e.source_sequence
join catalog.sku as s on s.code = e.sku_code
left join stock.feed_settled as t on t.feed_id = e.feed_id and t.sku_id = s.sku_id
where e.feed_id = :feed_id and e.sku_code = any(:skus)
    and (t.until is null or e.at > t.until or e.heard_at > t.until)
order by e.source_sequence desc
limit 5000;

-- name: settle
insert into stock.feed_settled as t (feed_id, sku_id, until)
select :feed_id, u.sku, :until from unnest(:sku_ids::uuid[]) as u (sku)
on conflict (feed_id, sku_id) do update set until = greatest(t.until, excluded.until);

-- name: list_open_drifts
select d.drift_id as id, d.sku_id, d.ours, d.theirs, d.cause, d.correction, d.as_of, d.sequence
from stock.drift as d
where d.feed_id = :feed_id and d.sku_id = any(:sku_ids) and d.state = 'open';

-- name: put_drift
insert into stock.drift (
    drift_id, feed_id, sku_id, ours, theirs, cause, correction, state, as_of, first_seen, sequence
) values (
    :drift_id, :feed_id, :sku_id, :ours, :theirs, :cause, :correction, 'open', :as_of, :now, 1
);

-- name: change_drift
update stock.drift
set ours = :ours, theirs = :theirs, cause = :cause, correction = :correction, as_of = :as_of,
    sequence = sequence + 1
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
select n.node_id, n.code as node, f.code as feed, d.sku_id, s.code as sku
from stock.drift as d
join stock.feed as f on f.feed_id = d.feed_id
join nodes.node as n on n.node_id = f.node_id
join catalog.sku as s on s.sku_id = d.sku_id
where d.drift_id = :drift_id
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: list_drifts
select d.drift_id as id, f.code as feed, n.code as node, s.code as sku, d.ours, d.theirs,
    d.amount, d.cause, d.correction, d.state, d.as_of, d.first_seen, d.closed_at, d.document_id
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
