-- The locks under which promises are made, in the order of all: (SKU, node), then (SKU, channel).

-- Locks the guarding rows of these (SKU, node), each once, in order. opens: what is available
-- less safety; kept: what of it is protected; aheads: what may still be promised of what is to
-- come. Only those that are there come back, in the order of their locks.
-- One row after the other by its key: a row that changed while we waited for its lock must come
-- back as it is then; a lock on a larger join does not promise that.
create or replace function stock.lock_guards_v1(
    p_skus uuid[], p_nodes uuid[],
    out skus uuid[], out nodes uuid[], out codes text[], out opens bigint[], out kept bigint[],
    out aheads bigint[]
)
language plpgsql as $$
begin
    select array_agg(g.sku_id), array_agg(g.node_id), array_agg(g.code), array_agg(g.open),
        array_agg(g.protected), array_agg(g.ahead)
    into skus, nodes, codes, opens, kept, aheads
    from (
        select x.sku_id, x.node_id, x.open, x.protected, x.ahead,
            (select m.code from nodes.node as m where m.node_id = x.node_id) as code
        from (
            select distinct w.sku, w.node from unnest(p_skus, p_nodes) as w (sku, node)
            order by w.sku, w.node
        ) as u
        cross join lateral (
            select r.sku_id, r.node_id, r.available - r.safety as open, r.protected,
                case when r.sells_inbound then r.inbound else 0 end + r.backorder_extra
                - r.backordered as ahead
            from stock.sku_node as r
            where r.sku_id = u.sku and r.node_id = u.node
            for update
        ) as x
    ) as g;
end
$$;

-- Locks the rows of all channels that sell from these (SKU, node), which the caller has locked,
-- and of p_channels, p_more_skus besides, in order of SKU and channel. uses: whether protected
-- goods are for it; rests: what is left of its quota, null without one; pools and used: what its
-- pool holds and its quota has given; lives: how many days goods must last for it, 0 for any.
-- any_rules: whether one of them has a buffer, a quota or asks for life.
create or replace function stock.lock_channels_v1(
    p_skus uuid[], p_nodes uuid[], p_channels uuid[], p_more_skus uuid[],
    out channels uuid[], out skus uuid[], out uses boolean[], out buffers bigint[],
    out rests bigint[], out pools bigint[], out used bigint[], out lives integer[],
    out any_rules boolean
)
language plpgsql as $$
begin
    select array_agg(x.channel_id), array_agg(x.sku_id), array_agg(x.uses_protected),
        array_agg(x.buffer), array_agg(x.quota - x.quota_used), array_agg(x.pooled),
        array_agg(x.quota_used), array_agg(x.life),
        bool_or(x.buffer > 0 or x.quota is not null or x.life > 0)
    into channels, skus, uses, buffers, rests, pools, used, lives, any_rules
    from (
        select cn.channel_id, u.sku
        from unnest(p_skus, p_nodes) as u (sku, node)
        join nodes.channel_node as cn on cn.node_id = u.node
        union
        select b.channel, b.sku from unnest(p_channels, p_more_skus) as b (channel, sku)
        order by 2, 1
    ) as y
    cross join lateral (
        select c.channel_id, c.sku_id, c.uses_protected, c.buffer, c.quota, c.quota_used,
            c.pooled, coalesce((
                select r.min_life_days from stock.channel_rule as r
                where r.channel_id = y.channel_id
            ), 0) as life
        from stock.channel_available as c
        where c.sku_id = y.sku and c.channel_id = y.channel_id
        for update
    ) as x;
end
$$;
