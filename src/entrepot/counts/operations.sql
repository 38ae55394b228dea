-- Named writes of the counts room.

-- name: lock_bin
select b.bin_id
from nodes.bin as b
where b.bin_id = :bin_id
for no key update;

-- name: insert_count
insert into counts.count (
    count_id, what, node_id, bin_id, sku_id, rule, status, round, asked, other_eyes, units_off,
    opened_at, opened_by, sequence
)
select :count_id, :what, b.node_id, b.bin_id, :sku_id, :rule, 'open', 1, false, false, 0,
    :now, :actor, 1
from nodes.bin as b
where b.bin_id = :bin_id and not exists (
    select from counts.count as c
    where c.bin_id = b.bin_id and c.what = :what
        and c.status in ('open', 'counted', 'recount')
        and (c.sku_id is null or :sku_id::uuid is null or c.sku_id = :sku_id)
)
returning count_id;

-- name: take_count
select c.count_id, c.what, n.code as warehouse, c.node_id, c.bin_id, b.code as bin, c.sku_id,
    c.status, c.round, c.asked, c.other_eyes, c.begun_at, c.sequence
from counts.count as c
join nodes.node as n on n.node_id = c.node_id
join nodes.bin as b on b.bin_id = c.bin_id
where c.count_id = :count_id
    and (:warehouses::text[] is null or n.code = any(:warehouses))
for update of c;

-- name: begin
update counts.count set begun_at = :now, begun_by = :actor, sequence = sequence + 1
where count_id = :count_id
returning sequence;

-- name: put_book_begun
insert into counts.line (
    count_id, round, key, sku_id, lot, owner, stock_status, serial, parcel_id, book_begun
)
select :count_id, :round, g.key, g.sku_id, g.lot, g.owner, g.stock_status, g.serial, g.parcel_id,
    g.book
from unnest(
    :keys::text[], :sku_ids::uuid[], :lots::text[], :owners::text[], :stock_statuses::text[],
    :serials::text[], :parcel_ids::uuid[], :books::bigint[]
) as g (key, sku_id, lot, owner, stock_status, serial, parcel_id, book)
on conflict (count_id, round, key) do update set book_begun = excluded.book_begun;

-- name: put_counted
insert into counts.line (
    count_id, round, key, sku_id, lot, owner, stock_status, serial, parcel_id, book_begun,
    book_ended, counted
)
select :count_id, :round, g.key, g.sku_id, g.lot, g.owner, g.stock_status, g.serial, g.parcel_id,
    g.begun, g.ended, g.counted
from unnest(
    :keys::text[], :sku_ids::uuid[], :lots::text[], :owners::text[], :stock_statuses::text[],
    :serials::text[], :parcel_ids::uuid[], :begun::bigint[], :ended::bigint[],
    :counted::bigint[]
) as g (
    key, sku_id, lot, owner, stock_status, serial, parcel_id, begun, ended, counted
)
on conflict (count_id, round, key) do update
set book_ended = excluded.book_ended, counted = excluded.counted;

-- name: put_counter
insert into counts.counter (count_id, round, actor, at) values (:count_id, :round, :actor, :now);

-- name: end_round
update counts.count set status = :status, round = :round, asked = :asked,
    other_eyes = :other_eyes, units_off = :units_off, begun_at = :begun_at, begun_by = :begun_by,
    closed_at = :closed_at, closed_by = :closed_by, sequence = sequence + 1
where count_id = :count_id
returning sequence;

-- name: close
update counts.count set status = :status, asked = false, closed_at = :now, closed_by = :actor,
    sequence = sequence + 1
where count_id = :count_id
returning sequence;

-- name: put_limits
insert into counts.limits as l (
    node_id, free_units, four_eyes_units, four_eyes_minor, sequence
)
values (:node_id, :free_units, :four_eyes_units, :four_eyes_minor, 1)
on conflict (node_id) do update
set free_units = excluded.free_units, four_eyes_units = excluded.four_eyes_units,
    four_eyes_minor = excluded.four_eyes_minor, sequence = l.sequence + 1;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, 'count', :count_id, :sequence, :now, :actor, :body
);
