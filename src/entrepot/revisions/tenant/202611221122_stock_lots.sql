-- The stock room: lots and serials traced by index, goods kept back listed by index.

create index movement_by_lot on stock.movement (sku_id, lot, movement_id) where lot <> '';
create index movement_by_serial on stock.movement (sku_id, serial, movement_id)
where serial is not null;
-- Pages of a reference come in the order of movements.
create index movement_of_reference on stock.movement (reference, movement_id)
where reference <> '';
drop index stock.movement_by_reference;
create index balance_by_lot on stock.balance (sku_id, lot) where lot <> '';
create index balance_kept_back on stock.balance (node_id, status, sku_id)
where status not in ('good', 'promo');
create index lot_by_name on stock.lot (lot, sku_id);
create index serial_by_number on stock.serial (serial, sku_id);
create index serial_by_lot on stock.serial (sku_id, lot) where lot <> '';
