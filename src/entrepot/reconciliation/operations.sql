-- Named writes of the reconciliation room: adding up the ledger, keeping what was found.

-- own: how old the last run is itself. reach: rows whose transaction is so old or younger were
-- written since that run looked; null where numbers of transactions tell nothing: after a restore
-- or two thousand million of them, with other nodes of a channel, and after the closing of a
-- period, which writes this row too.
-- name: take_progress
select p.mark, p.usable, p.late_mark, p.sound, case
        when p.written_by = p.xmin::text::bigint and p.pools = reconciliation.pools_v1()
        then reconciliation.reach_v1(p.changed_after)
    end as reach, age(p.xmin) as own
from reconciliation.progress as p for update;

-- Written, not only locked: of two steady blocks the later then sees that it has to begin again.
-- name: take_turn
update reconciliation.progress set mark = mark where only_one returning mark;

-- name: last_position
select coalesce(max(f.feed_position), 0)::bigint from platform.feed as f;

-- A page of the ledger's rows, so that the parts can be told.
-- name: rough_rows
select greatest(c.reltuples, 0)::bigint from pg_class as c
where c.oid = 'stock.movement'::regclass;

-- How much memory one sorting or hashing of this block may take; beyond it goes to disk.
-- name: bound_memory
select set_config('work_mem', :memory, true);

-- What takes milliseconds is not worth starting workers for.
-- name: work_alone
select set_config('max_parallel_workers_per_gather', '0', true);

-- Places outside: nothing is kept about what lies there.
-- name: list_outside
select p.place_id as id from stock.place as p
where p.kind in ('supplier', 'customer', 'adjustment', 'partner');

-- The whole ledger against the balances: both are added up at once, one against the other, so
-- only places that differ come out.
-- name: add_up_ledger
select 'balance' as kind, e.sku_id, p.node_id, e.place_id, null::uuid as channel_id, e.lot,
    e.owner, e.status, null::text as serial, (coalesce(b.on_hand, 0) + e.moved)::bigint as told,
    coalesce(b.on_hand, 0) as found
from (
    select y.sku_id, y.place_id, y.lot, y.owner, y.status, sum(y.quantity)::bigint as moved
    from (
        select m.sku_id, m.to_place as place_id, m.lot, m.owner, m.to_status as status, m.quantity
        from stock.movement as m
        where m.to_place <> all(:outside::uuid[])
            and (:parts = 1 or (uuid_hash(m.sku_id) & 2147483647) % :parts::integer = :part)
        union all
        select m.sku_id, m.from_place, m.lot, m.owner, m.from_status, -m.quantity
        from stock.movement as m
        where m.from_place <> all(:outside)
            and (:parts = 1 or (uuid_hash(m.sku_id) & 2147483647) % :parts = :part)
        union all
        select b.sku_id, b.place_id, b.lot, b.owner, b.status, -b.on_hand
        from stock.balance as b
        where :parts = 1 or (uuid_hash(b.sku_id) & 2147483647) % :parts = :part
    ) as y
    group by y.sku_id, y.place_id, y.lot, y.owner, y.status
    having sum(y.quantity) <> 0
    limit :most
) as e
left join stock.balance as b on b.sku_id = e.sku_id and b.place_id = e.place_id
    and b.lot = e.lot and b.owner = e.owner and b.status = e.status
left join stock.place as p on p.place_id = e.place_id;

-- Documents that were not yet added up: those with a later position, those without one.
-- name: put_arrived
insert into reconciliation.arrived (document_id)
select o.aggregate_id
from platform.feed as f
join platform.outbox as o on o.event_id = f.event_id
where f.feed_position > :after and o.aggregate = 'stock_document' and o.sequence = 1
    and not exists (
        select from reconciliation.ahead as h where h.document_id = o.aggregate_id
    )
union all
select o.aggregate_id
from platform.waiting_event as w
join platform.outbox as o on o.event_id = w.event_id
where o.aggregate = 'stock_document' and o.sequence = 1
    and not exists (
        select from reconciliation.ahead as h where h.document_id = o.aggregate_id
    );

-- name: add_arrived
insert into reconciliation.sum as s (sku_id, place_id, lot, owner, status, moved)
select y.sku_id, y.place_id, y.lot, y.owner, y.status, sum(y.quantity)::bigint
from (
    select m.sku_id, m.to_place as place_id, m.lot, m.owner, m.to_status as status, m.quantity
    from reconciliation.arrived as a
    join stock.movement as m on m.document_id = a.document_id
    where m.to_place <> all(:outside::uuid[])
    union all
    select m.sku_id, m.from_place, m.lot, m.owner, m.from_status, -m.quantity
    from reconciliation.arrived as a
    join stock.movement as m on m.document_id = a.document_id
    where m.from_place <> all(:outside)
) as y
group by y.sku_id, y.place_id, y.lot, y.owner, y.status
having sum(y.quantity) <> 0
on conflict (sku_id, place_id, lot, owner, status) do update set moved = s.moved + excluded.moved;

-- name: clear_arrived
delete from reconciliation.arrived;

-- After a whole run the sums are the balances, but where they differed: told of those.
-- name: copy_sums
insert into reconciliation.sum as s (sku_id, place_id, lot, owner, status, moved)
select b.sku_id, b.place_id, b.lot, b.owner, b.status, b.on_hand
from stock.balance as b
left join reconciliation.sum as o on o.sku_id = b.sku_id and o.place_id = b.place_id
    and o.lot = b.lot and o.owner = b.owner and o.status = b.status
where o.moved is distinct from b.on_hand
on conflict (sku_id, place_id, lot, owner, status) do update set moved = excluded.moved;

-- name: drop_sums
delete from reconciliation.sum as s
where not exists (
    select from stock.balance as b where b.sku_id = s.sku_id and b.place_id = s.place_id
        and b.lot = s.lot and b.owner = s.owner and b.status = s.status
);

-- name: put_sums
insert into reconciliation.sum as s (sku_id, place_id, lot, owner, status, moved)
select u.sku, u.place, u.lot, u.owner, u.status, u.moved
from unnest(
    :sku_ids::uuid[], :place_ids::uuid[], :lots::text[], :owners::text[], :statuses::text[],
    :moved::bigint[]
) as u (sku, place, lot, owner, status, moved)
on conflict (sku_id, place_id, lot, owner, status) do update set moved = excluded.moved;

-- name: clear_ahead
delete from reconciliation.ahead;

-- name: put_ahead
insert into reconciliation.ahead (document_id)
select o.aggregate_id
from platform.waiting_event as w
join platform.outbox as o on o.event_id = w.event_id
where o.aggregate = 'stock_document' and o.sequence = 1;

-- name: move_on
update reconciliation.progress
set mark = :mark, usable = :usable, late_mark = :mark, sound = :sound,
    changed_after = case
        when :kept::boolean then pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    end,
    pools = reconciliation.pools_v1()
where only_one;

-- In the savepoint of move_on: the number that the row has then is the one that it keeps.
-- name: sign_progress
update reconciliation.progress set written_by = xmin::text::bigint where only_one;

-- name: list_known_causes
select d.kind, d.at_key, d.amount, d.cause, d.suspect
from reconciliation.difference as d
where d.state = 'open' and d.cause <> 'follows'
limit :most;

-- name: put_differences
insert into reconciliation.difference as d (
    difference_id, kind, at_key, sku_id, node_id, place_id, channel_id, lot, owner, status, serial,
    told, found, cause, suspect, state, first_run, last_run, first_seen, sequence
)
select u.id, u.kind, u.at_key, u.sku, u.node, u.place, u.channel, u.lot, u.owner, u.status,
    u.serial, u.told, u.found, u.cause, u.suspect, 'open', :run_id, :run_id, :now, 1
from unnest(
    :ids::uuid[], :kinds::text[], :at_keys::text[], :sku_ids::uuid[], :node_ids::uuid[],
    :place_ids::uuid[], :channel_ids::uuid[], :lots::text[], :owners::text[], :statuses::text[],
    :serials::text[], :told::bigint[], :found::bigint[], :causes::text[], :suspects::uuid[]
) as u (
    id, kind, at_key, sku, node, place, channel, lot, owner, status, serial, told, found, cause,
    suspect
)
on conflict (kind, at_key) where state = 'open' do update
set told = excluded.told, found = excluded.found, cause = excluded.cause,
    suspect = excluded.suspect, last_run = excluded.last_run;

-- name: count_fresh
select count(*)::integer from reconciliation.difference as d where d.first_run = :run_id;

-- name: end_differences
update reconciliation.difference
set state = 'gone', closed_at = :now, closed_by = :actor, sequence = sequence + 1
where state = 'open' and last_run <> :run_id;

-- One event for each difference that this run opened or saw go.
-- name: tell_differences
select count(platform.put_event_v1(
    md5(d.difference_id::text || d.sequence)::uuid,
    case d.state when 'open' then 'difference.found' else 'difference.gone' end, 1,
    'stock_difference', d.difference_id, d.sequence, :now, :actor,
    jsonb_build_object('id', d.difference_id, 'kind', d.kind, 'warehouse', n.code)
)::text)
from reconciliation.difference as d
left join nodes.node as n on n.node_id = d.node_id
where d.first_run = :run_id or (d.state = 'gone' and d.closed_at = :now);

-- name: put_run
insert into reconciliation.run (
    run_id, mode, mark, documents, found, fresh, gone, more, drifts, violations, views, began_at,
    took_ms, actor
) values (
    :run_id, :mode, :mark, :documents, :found, :fresh, :gone, :more, :drifts, :violations, :views,
    :now, :took_ms, :actor
);

-- name: take_difference
select d.kind, d.sku_id, d.node_id, d.place_id, d.channel_id, d.lot, d.owner, d.status, d.serial,
    d.told, d.found
from reconciliation.difference as d
left join nodes.node as n on n.node_id = d.node_id
where d.difference_id = :difference_id and d.state = 'open'
    and (:warehouses::text[] is null or n.code = any(:warehouses))
for update of d;

-- name: close_difference
update reconciliation.difference
set state = 'corrected', closed_at = :now, closed_by = :actor, sequence = sequence + 1
where difference_id = :difference_id
returning sequence;

-- name: tell_corrected
select platform.put_event_v1(
    :event_id, 'difference.corrected', 1, 'stock_difference', :difference_id, :sequence, :now,
    :actor, (
        select jsonb_build_object('id', d.difference_id, 'kind', d.kind, 'warehouse', n.code)
        from reconciliation.difference as d
        left join nodes.node as n on n.node_id = d.node_id
        where d.difference_id = :difference_id
    )
);
