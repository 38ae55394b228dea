-- Named reads of the counts room. warehouses is the caller's scope: null means every one.

-- name: list_counts
select c.count_id as id, c.what, n.code as warehouse, b.code as bin, s.code as sku, c.rule,
    c.status, c.round, c.asked, c.opened_at, c.begun_at, c.begun_by, c.closed_at, c.closed_by
from counts.count as c
join nodes.node as n on n.node_id = c.node_id
join nodes.bin as b on b.bin_id = c.bin_id
left join catalog.sku as s on s.sku_id = c.sku_id
where (:warehouse::text is null or n.code = :warehouse)
    and (:status::text is null or c.status = :status)
    and (not :live or c.status in ('open', 'counted', 'recount'))
    and (:after::uuid is null or c.count_id < :after)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by c.count_id desc
limit :most;

-- Live sheets as one walks along the bins, those that only wait for a decision behind them; of a
-- scanned code those of the bin or the SKU that it may stand for.
-- name: list_to_walk
select c.count_id as id, c.what, n.code as warehouse, b.code as bin, s.code as sku, c.rule,
    c.status, c.round, c.asked, c.opened_at, c.begun_at, c.begun_by, c.closed_at, c.closed_by
from counts.count as c
join nodes.node as n on n.node_id = c.node_id
join nodes.bin as b on b.bin_id = c.bin_id
left join catalog.sku as s on s.sku_id = c.sku_id
where n.code = :warehouse
    and c.status in ('open', 'counted', 'recount')
    and (:after::uuid is null or (c.asked, b.code, c.count_id) > (
        select p.asked, q.code, p.count_id
        from counts.count as p
        join nodes.bin as q on q.bin_id = p.bin_id
        where p.count_id = :after
    ))
    and (:code::text = '' or b.code = upper(:code) or s.code = any(:skus::text[]))
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by c.asked, b.code, c.count_id
limit :most;

-- name: get_summary
select c.count_id as id, c.what, n.code as warehouse, b.code as bin, s.code as sku, c.rule,
    c.status, c.round, c.asked, c.opened_at, c.begun_at, c.begun_by, c.closed_at, c.closed_by
from counts.count as c
join nodes.node as n on n.node_id = c.node_id
join nodes.bin as b on b.bin_id = c.bin_id
left join catalog.sku as s on s.sku_id = c.sku_id
where c.count_id = :count_id
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: get_outcome
select c.units_off, c.other_eyes, array(
    select k.actor from counts.counter as k where k.count_id = c.count_id order by k.round
) as counters
from counts.count as c
where c.count_id = :count_id;

-- name: list_lines
select l.key, l.sku_id, s.code as sku, l.lot, l.owner, l.stock_status, l.serial, l.parcel_id,
    l.book_begun, l.book_ended, l.counted, v.value_minor as unit_minor
from counts.line as l
left join catalog.sku as s on s.sku_id = l.sku_id
left join stock.unit_value as v on v.sku_id = l.sku_id
where l.count_id = :count_id and l.round = :round
order by l.key;

-- name: list_tracking_numbers
select p.parcel_id, p.tracking_number
from parcels.parcel as p
where p.parcel_id = any(:parcel_ids::uuid[]);

-- name: list_parcels_here
select p.parcel_id, p.tracking_number
from parcels.parcel as p
where p.parcel_id = any(:parcel_ids::uuid[]) and p.node_id = :node_id
    and p.status in ('received', 'inspected', 'stored', 'consolidating', 'exception');

-- name: find_limits
select l.free_units, l.four_eyes_units, l.four_eyes_minor
from counts.limits as l
where l.node_id = :node_id;

-- name: has_same_eyes
select access.same_eyes_v1(:actor, :others);

-- name: list_book_of_goods
select b.sku_id, s.code as sku, b.lot, b.owner, b.status, '' as serial, null::uuid as parcel_id,
    b.on_hand as book
from stock.balance as b
join catalog.sku as s on s.sku_id = b.sku_id
where b.place_id = :bin_id and b.on_hand > 0 and not s.serial_tracked
    and (:sku_id::uuid is null or b.sku_id = :sku_id)
union all
select r.sku_id, s.code, r.lot, r.owner, r.status, r.serial, null::uuid, 1::bigint
from stock.serial as r
join catalog.sku as s on s.sku_id = r.sku_id
where r.place_id = :bin_id and (:sku_id::uuid is null or r.sku_id = :sku_id);

-- name: list_book_of_parcels
select null::uuid as sku_id, '' as sku, '' as lot, '' as owner, '' as status, '' as serial,
    p.parcel_id, 1::bigint as book
from parcels.parcel as p
where p.bin_id = :bin_id and p.status in ('received', 'inspected', 'stored', 'consolidating');

-- name: list_skus
select g.code as asked, s.sku_id, s.code, s.serial_tracked, exists(
    select from catalog.kit_part as k where k.kit_sku_id = s.sku_id
) as is_kit, exists(
    select from stock.balance as b
    where b.sku_id = s.sku_id and b.on_hand > 0
        and (:bin_id::uuid is null or b.place_id = :bin_id)
) as is_there
from unnest(:codes::text[], :gtins::text[]) as g (code, gtin)
join catalog.sku as s on (s.closed_at is null or exists (
    -- what is there of a closed SKU is seen like everything else
    select from stock.balance as b
    where b.sku_id = s.sku_id and b.on_hand > 0
        and (:bin_id::uuid is null or b.place_id = :bin_id)
)) and (
    s.code = g.code or s.sku_id in (
        select a.sku_id from catalog.alias as a
        where a.kind = 'gtin' and a.unit is null and a.code = g.gtin
    )
)
order by s.code = g.code;

-- Parcels in custody of a node that bear one of these numbers, those of the bin first.
-- name: list_parcels_of_numbers
select p.tracking_number, p.parcel_id
from parcels.parcel as p
where p.tracking_number = any(:numbers::text[]) and p.node_id = :node_id
    and p.status in ('received', 'inspected', 'stored', 'consolidating', 'exception')
order by p.tracking_number, p.bin_id is distinct from :bin_id, p.piece, p.parcel_id;

-- What left bins of this node since a movement id, by SKU: units as the measure of turnover.
-- name: list_turnover
select s.code as key, coalesce(sum(m.quantity), 0)::bigint as value_minor, (
    select max(c.closed_at) from counts.count as c
    where c.node_id = :node_id and c.sku_id = s.sku_id and c.status = 'approved'
) as last_counted_at
from catalog.sku as s
join stock.sku_node as g on g.sku_id = s.sku_id and g.node_id = :node_id
left join (
    select v.sku_id, v.quantity
    from stock.movement as v
    join stock.place as p on p.place_id = v.from_place and p.node_id = :node_id
    where v.movement_id >= :since
) as m on m.sku_id = s.sku_id
where g.on_hand > 0
group by s.sku_id, s.code;

-- name: list_bins_of_sku
select b.code as bin, s.code as sku
from stock.balance as l
join catalog.sku as s on s.sku_id = l.sku_id
join nodes.bin as b on b.bin_id = l.place_id and b.node_id = :node_id
where s.code = any(:codes::text[]) and l.on_hand > 0
group by b.code, s.code
order by array_position(:codes::text[], s.code), b.code;

-- Bins that the book says are empty, where goods lay since they were last counted.
-- name: list_emptied_bins
select b.code as bin
from nodes.bin as b
join stock.balance as l on l.place_id = b.bin_id
where b.node_id = :node_id and b.closed_at is null
group by b.bin_id, b.code
having sum(l.on_hand) = 0 and max(l.first_at) > coalesce((
    select max(c.closed_at) from counts.count as c
    where c.bin_id = b.bin_id and c.what = 'stock' and c.status = 'approved'
), '-infinity'::timestamptz)
order by b.code
limit :most;

-- name: list_parcel_bins_due
select b.code as bin
from nodes.bin as b
join parcels.parcel as p on p.bin_id = b.bin_id
where b.node_id = :node_id and b.closed_at is null and not b.receiving
group by b.bin_id, b.code
order by (
    select max(c.closed_at) from counts.count as c
    where c.bin_id = b.bin_id and c.what = 'parcels' and c.status = 'approved'
) nulls first, b.code
limit :most;
