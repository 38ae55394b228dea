-- Goods that become free go to those who wait for them. Locks: reservations that end, then
-- (sku, node), then (sku, channel); whoever waits and is in somebody's hands is passed over.

-- Fills backorders where the lines of these reservations lie, which gave something back.
-- Returns how many reservations changed.
create or replace function stock.fill_freed_v1(p_at timestamptz, p_actor text, p_ids uuid[])
returns integer
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
declare
    skus uuid[];
    nodes uuid[];
begin
    select array_agg(x.sku_id), array_agg(x.node_id) into skus, nodes
    from (
        select distinct b.sku_id, b.node_id
        from stock.reservation_line as b
        join stock.sku_node as g on g.sku_id = b.sku_id and g.node_id = b.node_id
        where b.reservation_id = any(p_ids) and g.backordered > 0
    ) as x;
    if skus is null then
        return 0;
    end if;
    return stock.fill_backorders_v1(p_at, p_actor, skus, nodes);
end
$$;

-- Ends reservations as stock.end_reservations_v1 does; what they held goes to who waits for it.
create or replace function stock.end_and_fill_v1(
    p_at timestamptz, p_actor text, p_ids uuid[], p_state text
)
returns table (reservation_id uuid)
language plpgsql as $$
#variable_conflict use_column
declare
    ended uuid[];
begin
    select array_agg(e.reservation_id) into ended
    from stock.end_reservations_v1(p_at, p_actor, p_ids, p_state) as e;
    perform stock.fill_freed_v1(p_at, p_actor, ended);
    return query select u.id from unnest(ended) as u (id);
end
$$;
