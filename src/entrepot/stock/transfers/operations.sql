-- Named statements of transfers. warehouses is the caller's scope: null means every one.

-- name: list_ends
select n.code, n.node_id, n.quantities_master as master
from nodes.node as n
where n.code = any(:codes) and n.closed_at is null;

-- name: may_pass
select nodes.may_supply_v1(:from_id, :to_id);

-- name: next_number
select platform.next_number_v1('transfer');

-- name: list_tracked
select s.code, s.sku_id, s.lot_tracked, s.serial_tracked
from catalog.sku as s
where s.code = any(:codes);

-- name: insert_transfer
insert into stock.transfer (
    transfer_id, code, from_node, to_node, owner, reference, state, expected_at, sequence,
    created_at, created_by
) values (
    :id, :code, :from_id, :to_id, :owner, :reference, 'draft', :expected_at, 1, :now, :actor
);

-- name: insert_lines
insert into stock.transfer_line (transfer_id, line, sku_id, lot, status, quantity)
select :id, u.line, u.sku_id, u.lot, u.status, u.qty
from unnest(:skus::uuid[], :lots::text[], :statuses::text[], :qtys::bigint[]) with ordinality
    as u (sku_id, lot, status, qty, line);

-- The end names whose side acts: from, to, or (any) either.
-- name: take_transfer
select x.transfer_id, x.code, x.reference, x.owner, x.state, f.node_id as from_id,
    f.code as from_code, f.quantities_master as from_master, t.node_id as to_id,
    t.code as to_code, t.quantities_master as to_master,
    nodes.may_supply_v1(f.node_id, t.node_id) as may_pass, x.expected_at
from stock.transfer as x
join nodes.node as f on f.node_id = x.from_node
join nodes.node as t on t.node_id = x.to_node
where x.transfer_id = :id and (
    :warehouses::text[] is null
    or (:side::text in ('from', 'any') and f.code = any(:warehouses))
    or (:side::text in ('to', 'any') and t.code = any(:warehouses))
)
for update of x;

-- name: list_lines
select s.code as sku, l.lot, l.status, l.quantity as qty
from stock.transfer_line as l
join catalog.sku as s on s.sku_id = l.sku_id
where l.transfer_id = :id
order by l.line;

-- name: hold_guards
select stock.hold_guards_v1(array_agg(x.sku_id), array_agg(x.node_id))
from (
    select s.sku_id, n.node_id
    from catalog.sku as s
    cross join unnest(:nodes::uuid[]) as n (node_id)
    where s.code = any(:skus)
) as x
having count(*) > 0;

-- name: choose_goods
select u.sku, b.code as bin, g.lot, g.quantity as qty, u.status, u.line::integer as line
from unnest(:skus::text[], :statuses::text[]) with ordinality as u (sku, status, line)
join stock.choose_goods_v1(
    :now, :node_id, :owner,
    (
        select array_agg(s.sku_id order by v.place)
        from unnest(:skus::text[]) with ordinality as v (code, place)
        join catalog.sku as s on s.code = v.code
    ),
    :lots, :statuses, :qtys
) as g on g.line = u.line
join nodes.bin as b on b.bin_id = g.place_id
order by u.line, b.code, g.lot;

-- name: list_serials
select s.code as sku, r.serial, b.code as bin, r.lot, r.status, r.owner
from unnest(:skus::text[], :serials::text[]) as u (sku, serial)
join catalog.sku as s on s.code = u.sku
join stock.serial as r on r.sku_id = s.sku_id and r.serial = u.serial
join nodes.bin as b on b.bin_id = r.place_id and b.node_id = :node_id;

-- name: insert_place
insert into stock.place (place_id, kind, code) values (:id, 'transit', :code);

-- name: insert_transit
insert into stock.transit (transfer_id, sku_id, lot, status, serial, sent)
select :id, s.sku_id, u.lot, u.status, u.serial, sum(u.qty)::bigint
from unnest(
    :skus::text[], :lots::text[], :statuses::text[], :serials::text[], :qtys::bigint[]
) as u (sku, lot, status, serial, qty)
join catalog.sku as s on s.code = u.sku
group by s.sku_id, u.lot, u.status, u.serial;

-- name: list_coming
select s.code as sku, g.lot, g.serial, g.status, g.sent - g.received - g.lost as rest,
    l.expired_at is not null as lot_expired
from stock.transit as g
join catalog.sku as s on s.sku_id = g.sku_id
left join stock.lot as l on l.sku_id = g.sku_id and l.lot = g.lot
where g.transfer_id = :id and g.sent > g.received + g.lost
order by s.code, l.expires_on nulls last, g.lot, g.status, g.serial;

-- name: count_arrived
update stock.transit as g
set received = g.received + x.came, lost = g.lost + x.gone
from (
    select s.sku_id, u.lot, u.status, u.serial, sum(u.came)::bigint as came,
        sum(u.gone)::bigint as gone
    from unnest(
        :skus::text[], :lots::text[], :statuses::text[], :serials::text[], :came::bigint[],
        :gone::bigint[]
    ) as u (sku, lot, status, serial, came, gone)
    join catalog.sku as s on s.code = u.sku
    group by s.sku_id, u.lot, u.status, u.serial
) as x
where g.transfer_id = :id and g.sku_id = x.sku_id and g.lot = x.lot and g.status = x.status
    and g.serial = x.serial;

-- name: expect
select stock.expect_v1(array_agg(s.sku_id), array_agg(:node_id::uuid), array_agg(u.units))
from unnest(:skus::text[], :units::bigint[]) as u (sku, units)
join catalog.sku as s on s.code = u.sku
having count(*) > 0;

-- name: step
update stock.transfer as x
set state = :state, sequence = x.sequence + 1, expected_at = :expected_at,
    short_reason = :short_reason,
    sent_at = case when :state = 'sent' then coalesce(x.sent_at, :now) else x.sent_at end,
    sent_by = case when :state = 'sent' then coalesce(x.sent_by, :actor) else x.sent_by end,
    closed_at = case when :state in ('received', 'short', 'cancelled') then :now end,
    closed_by = case when :state in ('received', 'short', 'cancelled') then :actor end
where x.transfer_id = :id
returning x.sequence;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, 'transfer', :id, :sequence, :now, :actor, :body
);

-- Whether moving this movement back would change what a transfer says of itself.
-- name: is_of_a_transfer
select exists(
    select from stock.movement as m
    join stock.transfer as x on x.transfer_id in (m.from_place, m.to_place)
    where m.movement_id = :movement_id and (:warehouses::text[] is null or not exists (
        select from stock.place as p
        join nodes.node as n on n.node_id = p.node_id
        where p.place_id in (m.from_place, m.to_place) and n.code <> all(:warehouses)
    ))
);

-- name: list_transfers
select x.transfer_id as id, x.code, x.reference, f.code as from_, t.code as to_, x.owner, x.state,
    coalesce(l.asked, 0)::bigint as asked, coalesce(g.sent, 0)::bigint as sent,
    coalesce(g.received, 0)::bigint as received, coalesce(g.lost, 0)::bigint as lost,
    x.created_at, x.sent_at, x.expected_at, x.closed_at,
    x.state = 'sent' and coalesce(x.expected_at < :now, false) as overdue
from stock.transfer as x
join nodes.node as f on f.node_id = x.from_node
join nodes.node as t on t.node_id = x.to_node
left join lateral (
    select sum(y.quantity) as asked from stock.transfer_line as y
    where y.transfer_id = x.transfer_id
) as l on true
left join lateral (
    select sum(y.sent) as sent, sum(y.received) as received, sum(y.lost) as lost
    from stock.transit as y where y.transfer_id = x.transfer_id
) as g on true
where (:id::uuid is null or x.transfer_id = :id)
    and (:before::uuid is null or x.transfer_id < :before)
    and (:states::text[] is null or x.state = any(:states))
    and (:from_node::text is null or f.code = :from_node)
    and (:to_node::text is null or t.code = :to_node)
    and (:node::text is null or :node in (f.code, t.code))
    and (not :overdue::boolean or (x.state = 'sent' and x.expected_at < :now))
    and (
        :code::text = '' or x.code = upper(:code) or x.reference = :code or exists (
            select from stock.transfer_line as y
            join catalog.sku as s on s.sku_id = y.sku_id and s.code = any(:skus::text[])
            where y.transfer_id = x.transfer_id and x.state = 'draft'
        ) or exists (
            select from stock.transit as y
            join catalog.sku as s on s.sku_id = y.sku_id and s.code = any(:skus)
            where y.transfer_id = x.transfer_id and y.sent > y.received + y.lost
        )
    )
    and (
        :warehouses::text[] is null or f.code = any(:warehouses) or t.code = any(:warehouses)
    )
order by x.transfer_id desc
limit :most;

-- name: list_shown_lines
select s.code as sku, l.lot, l.status, l.quantity as qty, coalesce(g.sent, 0)::bigint as sent,
    coalesce(g.received, 0)::bigint as received, coalesce(g.lost, 0)::bigint as lost
from stock.transfer_line as l
join catalog.sku as s on s.sku_id = l.sku_id
left join lateral (
    select sum(y.sent) as sent, sum(y.received) as received, sum(y.lost) as lost
    from stock.transit as y
    where y.transfer_id = l.transfer_id and y.sku_id = l.sku_id and y.status = l.status
        and (l.lot = '' or y.lot = l.lot)
) as g on true
where l.transfer_id = :id
order by l.line;

-- name: list_goods
select s.code as sku, g.lot, g.serial, g.status, g.sent, g.received, g.lost
from stock.transit as g
join catalog.sku as s on s.sku_id = g.sku_id
where g.transfer_id = :id
order by s.code, g.lot, g.status, g.serial;

-- Why it was closed short, and the request to do so that waits for a second pair of eyes.
-- name: find_short
select x.short_reason as reason, a.adjustment_id as asked
from stock.transfer as x
left join stock.adjustment as a on a.transfer_id = x.transfer_id and a.state = 'requested'
where x.transfer_id = :id;

-- The request to close a transfer short, ended: everything came. One that was asked for while
-- something is under way stays.
-- name: end_asked
update stock.adjustment as a
set state = :state, ended_because = 'all_arrived', decided_at = :now, decided_by = :actor,
    sequence = a.sequence + 1
from stock.transfer as x
join nodes.node as n on n.node_id = x.to_node
where x.transfer_id = :id and x.state = 'received' and a.transfer_id = x.transfer_id
    and a.state = 'requested'
returning a.adjustment_id as id, a.sequence, n.code as node;

-- What is under way, and what a unit of it is worth.
-- name: list_worth
select s.code as sku, s.sku_id, g.lot, g.serial, g.status, g.sent - g.received - g.lost as rest,
    v.value_minor
from stock.transit as g
join catalog.sku as s on s.sku_id = g.sku_id
left join stock.unit_value as v on v.sku_id = g.sku_id
where g.transfer_id = :id and g.sent > g.received + g.lost
order by s.code, g.lot, g.status, g.serial;
