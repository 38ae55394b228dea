-- The stock room: who waits for goods is found at once; what is between nodes does not expire.

create index sku_node_waiting on stock.sku_node (sku_id, node_id) where backordered > 0;

-- SAFETY 2.8: an expired lot is not allocatable. What is in transit is in no node that could
-- allocate it, and a lot past its date is refused as good where it arrives.
create or replace view stock.violation_expired_lot as
select
    b.sku_id,
    b.lot,
    b.place_id,
    b.on_hand
from stock.balance as b
inner join stock.lot as l on b.sku_id = l.sku_id and b.lot = l.lot
where
    l.expired_at is not null
    and b.on_hand > 0
    and b.status in ('good', 'promo')
    and b.node_id is not null;
