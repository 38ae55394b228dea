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

-- Where somebody waits and something is free for them: of those whose goods must last, what
-- lasts. At most p_most.
create or replace function stock.waiting_v1(p_at timestamptz, p_most integer)
returns table (sku_id uuid, node_id uuid)
language plpgsql stable as $$
#variable_conflict use_column
begin
    return query select g.sku_id, g.node_id
    from stock.sku_node as g
    where g.backordered > 0 and g.available > g.safety and exists(
        select from stock.reservation_line as b
        join stock.reservation as v on v.reservation_id = b.reservation_id
        cross join lateral (select stock.min_life_v1(v.channel_id) as days) as l
        where b.sku_id = g.sku_id and b.node_id = g.node_id and b.open and b.backordered > 0
            and case when l.days = 0 then true
                else stock.lasting_v1(p_at, g.sku_id, g.node_id, l.days, null) > 0 end
    )
    order by g.sku_id, g.node_id
    limit p_most;
end
$$;
