-- Named reads of what a scanned code stands for.

-- name: list_goods
select s.sku_id, s.code as sku, s.base_unit, s.lot_tracked, s.serial_tracked, s.expiry_tracked,
    s.closed_at is not null as closed,
    exists(select from catalog.kit_part as k where k.kit_sku_id = s.sku_id) as is_kit,
    (
        select coalesce(jsonb_object_agg(
            p.unit, p.base_numerator::text || '/' || p.base_denominator::text
        ), '{}')
        from catalog.pack as p where p.sku_id = s.sku_id
    ) as packs
from catalog.sku as s
where s.code = any(:skus::text[]);

-- name: list_lots
select l.sku_id, l.lot, l.expires_on
from stock.lot as l
where (l.sku_id, l.lot) in (
    select u.sku, u.lot from unnest(:skus::uuid[], :lots::text[]) as u (sku, lot)
);
