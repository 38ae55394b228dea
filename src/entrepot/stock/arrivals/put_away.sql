-- Goods from the dock into bins. warehouses is the caller's scope: null means every one.

-- What lies in a bin of a SKU: one row for each lot, owner and status, with its serials.
-- name: list_kinds
select b.lot, b.owner, b.status, b.on_hand, x.code as bin, array(
    select r.serial from stock.serial as r
    where r.sku_id = b.sku_id and r.place_id = b.place_id and r.lot = b.lot
        and r.owner = b.owner and r.status = b.status
    order by r.serial
) as serials
from stock.balance as b
join nodes.bin as x on x.bin_id = b.place_id
join nodes.node as n on n.node_id = x.node_id
where b.sku_id = :sku_id and b.on_hand > 0 and n.code = :node
    and case when :bin::text is null then x.receiving else x.code = :bin end
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by b.status, b.lot, b.owner;

-- name: find_bin_kind
select x.receiving
from nodes.bin as x
join nodes.node as n on n.node_id = x.node_id
where n.code = :node and x.code = :bin and x.closed_at is null and n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses));

-- What waits in receiving bins, oldest first, behind (after_at, after_key).
-- name: list_dock
select jsonb_build_object(
    'sku', s.code, 'names', s.names, 'bin', x.code, 'lot', b.lot, 'expires_on', l.expires_on,
    'owner', b.owner, 'status', b.status, 'on_hand', b.on_hand, 'first_at', b.first_at,
    'serials', array(
        select r.serial from stock.serial as r
        where r.sku_id = b.sku_id and r.place_id = b.place_id and r.lot = b.lot
            and r.owner = b.owner and r.status = b.status
        order by r.serial
        limit 500
    )
) as body
from nodes.node as n
join nodes.bin as x on x.node_id = n.node_id and x.receiving
join stock.balance as b on b.place_id = x.bin_id and b.on_hand > 0
join catalog.sku as s on s.sku_id = b.sku_id
left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
where n.code = :node and (:warehouses::text[] is null or n.code = any(:warehouses))
    and (s.code, b.lot, b.owner, b.status) > (:sku, :lot, :owner, :status)
order by s.code, b.lot, b.owner, b.status
limit :most;

-- Bins for units of a SKU: where the lot lies, where the SKU lies, then empty ones that are large
-- enough. A bin's load is what the goods in it weigh; goods without a weight weigh nothing. Goods
-- with a battery go where batteries go, others never there.
-- name: suggest_bins
select f.bin, f.why, f.on_hand
from (
    select x.code as bin, g.on_hand, case
        when g.same_lot > 0 then 'same_lot' when g.on_hand > 0 then 'same_sku' else 'empty'
    end as why
    from nodes.node as n
    join catalog.sku as s on s.sku_id = :sku_id
    join nodes.bin as x on x.node_id = n.node_id and x.closed_at is null and not x.receiving
        and case when s.tags && array['battery_inside', 'battery_packed_with', 'battery_alone']
            then x.bin_class = 'battery' else x.bin_class in ('shelf', 'pallet', 'floor') end
    cross join lateral (
        select
            coalesce(sum(b.on_hand) filter (where b.sku_id = s.sku_id), 0)::bigint as on_hand,
            coalesce(sum(b.on_hand) filter (
                where b.sku_id = s.sku_id and b.lot = :lot
            ), 0)::bigint as same_lot,
            coalesce(sum(b.on_hand * y.weight_g), 0) as load_g,
            count(b.place_id) as kinds
        from stock.balance as b
        join catalog.sku as y on y.sku_id = b.sku_id
        where b.place_id = x.bin_id and b.on_hand > 0
    ) as g
    where n.code = :node and (:warehouses::text[] is null or n.code = any(:warehouses))
        and (g.on_hand > 0 or g.kinds = 0)
        and (x.max_g is null or g.load_g + :units::bigint * coalesce(s.weight_g, 0) <= x.max_g)
        and (
            greatest(x.length_mm, x.width_mm, x.height_mm) is null
            or greatest(s.length_mm, s.width_mm, s.height_mm) is null
            or greatest(s.length_mm, s.width_mm, s.height_mm)
            <= greatest(x.length_mm, x.width_mm, x.height_mm)
        )
) as f
order by f.why = 'empty', f.why = 'same_sku', f.on_hand desc, f.bin
limit :most;

-- name: find_put_away
select m.movement_id
from stock.movement as m
where m.movement_id = :movement_id and m.reason = 'put_away';
