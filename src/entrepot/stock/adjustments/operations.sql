-- Adjustments: asking, deciding, reading. warehouses is the caller's scope: null means every one.

-- name: find_node
select n.node_id
from nodes.node as n
where n.code = :node and n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- Whoever adjusts in a node waits for the one before: else two would both be within a limit.
-- What counts everywhere waits for all.
-- name: lock_node
select n.node_id from nodes.node as n
where :everywhere::boolean or n.node_id = :node_id
order by n.node_id
for no key update;

-- name: list_named
select s.sku_id, b.bin_id, b.code as bin, v.value_minor, s.lot_tracked, s.serial_tracked
from unnest(:skus::text[], :bins::text[]) with ordinality as u (sku, bin, line)
left join catalog.sku as s on s.code = u.sku and (s.closed_at is null or exists (
    -- what is there of a closed SKU is broken or lost like everything else
    select from stock.balance as y
    where y.sku_id = s.sku_id and y.node_id = :node_id and y.on_hand > 0
))
left join lateral (
    select x.bin_id, x.code
    from nodes.bin as x
    where x.node_id = :node_id and x.closed_at is null
        and case when u.bin is null then x.receiving else x.code = u.bin end
    limit 1
) as b on true
left join stock.unit_value as v on v.sku_id = s.sku_id
order by u.line;

-- name: list_missing
select u.line::integer as line, coalesce(b.on_hand, 0) as there
from unnest(
    :sku_ids::uuid[], :bin_ids::uuid[], :lots::text[], :owners::text[], :statuses::text[],
    :qtys::bigint[], :serials::text[]
) with ordinality as u (sku_id, bin_id, lot, owner, status, qty, serial, line)
left join stock.balance as b
    on b.sku_id = u.sku_id and b.place_id = u.bin_id and b.lot = u.lot and b.owner = u.owner
    and b.status = u.status
where coalesce(b.on_hand, 0) < u.qty or (u.serial is not null and not exists (
    select from stock.serial as s
    where s.sku_id = u.sku_id and s.serial = u.serial and s.place_id = u.bin_id
        and s.lot = u.lot and s.owner = u.owner and s.status = u.status
))
order by u.line;

-- What one pair of eyes adjusted, or called back and scrapped: no large one is made of small ones.
-- What was lost in the common place of goods under way counts in every node's day: it is of none.
-- name: find_before
select coalesce(sum(x.units), 0)::bigint as units,
    coalesce(sum(x.value_minor), 0)::bigint as value_minor
from (
    select a.units, a.value_minor
    from stock.adjustment as a
    where (a.node_id = :node_id or a.cause = 'lost_on_the_way' and a.transfer_id is null)
        and a.state = 'posted' and a.kind = 'adjust'
        and a.asked_at > :since and access.same_eyes_v1(:actor, array[a.asked_by])
    union all
    select m.quantity, m.quantity * v.value_minor
    from stock.recall as r
    join stock.movement as m on m.document_id = r.closing_document_id
    join stock.place as f on f.place_id = m.from_place and f.node_id = :node_id
    left join stock.unit_value as v on v.sku_id = m.sku_id
    where r.state = 'scrapped' and r.closed_at > :since
        and access.same_eyes_v1(:actor, array[r.opened_by])
        and access.same_eyes_v1(:actor, array[r.closed_by])
) as x;

-- name: find_moved_back
select coalesce(sum(m.quantity), 0)::bigint as units,
    coalesce(sum(m.quantity * v.value_minor), 0)::bigint as value_minor
from stock.movement as m
join stock.place as f on f.place_id = m.from_place
join stock.place as t on t.place_id = m.to_place
left join stock.unit_value as v on v.sku_id = m.sku_id
left join stock.movement as o on o.movement_id = m.reverses
left join stock.adjustment as a on a.document_id = o.document_id
where m.reverses is not null and m.at > :since and 'adjustment' in (f.kind, t.kind)
    and coalesce(f.node_id, t.node_id, a.node_id) = :node_id
    and access.same_eyes_v1(:actor, array[m.actor]);

-- A movement to be moved back: the node whose book it changed by somebody's word alone (null:
-- there was a partner at the other end, or only the place changed), and what it made of what.
-- name: find_reversed
select case when 'adjustment' in (f.kind, t.kind)
        then coalesce(f.node_id, t.node_id, a.node_id)
    end as node_id, m.quantity as units, m.quantity * v.value_minor as value_minor,
    array_remove(array[m.actor, a.asked_by], null) as actors, m.from_status, m.to_status,
    f.kind = 'bin' and t.kind = 'bin' as inside
from stock.movement as m
join stock.place as f on f.place_id = m.from_place
join stock.place as t on t.place_id = m.to_place
left join stock.adjustment as a on a.document_id = m.document_id
left join stock.unit_value as v on v.sku_id = m.sku_id
where m.movement_id = :movement_id and (:warehouses::text[] is null or not exists (
    select from nodes.node as n
    where n.node_id in (f.node_id, t.node_id, a.node_id) and n.code <> all(:warehouses)
));

-- name: put_adjustment
insert into stock.adjustment (
    adjustment_id, kind, node_id, cause, state, over, units, value_minor, document_id, asked_at,
    asked_by, sequence, transfer_id, short_reason
)
values (
    :id, :kind, :node_id, :cause, :state, :over, :units, :value_minor, :document_id, :now,
    :actor, 1, :transfer_id, :short_reason
);

-- name: put_lines
insert into stock.adjustment_line (
    adjustment_id, line, sku_id, bin_id, reason, quantity, status, to_status, lot, serial, owner,
    expires_on
)
select :id, u.line, u.sku_id, u.bin_id, u.reason, u.quantity, u.status, u.to_status, u.lot,
    u.serial, u.owner, u.expires_on
from unnest(
    :sku_ids::uuid[], :bin_ids::uuid[], :reasons::text[], :qtys::bigint[], :statuses::text[],
    :to_statuses::text[], :lots::text[], :serials::text[], :owners::text[], :expires::date[]
) with ordinality as u (
    sku_id, bin_id, reason, quantity, status, to_status, lot, serial, owner, expires_on, line
);

-- name: put_note
insert into stock.adjustment_note (adjustment_id, about, note) values (:id, :about, :note);

-- name: erase_notes
delete from stock.adjustment_note where adjustment_id = :id;

-- Who receives a transfer ends what was asked of it: the transfer is locked before the adjustment.
-- A lock, and nothing told: whose adjustment it is asks take_adjustment.
-- name: lock_transfer_of
select x.transfer_id
from stock.adjustment as a
join stock.transfer as x on x.transfer_id = a.transfer_id
where a.adjustment_id = :id
for update of x;

-- name: take_adjustment
select a.adjustment_id as id, a.node_id, n.code as node, a.kind, a.state, a.asked_by, a.cause,
    a.transfer_id, a.short_reason
from stock.adjustment as a
join nodes.node as n on n.node_id = a.node_id
where a.adjustment_id = :id and (:warehouses::text[] is null or n.code = any(:warehouses))
for update of a;

-- name: has_same_eyes
select access.same_eyes_v1(:actor, :others);

-- name: decide
update stock.adjustment
set state = :state, document_id = :document_id, decided_at = :now, decided_by = :actor,
    sequence = sequence + 1
where adjustment_id = :id
returning sequence;

-- name: list_kept_lines
select s.code as sku, coalesce(b.code, x.code, 'TRANSIT') as bin, coalesce(
        l.bin_id, a.transfer_id, '00000000-0000-7000-8000-000000000005'
    ) as place_id, l.sku_id, l.reason, l.quantity as qty, l.status,
    l.to_status, l.lot, l.serial, l.owner, l.expires_on
from stock.adjustment_line as l
join stock.adjustment as a on a.adjustment_id = l.adjustment_id
join catalog.sku as s on s.sku_id = l.sku_id
left join nodes.bin as b on b.bin_id = l.bin_id
left join stock.transfer as x on x.transfer_id = a.transfer_id
where l.adjustment_id = :id
order by l.line;

-- name: list_lines
select s.code as sku, coalesce(b.code, x.code, 'TRANSIT') as bin, l.reason, l.quantity as qty,
    l.status, l.to_status, l.lot, l.serial, l.owner
from stock.adjustment_line as l
join stock.adjustment as a on a.adjustment_id = l.adjustment_id
join catalog.sku as s on s.sku_id = l.sku_id
left join nodes.bin as b on b.bin_id = l.bin_id
left join stock.transfer as x on x.transfer_id = a.transfer_id
where l.adjustment_id = :id
order by l.line;

-- name: list_adjustments
select a.adjustment_id as id, a.kind, n.code as node, a.cause, a.state, a.over, a.units,
    a.value_minor, a.document_id, a.asked_at, a.asked_by, a.decided_at, a.decided_by,
    a.transfer_id, a.short_reason, a.ended_because
from stock.adjustment as a
join nodes.node as n on n.node_id = a.node_id
where (:node::text is null or n.code = :node)
    and (:state::text is null or a.state = :state)
    and (:before::uuid is null or a.adjustment_id < :before)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by a.adjustment_id desc
limit :most;

-- name: find_summary
select a.adjustment_id as id, a.kind, n.code as node, a.cause, a.state, a.over, a.units,
    a.value_minor, a.document_id, a.asked_at, a.asked_by, a.decided_at, a.decided_by,
    a.transfer_id, a.short_reason, a.ended_because
from stock.adjustment as a
join nodes.node as n on n.node_id = a.node_id
where a.adjustment_id = :id and (:warehouses::text[] is null or n.code = any(:warehouses));

-- name: list_notes
select k.about, k.note from stock.adjustment_note as k where k.adjustment_id = :id;

-- What is not in order, by node and status: the cursor is node, status, SKU, bin, lot, owner.
-- name: list_kept_back
select s.code as sku, n.code as node, x.code as bin, b.lot, l.expires_on, b.owner, b.status,
    b.on_hand, b.first_at as since, stock.recall_of_v1(b.sku_id, b.lot) as recall_id
from nodes.node as n
join stock.balance as b
    on b.node_id = n.node_id and b.status not in ('good', 'promo')
    and b.status = any(:statuses::text[])
join catalog.sku as s on s.sku_id = b.sku_id
join nodes.bin as x on x.bin_id = b.place_id
left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
where b.on_hand > 0 and (:node::text is null or n.code = :node)
    and (:sku::text is null or s.code = :sku)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
    and (n.code, b.status, s.code, x.code, b.lot, b.owner) > (
        :after_node::text, :after_status::text, :after_sku::text, :after_bin::text,
        :after_lot::text, :after_owner::text
    )
order by n.code, b.status, s.code, x.code, b.lot, b.owner
limit :most;

-- name: put_values
insert into stock.unit_value as v (sku_id, value_minor, set_at, set_by)
select u.sku_id, u.value_minor, :now, :actor
from unnest(:sku_ids::uuid[], :values::bigint[]) as u (sku_id, value_minor)
order by u.sku_id
on conflict (sku_id) do update
set value_minor = excluded.value_minor, set_at = excluded.set_at, set_by = excluded.set_by;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, 'adjustment', :id, :sequence, :now, :actor, :body
);
