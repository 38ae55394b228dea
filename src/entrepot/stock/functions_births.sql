-- Guarding rows that come into being.

-- Guarding rows of these pairs, and the channels' rows that belong to them, where missing.
create or replace function stock.open_guards_v1(p_skus uuid[], p_nodes uuid[])
returns void
language plpgsql as $$
begin
    if exists(
        select from unnest(p_skus, p_nodes) as u (sku, node)
        left join stock.sku_node as g on g.sku_id = u.sku and g.node_id = u.node
        where g.sku_id is null
    ) then
        -- Whoever changes a pool holds this row: they cannot count guarding rows not yet there.
        perform from platform.epoch as e where e.name = 'nodes' for share;
        insert into stock.sku_node (sku_id, node_id)
        select distinct u.sku, u.node
        from unnest(p_skus, p_nodes) as u (sku, node)
        left join stock.sku_node as g on g.sku_id = u.sku and g.node_id = u.node
        where g.sku_id is null
        order by u.sku, u.node
        on conflict do nothing;
        insert into stock.channel_available (channel_id, sku_id, uses_protected, buffer)
        select distinct cn.channel_id, u.sku, coalesce(r.uses_protected, false),
            coalesce(r.buffer, 0)
        from unnest(p_skus, p_nodes) as u (sku, node)
        join nodes.channel_node as cn on cn.node_id = u.node
        left join stock.channel_rule as r on r.channel_id = cn.channel_id
        order by u.sku, cn.channel_id
        on conflict do nothing;
    end if;
end
$$;

-- Makes the guarding rows of these pairs where missing, with what a document brings them, and the
-- channels' rows that belong to them, with what that puts into the pools. Orders and locks as
-- stock.open_guards_v1. born: for each pair, whether its row was made here and is final; the
-- others are as they were, or empty. channels and skus: the channels' rows that were made here;
-- they hold what the born pairs bring. All of them are ours alone until we commit.
create or replace function stock.bear_guards_v1(
    p_skus uuid[], p_nodes uuid[], p_on_hand bigint[], p_blocked bigint[],
    out born boolean[], out channels uuid[], out skus uuid[]
)
language plpgsql as $$
begin
    channels := '{}';
    skus := '{}';
    if not exists(
        select from unnest(p_skus, p_nodes) as u (sku, node)
        left join stock.sku_node as g on g.sku_id = u.sku and g.node_id = u.node
        where g.sku_id is null
    ) then
        born := array_fill(false, array[coalesce(cardinality(p_skus), 0)]);
        return;
    end if;
    -- Whoever changes a pool holds this row: they cannot count guarding rows not yet there.
    perform from platform.epoch as e where e.name = 'nodes' for share;
    -- What is there already is left to `on conflict`: a join reads all guarding rows each time.
    with made as (
        insert into stock.sku_node (sku_id, node_id, on_hand, blocked)
        select u.sku, u.node, case when x.sound then u.on_hand else 0 end,
            case when x.sound then u.blocked else 0 end
        from unnest(p_skus, p_nodes, p_on_hand, p_blocked) as u (sku, node, on_hand, blocked)
        cross join lateral (
            -- what takes more than it brings is refused later, by its balances
            select u.blocked between 0 and u.on_hand as sound
        ) as x
        order by u.sku, u.node
        on conflict do nothing
        returning sku_id, node_id
    )
    select array_agg(m.sku_id is not null and u.blocked between 0 and u.on_hand order by u.place)
    into born
    from unnest(p_skus, p_nodes, p_on_hand, p_blocked) with ordinality
        as u (sku, node, on_hand, blocked, place)
    left join made as m on m.sku_id = u.sku and m.node_id = u.node;
    with made as (
        insert into stock.channel_available as c
            (channel_id, sku_id, uses_protected, buffer, pooled)
        select x.channel_id, x.sku, coalesce(r.uses_protected, false), coalesce(r.buffer, 0),
            x.pooled
        from (
            select cn.channel_id, u.sku,
                sum(case when u.born then u.on_hand - u.blocked else 0 end) as pooled
            from unnest(p_skus, p_nodes, p_on_hand, p_blocked, born)
                as u (sku, node, on_hand, blocked, born)
            join nodes.channel_node as cn on cn.node_id = u.node
            group by cn.channel_id, u.sku
        ) as x
        left join stock.channel_rule as r on r.channel_id = x.channel_id
        order by x.sku, x.channel_id
        on conflict do nothing
        returning c.channel_id, c.sku_id
    )
    select coalesce(array_agg(m.channel_id), '{}'), coalesce(array_agg(m.sku_id), '{}')
    into channels, skus
    from made as m;
end
$$;

-- Writes on the channels' copies what a document changed, as stock.pool_v1 does, but for what
-- born pairs brought to the channels' rows made with them.
create or replace function stock.pool_born_v1(
    p_skus uuid[], p_nodes uuid[], p_was bigint[], p_now bigint[], p_protected bigint[],
    p_born boolean[], p_channels uuid[], p_channel_skus uuid[]
)
returns void
language plpgsql as $$
begin
    update stock.channel_available as c
    set pooled = c.pooled + case when c.uses_protected then x.whole else x.rest end
    from (
        select cn.channel_id, u.sku,
            sum(greatest(0, u.now) - greatest(0, u.was)) as whole,
            sum(greatest(0, u.now - u.prot) - greatest(0, u.was - u.prot)) as rest
        from unnest(p_skus, p_nodes, p_was, p_now, p_protected, p_born)
            as u (sku, node, was, now, prot, born)
        join nodes.channel_node as cn on cn.node_id = u.node
        left join unnest(p_channels, p_channel_skus) as m (channel, sku)
            on m.channel = cn.channel_id and m.sku = u.sku
        where u.was <> u.now and not (u.born and m.sku is not null)
        group by cn.channel_id, u.sku
    ) as x
    where c.channel_id = x.channel_id and c.sku_id = x.sku;
end
$$;
