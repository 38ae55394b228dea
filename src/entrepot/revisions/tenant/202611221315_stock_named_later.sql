-- The stock room: goods that came before their SKU was kept by lot or serial get their name.

alter table stock.adjustment_line drop constraint adjustment_line_reason_check;
alter table stock.adjustment_line add constraint adjustment_line_reason_check check (
    reason in ('scrap', 'loss', 'found', 'reclassify', 'transfer_lost', 'named')
);

-- What was posted is what was asked for; what was not, moved nothing. Goods that get their name
-- leave without it and come with it.
create or replace view stock.violation_adjustment_moved as
with asked as (
    select
        a.adjustment_id,
        l.sku_id,
        r.reason,
        sum(l.quantity) as units
    from stock.adjustment as a
    inner join stock.adjustment_line as l on a.adjustment_id = l.adjustment_id
    cross join lateral unnest(
        case when l.reason = 'named' then array['loss', 'found'] else array[l.reason] end
    ) as r (reason)
    where a.document_id is not null
    group by a.adjustment_id, l.sku_id, r.reason
),

moved as (
    select
        a.adjustment_id,
        m.sku_id,
        m.reason,
        sum(m.quantity) as units
    from stock.adjustment as a
    inner join stock.movement as m on a.document_id = m.document_id
    group by a.adjustment_id, m.sku_id, m.reason
)

select
    coalesce(a.adjustment_id, m.adjustment_id) as adjustment_id,
    coalesce(a.units, 0) as asked,
    coalesce(m.units, 0) as moved
from asked as a
full join moved as m
    on a.adjustment_id = m.adjustment_id and a.sku_id = m.sku_id and a.reason = m.reason
where coalesce(a.units, 0) <> coalesce(m.units, 0);
