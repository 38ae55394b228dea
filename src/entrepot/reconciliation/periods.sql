-- Periods: closing, opening again, looking at them. warehouses is the caller's scope.

-- The period that was closed last.
-- name: last_closed
select p.period_id, p.code, p.until_at, p.closing_id, c.mark
from reconciliation.period as p
join reconciliation.closing as c on c.closing_id = p.closing_id
where p.state = 'closed'
order by p.until_at desc
limit 1;

-- name: find_period
select p.period_id, p.state, p.sequence from reconciliation.period as p where p.code = :code;

-- name: put_period
insert into reconciliation.period as p (
    period_id, code, from_at, until_at, state, closing_id, sequence
) values (:period_id, :code, :from_at, :until_at, 'closed', :closing_id, 1)
on conflict (code) do update
set from_at = excluded.from_at, until_at = excluded.until_at, state = 'closed',
    closing_id = excluded.closing_id, sequence = p.sequence + 1
returning p.sequence;

-- name: reopen
update reconciliation.period
set state = 'reopened', closing_id = null, sequence = sequence + 1
where code = :code
returning sequence;

-- Documents that the last closing had not seen though they are dated before its end.
-- name: put_late_documents
insert into reconciliation.arrived (document_id)
select o.aggregate_id
from platform.feed as f
join platform.outbox as o on o.event_id = f.event_id
where f.feed_position > :mark and o.aggregate = 'stock_document' and o.sequence = 1
    and o.at < :from_at and not exists (
        select from reconciliation.closing_ahead as h
        where h.closing_id = :closing_id and h.document_id = o.aggregate_id
    )
union all
select o.aggregate_id
from platform.waiting_event as w
join platform.outbox as o on o.event_id = w.event_id
where o.aggregate = 'stock_document' and o.sequence = 1 and o.at < :from_at and not exists (
    select from reconciliation.closing_ahead as h
    where h.closing_id = :closing_id and h.document_id = o.aggregate_id
);

-- What the period opened with, what came and went in it, place by place.
-- name: freeze
insert into reconciliation.period_balance (
    closing_id, sku_id, place_id, node_id, lot, owner, status, opening, moved_in, moved_out, late,
    closing
)
select :closing_id, y.sku_id, y.place_id, p.node_id, y.lot, y.owner, y.status,
    sum(y.opening)::bigint, sum(y.came)::bigint, sum(y.went)::bigint, sum(y.late)::bigint,
    sum(y.opening + y.came - y.went)::bigint
from (
    select b.sku_id, b.place_id, b.lot, b.owner, b.status, b.closing as opening, 0 as came,
        0 as went, 0 as late
    from reconciliation.period_balance as b
    where b.closing_id = :before
    union all
    select m.sku_id, m.to_place, m.lot, m.owner, m.to_status, 0, m.quantity, 0,
        case when m.at < :from_at then m.quantity else 0 end
    from stock.movement as m
    where m.at < :until_at and m.to_place <> all(:outside::uuid[]) and (
        :from_at::timestamptz is null or m.at >= :from_at
        or m.document_id in (select a.document_id from reconciliation.arrived as a)
    )
    union all
    select m.sku_id, m.from_place, m.lot, m.owner, m.from_status, 0, 0, m.quantity,
        case when m.at < :from_at then -m.quantity else 0 end
    from stock.movement as m
    where m.at < :until_at and m.from_place <> all(:outside) and (
        :from_at::timestamptz is null or m.at >= :from_at
        or m.document_id in (select a.document_id from reconciliation.arrived as a)
    )
) as y
left join stock.place as p on p.place_id = y.place_id
group by y.sku_id, y.place_id, p.node_id, y.lot, y.owner, y.status
having sum(y.opening) <> 0 or sum(y.came) <> 0 or sum(y.went) <> 0;

-- Places whose closing is not what all of the ledger adds up to.
-- name: count_unexplained
select count(*) from (
    select from (
        select m.sku_id, m.to_place as place_id, m.lot, m.owner, m.to_status as status, m.quantity
        from stock.movement as m
        where m.at < :until_at and m.to_place <> all(:outside::uuid[])
        union all
        select m.sku_id, m.from_place, m.lot, m.owner, m.from_status, -m.quantity
        from stock.movement as m
        where m.at < :until_at and m.from_place <> all(:outside)
        union all
        select b.sku_id, b.place_id, b.lot, b.owner, b.status, -b.closing
        from reconciliation.period_balance as b
        where b.closing_id = :closing_id
    ) as y
    group by y.sku_id, y.place_id, y.lot, y.owner, y.status
    having sum(y.quantity) <> 0
) as x;

-- name: put_closing
insert into reconciliation.closing (
    closing_id, period_id, from_at, until_at, mark, rows, unexplained, closed_at, actor
) values (
    :closing_id, :period_id, :from_at, :until_at, :mark, :rows, :unexplained, :now, :actor
);

-- name: put_closing_ahead
insert into reconciliation.closing_ahead (closing_id, document_id)
select :closing_id, o.aggregate_id
from platform.waiting_event as w
join platform.outbox as o on o.event_id = w.event_id
where o.aggregate = 'stock_document' and o.sequence = 1;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, 'stock_period', :period_id, :sequence, :now, :actor, :body
);

-- name: list_periods
select p.code, p.from_at, p.until_at, p.state, c.closed_at, coalesce(c.rows, 0) as rows,
    coalesce(c.unexplained, 0) as unexplained, (
        select count(*) from reconciliation.late_entry as l
        left join nodes.node as n on n.node_id = l.node_id
        join stock.document as d on d.document_id = l.document_id
        where l.period_id = p.period_id
            and (d.at >= p.until_at or l.booked_at >= c.closed_at)
            and (:warehouses::text[] is null or n.code = any(:warehouses))
    ) as late, coalesce(b.opening, 0)::bigint as opening,
    coalesce(b.moved_in, 0)::bigint as moved_in, coalesce(b.moved_out, 0)::bigint as moved_out,
    coalesce(b.closing, 0)::bigint as closing
from reconciliation.period as p
left join reconciliation.closing as c on c.closing_id = p.closing_id
left join lateral (
    select sum(x.opening) as opening, sum(x.moved_in) as moved_in, sum(x.moved_out) as moved_out,
        sum(x.closing) as closing
    from reconciliation.period_balance as x
    left join nodes.node as n on n.node_id = x.node_id
    where x.closing_id = p.closing_id
        and (:warehouses::text[] is null or n.code = any(:warehouses))
) as b on true
where (:code::text is null or p.code = :code)
    and (:before::text is null or exists (
        select from reconciliation.period as o
        where o.code = :before
            and (p.until_at < o.until_at or (p.until_at = o.until_at and p.code > o.code))
    ))
order by p.until_at desc, p.code
limit :most;

-- name: list_balances
select s.code as sku, n.code as node,
    case when n.code is null then l.code else concat_ws('/', n.code, l.code) end as place, b.lot,
    b.owner, b.status, b.opening, b.moved_in, b.moved_out, b.late, b.closing,
    concat_ws(chr(31), s.code, b.place_id, b.lot, b.owner, b.status) as cursor
from reconciliation.period as p
join reconciliation.period_balance as b on b.closing_id = p.closing_id
join catalog.sku as s on s.sku_id = b.sku_id
left join stock.place as l on l.place_id = b.place_id
left join nodes.node as n on n.node_id = b.node_id
where p.code = :code
    and (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:node::text is null or n.code = :node)
    and (:sku::text is null or s.code = :sku)
    and concat_ws(chr(31), s.code, b.place_id, b.lot, b.owner, b.status) > :after
order by cursor
limit :most;

-- What an earlier closing had missed belongs to the period since it was closed anew.
-- name: list_late
select l.document_id, s.code as sku, n.code as node, l.delta, l.dated_at, l.booked_at,
    concat_ws(chr(31), l.document_id, s.code) as cursor
from reconciliation.period as p
join reconciliation.late_entry as l on l.period_id = p.period_id
join stock.document as d on d.document_id = l.document_id
left join reconciliation.closing as c on c.closing_id = p.closing_id
join catalog.sku as s on s.sku_id = l.sku_id
left join nodes.node as n on n.node_id = l.node_id
where p.code = :code and (d.at >= p.until_at or l.booked_at >= c.closed_at)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
    and concat_ws(chr(31), l.document_id, s.code) > :after
order by cursor
limit :most;
