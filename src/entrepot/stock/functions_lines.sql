-- What reservations are decided from, and what a decision writes on the guarding rows.

-- The lines of many requests as they will be decided: SKUs and nodes found, kits taken apart,
-- the same SKU summed. Named nodes come first within a request, so that a line that may lie
-- anywhere never takes what another line of the request has no other place for.
create or replace function stock.resolve_lines_v1(
    p_take boolean[], p_line_of integer[], p_skus text[], p_qtys bigint[], p_nodes text[],
    p_channels uuid[], p_warehouses text[],
    out reqs integer[], out skus uuid[], out codes text[], out qtys bigint[], out nodes uuid[],
    out named text[], out channels uuid[]
)
language plpgsql stable as $$
declare
    has_kits boolean;
begin
    select array_agg(x.req), array_agg(x.sku_id), array_agg(x.code), array_agg(x.qty),
        array_agg(x.node_id), array_agg(x.node), array_agg(p_channels[x.req]), bool_or(x.is_kit)
    into reqs, skus, codes, qtys, nodes, named, channels, has_kits
    from (
        select l.req, s.sku_id, l.code, l.node, l.qty,
            (
                select n.node_id from nodes.node as n
                where n.code = l.node and n.closed_at is null
                    and (p_warehouses is null or l.node = any(p_warehouses))
            ) as node_id,
            exists(select from catalog.kit_part as k where k.kit_sku_id = s.sku_id) as is_kit
        from (
            select u.req, u.sku as code, u.node, sum(u.qty)::bigint as qty, min(u.line) as line
            from unnest(p_line_of, p_skus, p_qtys, p_nodes) with ordinality
                as u (req, sku, qty, node, line)
            where p_take[u.req]
            group by u.req, u.sku, u.node
        ) as l
        left join lateral (
            select c.sku_id from catalog.sku as c
            where c.code = l.code and c.closed_at is null limit 1
        ) as s on true
        order by l.req, l.node is null, l.line
    ) as x;
    if has_kits then
        select array_agg(x.req), array_agg(x.sku_id), array_agg(x.code), array_agg(x.qty),
            array_agg(x.node_id), array_agg(x.node), array_agg(p_channels[x.req])
        into reqs, skus, codes, qtys, nodes, named, channels
        from (
            with recursive part as (
                select l.req, l.sku, l.code, l.qty::numeric as qty, l.node_id, l.node, l.line
                from unnest(reqs, skus, codes, qtys, nodes, named) with ordinality
                    as l (req, sku, code, qty, node_id, node, line)
                union all
                select p.req, k.component_sku_id, s.code, p.qty * k.quantity, p.node_id, p.node,
                    p.line
                from part as p
                join catalog.kit_part as k on k.kit_sku_id = p.sku
                join catalog.sku as s on s.sku_id = k.component_sku_id
            )
            select p.req, p.sku as sku_id, p.code, p.node_id, p.node,
                least(sum(p.qty), 1000000000000000)::bigint as qty
            from part as p
            where not exists(select from catalog.kit_part as k where k.kit_sku_id = p.sku)
            group by p.req, p.sku, p.code, p.node_id, p.node
            order by p.req, p.node is null, min(p.line), p.code
        ) as x;
    end if;
end
$$;

-- Which guarding rows a batch needs: of lines with a node that one, of the others so many nodes
-- of the channel, first by priority, as what is seen without a lock seems to need; all of them
-- when that is not enough or p_whole says so.
create or replace function stock.guards_needed_v1(
    p_skus uuid[], p_qtys bigint[], p_nodes uuid[], p_channels uuid[], p_warehouses text[],
    p_whole boolean
)
returns table (sku_id uuid, node_id uuid)
language sql stable as $$
    select l.sku, l.node
    from unnest(p_skus, p_nodes) as l (sku, node)
    where l.node is not null and l.sku is not null
    union
    select p.sku, p.node_id
    from (
        select d.sku, cn.node_id, d.qty,
            sum(greatest(0, g.available - g.safety - g.protected))
                over (partition by d.channel, d.sku order by cn.priority) - greatest(
                0, g.available - g.safety - g.protected
            ) as before,
            sum(greatest(0, g.available - g.safety - g.protected))
                over (partition by d.channel, d.sku) as open
        from (
            select l.channel, l.sku, sum(l.qty) as qty
            from unnest(p_channels, p_skus, p_qtys, p_nodes) as l (channel, sku, qty, node)
            where l.node is null and l.sku is not null
            group by l.channel, l.sku
        ) as d
        join nodes.channel_node as cn on cn.channel_id = d.channel
        join stock.sku_node as g on g.sku_id = d.sku and g.node_id = cn.node_id
        where p_warehouses is null or cn.node_id in (
            select n.node_id from nodes.node as n where n.code = any(p_warehouses)
        )
    ) as p
    where p_whole or p.before < p.qty or p.open < p.qty;
$$;

-- The refusal for a code that is not there, or not the caller's.
create or replace function stock.unknown_v1(p_kind text, p_code text)
returns jsonb
language sql immutable as $$
    select jsonb_build_object(
        'status', 404, 'code', 'unknown_' || p_kind, 'message', 'there is no such ' || p_kind,
        'facts', jsonb_build_object(p_kind, p_code)
    );
$$;

-- The answer that a reservation gives, and the body of its events.
create or replace function stock.reservation_answer_v1(
    p_id uuid, p_reference text, p_channel text, p_state text, p_strength text,
    p_expires_at timestamptz, p_created_at timestamptz, p_lines jsonb
)
returns jsonb
language sql stable as $$
    select jsonb_build_object(
        'id', p_id, 'reference', p_reference, 'channel', p_channel, 'state', p_state,
        'strength', p_strength, 'expires_at', p_expires_at, 'created_at', p_created_at,
        'lines', p_lines
    );
$$;

-- Writes what a decision changed on locked guarding rows, and the same on the channels' copies.
-- was and open: available less safety, before and after; behind and ahead: what may still be
-- promised of what is to come, before and after.
create or replace function stock.hold_v1(
    p_skus uuid[], p_nodes uuid[], p_was bigint[], p_open bigint[], p_behind bigint[],
    p_ahead bigint[], p_protected bigint[]
)
returns void
language plpgsql as $$
begin
    update stock.sku_node as g
    set reserved = g.reserved + x.was - x.open, backordered = g.backordered + x.behind - x.ahead
    from unnest(p_skus, p_nodes, p_was, p_open, p_behind, p_ahead)
        as x (sku, node, was, open, behind, ahead)
    where g.sku_id = x.sku and g.node_id = x.node and (x.was <> x.open or x.behind <> x.ahead);
    perform stock.pool_v1(p_skus, p_nodes, p_was, p_open, p_protected);
end
$$;
