-- Goods without the lot or the serial that their SKU is kept by.

-- Of what is kept by lot and serial, those of the named lot before those of none.
-- name: list_nameless
select u.line, coalesce(x.lot, '') as lot, coalesce(x.units, 0)::bigint as there
from unnest(
    :lines::integer[], :sku_ids::uuid[], :bin_ids::uuid[], :lots::text[], :owners::text[],
    :statuses::text[]
) as u (line, sku_id, bin_id, lot, owner, status)
left join lateral (
    select y.lot, y.units
    from (
        select b.lot, b.on_hand - (
            select count(*) from stock.serial as r
            where s.serial_tracked and r.sku_id = b.sku_id and r.place_id = b.place_id
                and r.lot = b.lot and r.owner = b.owner and r.status = b.status
        ) as units
        from stock.balance as b
        join catalog.sku as s on s.sku_id = b.sku_id
        where b.sku_id = u.sku_id and b.place_id = u.bin_id and b.owner = u.owner
            and b.status = u.status and (b.lot = '' or (s.serial_tracked and b.lot = u.lot))
    ) as y
    where y.units > 0
    order by y.lot <> '' desc
    limit 1
) as x on true
order by u.line;
