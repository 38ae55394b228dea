-- Pointers from documents to the closed periods that they tell about.

-- Effects of sources count at their own instants; the document is booked when it came.
-- name: note_told
insert into reconciliation.late_entry (
    document_id, sku_id, node_id, period_id, delta, dated_at, booked_at
)
select e.document_id, e.sku_id, min(w.node_id::text)::uuid, p.period_id, sum(e.delta)::bigint,
    min(e.at), o.at
from platform.feed as f
join platform.outbox as o on o.event_id = f.event_id
join stock.feed_effect as e on e.document_id = o.aggregate_id
join stock.feed as w on w.feed_id = e.feed_id
join reconciliation.period as p on p.state = 'closed' and e.at < p.until_at
    and (p.from_at is null or e.at >= p.from_at)
where f.feed_position > :after and f.feed_position <= :until
    and o.aggregate = 'stock_document' and o.sequence = 1 and o.at >= p.until_at
group by e.document_id, e.sku_id, p.period_id, o.at
on conflict do nothing;

-- Documents that were being written while their period was closed.
-- name: note_slow
insert into reconciliation.late_entry (
    document_id, sku_id, node_id, period_id, delta, dated_at, booked_at
)
select m.document_id, m.sku_id, min(coalesce(t.node_id, s.node_id)::text)::uuid, p.period_id,
    sum(
        case when t.kind in ('bin', 'transit') then m.quantity else 0 end
        - case when s.kind in ('bin', 'transit') then m.quantity else 0 end
    )::bigint, min(m.at), c.closed_at
from platform.feed as f
join platform.outbox as o on o.event_id = f.event_id
join reconciliation.period as p on p.state = 'closed' and o.at < p.until_at
    and (p.from_at is null or o.at >= p.from_at)
join reconciliation.closing as c on c.closing_id = p.closing_id and f.feed_position > c.mark
join stock.movement as m on m.document_id = o.aggregate_id
join stock.place as s on s.place_id = m.from_place
join stock.place as t on t.place_id = m.to_place
where f.feed_position > :after and f.feed_position <= :until
    and o.aggregate = 'stock_document' and o.sequence = 1 and not exists (
        select from reconciliation.closing_ahead as h
        where h.closing_id = c.closing_id and h.document_id = o.aggregate_id
    )
group by m.document_id, m.sku_id, p.period_id, c.closed_at
on conflict do nothing;

-- name: note_of_closing
insert into reconciliation.late_entry (
    document_id, sku_id, node_id, period_id, delta, dated_at, booked_at
)
select e.document_id, e.sku_id, min(w.node_id::text)::uuid, p.period_id, sum(e.delta)::bigint,
    min(e.at), d.at
from reconciliation.period as p
join stock.feed_effect as e on e.at < p.until_at and (p.from_at is null or e.at >= p.from_at)
join stock.document as d on d.document_id = e.document_id and d.at >= p.until_at
join stock.feed as w on w.feed_id = e.feed_id
where p.period_id = :period_id
group by e.document_id, e.sku_id, p.period_id, d.at
on conflict do nothing;
