-- Transfers: which goods leave for their lines; guarding rows of several nodes, held in order.
-- Locks: the transfer, then (sku, node) of both ends, then as stock.post_movements_v1.

-- Makes guarding rows where missing and holds them, in order.
create or replace function stock.hold_guards_v1(p_skus uuid[], p_nodes uuid[])
returns void
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
begin
    perform stock.open_guards_v1(p_skus, p_nodes);
    perform from stock.sku_node as g
    where (g.sku_id, g.node_id) in (
        select u.sku, u.node from unnest(p_skus, p_nodes) as u (sku, node)
    )
    order by g.sku_id, g.node_id for update;
end
$$;

-- Which goods of a node leave for lines of a transfer: of the line's owner, status and lot (lot
-- '': what expires first). What was picked for somebody stays, and good lots past their date.
-- One SKU and status either names its lots or none. Rows of a line sum to less when the node has
-- less. Goods with serials are not chosen but named. Guarding rows are held by the caller.
create or replace function stock.choose_goods_v1(
    p_at timestamptz, p_node uuid, p_owner text, p_skus uuid[], p_lots text[],
    p_statuses text[], p_qtys bigint[]
)
returns table (line integer, place_id uuid, lot text, quantity bigint)
language sql stable as $$
    with lying as (
        select u.line, u.qty, b.place_id, b.lot, f.free,
            sum(f.free) over (
                partition by u.line
                order by l.expires_on nulls last, b.first_at, b.place_id, b.lot
            ) - f.free as before
        from unnest(p_skus, p_lots, p_statuses, p_qtys) with ordinality
            as u (sku, lot, status, qty, line)
        join stock.balance as b on b.sku_id = u.sku and b.node_id = p_node
            and b.owner = p_owner and b.status = u.status and b.on_hand > 0
            and (u.lot = '' or b.lot = u.lot)
        cross join lateral (
            select b.on_hand - case when b.owner = '' then
                stock.picked_at_v1(b.place_id, b.sku_id, b.lot, b.status) else 0
            end as free
        ) as f
        left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
        where f.free > 0
            and (b.status not in ('good', 'promo') or not stock.is_past_v1(
                p_at, l.expires_on, l.expired_at
            ))
    )
    select y.line::integer, y.place_id, y.lot, least(y.free, y.qty - y.before)::bigint
    from lying as y
    where y.before < y.qty;
$$;
