-- Goods that customers send back. Locks: what may come back of a reference, then as movements.

-- name: any_sale
select exists(
    select from stock.movement as m
    where m.reference = :reference and m.reason = 'sale' and m.reference <> ''
);

-- name: hold_returns
select stock.hold_returns_v1(:reference, :skus);

-- name: list_still_out
select o.sku_id, o.lot, o.serial, coalesce(o.shipped, 0) as shipped, o.units
from stock.still_out_v1(:reference, :skus) as o
order by o.sku_id, o.lot, o.serial;

-- name: list_sku_ids
select s.sku_id, s.code from catalog.sku as s where s.code = any(:skus::text[]);
