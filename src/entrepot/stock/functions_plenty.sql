-- Reservations where there is plenty: nothing to decide, so the locks come last and stay short.

-- Finds what (channel, SKU, node) by their codes, if each is there for the caller, is no kit, has
-- no rules and seems to have enough; null when one of them does not. No lock: take_plenty_v1
-- looks again.
create or replace function stock.find_plenty_v1(
    p_channels text[], p_skus text[], p_nodes text[], p_qtys bigint[], p_warehouses text[],
    out channels uuid[], out skus uuid[], out nodes uuid[]
)
language plpgsql stable as $$
begin
    select array_agg(c.channel_id order by u.place), array_agg(s.sku_id order by u.place),
        array_agg(n.node_id order by u.place)
    into channels, skus, nodes
    from unnest(p_channels, p_skus, p_nodes, p_qtys) with ordinality
        as u (channel, sku, node, qty, place)
    cross join lateral (
        select x.channel_id from nodes.channel as x
        where x.code = u.channel and x.closed_at is null
        limit 1 -- row by row, here and below: a join is planned for small tables
    ) as c
    cross join lateral (
        select x.node_id from nodes.node as x
        where x.code = u.node and x.closed_at is null
            and (p_warehouses is null or u.node = any(p_warehouses))
        limit 1
    ) as n
    cross join lateral (
        select x.sku_id from catalog.sku as x
        where x.code = u.sku and x.closed_at is null
            and not exists(select from catalog.kit_part as k where k.kit_sku_id = x.sku_id)
        limit 1
    ) as s
    cross join lateral (
        select from nodes.channel_node as x
        where x.channel_id = c.channel_id and x.node_id = n.node_id limit 1
    ) as q
    cross join lateral (
        select from stock.sku_node as x
        where x.sku_id = s.sku_id and x.node_id = n.node_id
            and x.available - x.safety - x.protected >= u.qty
        limit 1
    ) as g
    cross join lateral (
        select from stock.channel_available as x
        where x.channel_id = c.channel_id and x.sku_id = s.sku_id and x.buffer = 0
            and x.quota is null and not exists(
                select from stock.channel_rule as r
                where r.channel_id = c.channel_id and r.min_life_days > 0
            )
        limit 1
    ) as a;
    if cardinality(channels) is distinct from cardinality(p_channels) then
        channels := null;
    end if;
end
$$;

-- For each (channel, SKU) the code of the first node of the channel that has any of it for the
-- channel, in the caller's warehouses, where that seems to be enough for all that is asked;
-- null where it does not, or one of them is not there. No lock: a choice, not a promise.
create or replace function stock.first_nodes_v1(
    p_channels text[], p_skus text[], p_qtys bigint[], p_warehouses text[]
)
returns text[]
language sql stable
set enable_seqscan to off as $$
    select array_agg(case when a.room >= u.qty then a.code end order by u.place)
    from unnest(p_channels, p_skus, p_qtys) with ordinality as u (channel, sku, qty, place)
    left join lateral (
        select x.channel_id from nodes.channel as x
        where x.code = u.channel and x.closed_at is null
        limit 1
    ) as c on true
    left join lateral (
        select x.sku_id from catalog.sku as x
        where x.code = u.sku and x.closed_at is null
        limit 1
    ) as s on true
    left join lateral (
        select n.code, g.available - g.safety
            - case when k.uses_protected then 0 else g.protected end as room
        from nodes.channel_node as q
        join nodes.node as n on n.node_id = q.node_id
        join stock.sku_node as g on g.sku_id = s.sku_id and g.node_id = q.node_id
        join stock.channel_available as k on k.channel_id = c.channel_id and k.sku_id = s.sku_id
        where q.channel_id = c.channel_id
            and (p_warehouses is null or n.code = any(p_warehouses))
            and g.available - g.safety - case when k.uses_protected then 0 else g.protected end > 0
        order by q.priority
        limit 1
    ) as a on true
$$;

-- Writes reservations and their lines: what flows.reserve_at_once_v2 was asked for.
create or replace function stock.write_taken_v1(
    p_at timestamptz, p_ids uuid[], p_actors text[], p_references text[],
    p_expires timestamptz[], p_guard_first integer[], p_line_of integer[], p_guard_of integer[],
    p_qtys bigint[], p_channels uuid[], p_skus uuid[], p_nodes uuid[]
)
returns void
language plpgsql as $$
begin
    insert into stock.reservation (
        reservation_id, channel_id, reference, state, strength, expires_at, sequence, created_at,
        actor
    )
    select u.id, p_channels[u.guard], u.reference, 'pending',
        case when u.expires is null then 'hard' else 'soft' end, u.expires, 1, p_at, u.actor
    from unnest(p_ids, p_references, p_expires, p_guard_first, p_actors)
        as u (id, reference, expires, guard, actor);
    insert into stock.reservation_line (reservation_id, sku_id, node_id, quantity, backordered)
    select p_ids[u.req], p_skus[u.guard], p_nodes[u.guard], u.qty, 0
    from unnest(p_line_of, p_guard_of, p_qtys) as u (req, guard, qty);
end
$$;

-- Takes so many units of each (SKU, node) for the channels that ask, under locks in the order of
-- all: (SKU, node), then (SKU, channel). Breaks the transaction with
-- object_not_in_prerequisite_state when there is not enough for all together, or a channel that
-- asks has rules.
create or replace function stock.take_plenty_v1(
    p_channels uuid[], p_skus uuid[], p_nodes uuid[], p_qtys bigint[]
)
returns void
language plpgsql as $$
declare
    g record;
    now_open bigint[];
    enough boolean;
    free boolean;
begin
    select v.skus, v.nodes, v.opens, v.kept into g from stock.lock_guards_v1(p_skus, p_nodes) as v;
    select array_agg(u.open - y.qty order by u.place), bool_and(u.open - u.kept >= y.qty)
    into now_open, enough
    from unnest(g.skus, g.nodes, g.opens, g.kept) with ordinality as u (sku, node, open, kept, place)
    join (
        select x.sku, x.node, sum(x.qty)::bigint as qty
        from unnest(p_skus, p_nodes, p_qtys) as x (sku, node, qty)
        group by x.sku, x.node
    ) as y on y.sku = u.sku and y.node = u.node;
    select bool_and(x.channel <> all(p_channels) or (x.buffer = 0 and x.rest is null)) into free
    from stock.lock_channels_v1(g.skus, g.nodes, null, null) as v
    cross join lateral unnest(v.channels, v.buffers, v.rests) as x (channel, buffer, rest);
    if not (enough and free) then
        raise exception 'there is not plenty'
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    perform stock.hold_v1(g.skus, g.nodes, g.opens, now_open, g.opens, g.opens, g.kept);
end
$$;
