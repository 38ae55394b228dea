-- Views of the stock room that return rows only when something is wrong (SAFETY 2).

-- 1. on_hand of a bin, lot, owner and status is what came in less what went out.
create view stock.violation_balance as
with ends as (
    select
        m.to_place as place_id,
        m.sku_id,
        m.lot,
        m.owner,
        m.to_status as status,
        m.quantity
    from stock.movement as m
    union all
    select
        m.from_place,
        m.sku_id,
        m.lot,
        m.owner,
        m.from_status,
        -m.quantity
    from stock.movement as m
),

summed as (
    select
        e.place_id,
        e.sku_id,
        e.lot,
        e.owner,
        e.status,
        sum(e.quantity) as moved
    from ends as e
    inner join stock.place as p on e.place_id = p.place_id
    where p.kind in ('bin', 'transit')
    group by e.place_id, e.sku_id, e.lot, e.owner, e.status
)

select
    coalesce(s.place_id, b.place_id) as place_id,
    coalesce(s.sku_id, b.sku_id) as sku_id,
    coalesce(s.moved, 0) as moved,
    coalesce(b.on_hand, 0) as on_hand
from summed as s
full join stock.balance as b
    on
        s.place_id = b.place_id and s.sku_id = b.sku_id and s.lot = b.lot
        and s.owner = b.owner and s.status = b.status
where coalesce(s.moved, 0) <> coalesce(b.on_hand, 0);

-- 2. Every movement has two ends that exist; all places of a SKU together hold nothing.
create view stock.violation_movement_ends as
select
    m.movement_id,
    m.sku_id
from stock.movement as m
left join stock.place as f on m.from_place = f.place_id
left join stock.place as t on m.to_place = t.place_id
where f.place_id is null or t.place_id is null or m.quantity <= 0
    or (m.from_place = m.to_place and m.from_status = m.to_status);

create view stock.violation_sku_sum as
with outside as (
    select
        m.sku_id,
        sum(
            case when t.kind in ('bin', 'transit') then m.quantity else 0 end
            - case when f.kind in ('bin', 'transit') then m.quantity else 0 end
        ) as brought_in
    from stock.movement as m
    inner join stock.place as f on m.from_place = f.place_id
    inner join stock.place as t on m.to_place = t.place_id
    group by m.sku_id
),

inside as (
    select
        b.sku_id,
        sum(b.on_hand) as held
    from stock.balance as b
    group by b.sku_id
)

select
    coalesce(o.sku_id, i.sku_id) as sku_id,
    coalesce(o.brought_in, 0) as brought_in,
    coalesce(i.held, 0) as held
from outside as o
full join inside as i on o.sku_id = i.sku_id
where coalesce(o.brought_in, 0) <> coalesce(i.held, 0);

-- 3 and 5. The guarding row says what the balances of its node say. Goods of others and goods
-- that are not in order are blocked.
create view stock.violation_guard as
with held as (
    select
        b.sku_id,
        b.node_id,
        sum(b.on_hand) as on_hand,
        sum(case when b.status in ('good', 'promo') and b.owner = '' then 0 else b.on_hand end)
            as blocked
    from stock.balance as b
    where b.node_id is not null
    group by b.sku_id, b.node_id
)

select
    coalesce(g.sku_id, h.sku_id) as sku_id,
    coalesce(g.node_id, h.node_id) as node_id,
    g.on_hand as guard_on_hand,
    h.on_hand as held,
    g.blocked as guard_blocked,
    h.blocked as held_blocked
from stock.sku_node as g
full join held as h on g.sku_id = h.sku_id and g.node_id = h.node_id
where coalesce(g.on_hand, 0) <> coalesce(h.on_hand, 0)
    or coalesce(g.blocked, 0) <> coalesce(h.blocked, 0)
    or g.on_hand - g.reserved - g.blocked < 0;

-- 4. reserved and backordered are the sums of the open lines.
create view stock.violation_reserved as
with lines as (
    select
        l.sku_id,
        l.node_id,
        sum(l.quantity) as reserved,
        sum(l.backordered) as backordered
    from stock.reservation_line as l
    inner join stock.reservation as r on l.reservation_id = r.reservation_id
    where r.state = 'pending'
    group by l.sku_id, l.node_id
)

select
    coalesce(g.sku_id, l.sku_id) as sku_id,
    coalesce(g.node_id, l.node_id) as node_id,
    g.reserved as guard_reserved,
    l.reserved as line_reserved,
    g.backordered as guard_backordered,
    l.backordered as line_backordered
from stock.sku_node as g
full join lines as l on g.sku_id = l.sku_id and g.node_id = l.node_id
where coalesce(g.reserved, 0) <> coalesce(l.reserved, 0)
    or coalesce(g.backordered, 0) <> coalesce(l.backordered, 0);

-- 4. A line is open exactly while its reservation is pending.
create view stock.violation_line_open as
select
    l.reservation_id,
    l.sku_id,
    l.node_id
from stock.reservation_line as l
left join stock.reservation as r on l.reservation_id = r.reservation_id
where r.reservation_id is null or l.open <> (r.state = 'pending');

-- 5. The channel's copy says what the guarding rows of its pool say.
create view stock.violation_channel as
with told as (
    select
        cn.channel_id,
        g.sku_id,
        sum(greatest(0, g.available - g.safety)) as with_protected,
        sum(greatest(0, g.available - g.safety - g.protected)) as without_protected
    from stock.sku_node as g
    inner join nodes.channel_node as cn on g.node_id = cn.node_id
    group by cn.channel_id, g.sku_id
)

select
    coalesce(c.channel_id, t.channel_id) as channel_id,
    coalesce(c.sku_id, t.sku_id) as sku_id,
    c.pooled,
    case when c.uses_protected then t.with_protected else t.without_protected end as guards_say
from stock.channel_available as c
full join told as t on c.channel_id = t.channel_id and c.sku_id = t.sku_id
where c.channel_id is null or c.pooled <> coalesce(
    case when c.uses_protected then t.with_protected else t.without_protected end, 0
);

-- 8. A serial lies where its last movement took it; a lot that expired offers nothing.
create view stock.violation_serial as
select
    s.sku_id,
    s.serial,
    s.place_id,
    coalesce(sum(
        case when m.to_place = s.place_id and m.from_place <> s.place_id then 1 else 0 end
        - case when m.from_place = s.place_id and m.to_place <> s.place_id then 1 else 0 end
    ), 0) as net
from stock.serial as s
inner join stock.place as p on s.place_id = p.place_id and p.kind in ('bin', 'transit')
left join stock.movement as m on s.sku_id = m.sku_id and s.serial = m.serial
group by s.sku_id, s.serial, s.place_id
having coalesce(sum(
    case when m.to_place = s.place_id and m.from_place <> s.place_id then 1 else 0 end
    - case when m.from_place = s.place_id and m.to_place <> s.place_id then 1 else 0 end
), 0) <> 1;

create view stock.violation_expired_lot as
select
    b.sku_id,
    b.lot,
    b.place_id,
    b.on_hand
from stock.balance as b
inner join stock.lot as l on b.sku_id = l.sku_id and b.lot = l.lot
where l.expired_at is not null and b.on_hand > 0 and b.status in ('good', 'promo');

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view stock.violation_reservation_event as
select
    r.reservation_id,
    r.sequence,
    count(o.event_id) as events
from stock.reservation as r
left join platform.outbox as o
    on o.aggregate = 'reservation' and r.reservation_id = o.aggregate_id
group by r.reservation_id, r.sequence
having count(o.event_id) <> r.sequence;

create view stock.violation_document_event as
select
    d.document_id,
    d.sequence,
    count(o.event_id) as events
from stock.document as d
left join platform.outbox as o
    on o.aggregate = 'stock_document' and d.document_id = o.aggregate_id
group by d.document_id, d.sequence
having count(o.event_id) <> d.sequence;
