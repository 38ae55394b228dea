-- Corrections of copies: derived anew from what they are copies of.

-- name: rebuild_balance
select stock.rebuild_balance_v1(
    :now, :actor, :cause, :sku_id, :place_id, :lot, :owner, :status
);

-- name: rebuild_guard
select stock.rebuild_guard_v1(:now, :actor, :cause, :sku_id, :node_id);

-- name: count_pools
select stock.count_pools_v1(null::uuid, array[:sku_id::uuid]);
