-- What a batch of requests is decided from (stock.reserve_batch_v2), and what is wrong with one.
-- Those that return rows are one select each: PostgreSQL plans them into the statement that
-- asks them.

-- Of each request (by its place) its open channel, and the live reservation whose place it would
-- take; null where there is none.
create or replace function stock.live_of_v1(
    p_channels text[], p_references text[], p_take boolean[]
)
returns table (req bigint, channel_id uuid, reservation_id uuid)
language sql stable as $$
    select x.req, c.channel_id, v.reservation_id
    from unnest(p_channels, p_references, p_take) with ordinality as x (code, reference, take, req)
    left join lateral (
        select n.channel_id from nodes.channel as n
        where n.code = x.code and n.closed_at is null
        limit 1 -- row by row: a join is planned for small tables
    ) as c on true
    left join lateral (
        select h.reservation_id from stock.reservation as h
        where h.channel_id = c.channel_id and h.reference = x.reference and h.state = 'pending'
            and x.take
        limit 1
    ) as v on true;
$$;

-- The (SKU, node) to lock: what the lines need (stock.guards_needed_v1), and what the replaced
-- reservations hold.
create or replace function stock.guards_of_v1(
    p_skus uuid[], p_qtys bigint[], p_nodes uuid[], p_channels uuid[], p_warehouses text[],
    p_whole boolean, p_held_skus uuid[], p_held_nodes uuid[]
)
returns table (sku_id uuid, node_id uuid)
language sql stable as $$
    select w.sku_id, w.node_id
    from stock.guards_needed_v1(
        p_skus, p_qtys, p_nodes, p_channels, p_warehouses, p_whole
    ) as w
    union
    select b.sku, b.node from unnest(p_held_skus, p_held_nodes) as b (sku, node);
$$;

-- Where each line may be taken: places among the locked guarding rows (p_guard_*) and among the
-- rows of channels (p_row_*), by the priority of the channel's nodes.
create or replace function stock.choices_v1(
    p_skus uuid[], p_nodes uuid[], p_channels uuid[], p_warehouses text[], p_guard_skus uuid[],
    p_guard_nodes uuid[], p_row_channels uuid[], p_row_skus uuid[]
)
returns table (line integer, guard integer, at_row integer, priority integer)
language sql stable as $$
    select u.line::integer, g.pos::integer, y.pos::integer, q.priority
    from unnest(p_skus, p_nodes, p_channels) with ordinality as u (sku, node, channel, line)
    join unnest(p_guard_skus, p_guard_nodes) with ordinality as g (sku, node, pos)
        on g.sku = u.sku and (u.node is null or g.node = u.node)
    join nodes.channel_node as q on q.channel_id = u.channel and q.node_id = g.node
    left join unnest(p_row_channels, p_row_skus) with ordinality as y (channel, sku, pos)
        on y.channel = u.channel and y.sku = u.sku
    left join nodes.node as m on m.node_id = g.node
    where u.node is not null or p_warehouses is null or m.code = any(p_warehouses);
$$;

-- What a request takes of one guarding row is one line, told in the order it was taken. Takes of
-- request 0 were given back.
create or replace function stock.lines_taken_v1(
    p_reqs integer[], p_guards integer[], p_qtys bigint[], p_backs bigint[], p_codes text[]
)
returns table (req integer, guard integer, qty bigint, back bigint, code text, first bigint)
language sql immutable as $$
    select y.req, y.guard, sum(y.qty)::bigint, sum(y.back)::bigint, min(y.code), min(y.place)
    from unnest(p_reqs, p_guards, p_qtys, p_backs, p_codes) with ordinality
        as y (req, guard, qty, back, code, place)
    where y.req > 0
    group by y.req, y.guard;
$$;

-- What a channel that leaves a buffer may take of a SKU now: its pool and buffer as they were
-- read, less what this batch took of the pool since (p_was, p_open: before and now).
create or replace function stock.pool_room_v1(
    p_channel uuid, p_sku uuid, p_uses boolean, p_rest bigint, p_skus uuid[], p_nodes uuid[],
    p_was bigint[], p_open bigint[], p_protected bigint[]
)
returns bigint
language sql stable as $$
    select p_rest - coalesce(sum(greatest(0, g.was - g.kept) - greatest(0, g.open - g.kept)), 0)
    from (
        select u.was, u.open, case when p_uses then 0 else u.protected end as kept
        from unnest(p_skus, p_nodes, p_was, p_open, p_protected)
            as u (sku, node, was, open, protected)
        join nodes.channel_node as q on q.channel_id = p_channel and q.node_id = u.node
        where u.sku = p_sku
    ) as g;
$$;

-- The refusal for everything that is wrong with one request, as it was asked: status, code and
-- facts are those of the first fault, errors name up to 100 of them. p_skus, p_nodes: its lines;
-- p_no_skus, p_no_nodes: codes that were not found when its lines were resolved. Of kits that are
-- too large no lines were: their codes are looked up here.
create or replace function stock.faults_of_v1(
    p_channel text, p_channel_known boolean, p_expired boolean, p_wide boolean, p_skus text[],
    p_nodes text[], p_no_skus text[], p_no_nodes text[], p_warehouses text[]
)
returns jsonb
language sql stable as $$
    with fault (line, field, path, code, message, named) as (
        select 0, 0, 'channel', 'unknown_channel', 'there is no such channel', p_channel
        where not p_channel_known
        union all
        select 0, 1, 'expires_at', 'in_the_past', 'this moment has passed', null where p_expired
        union all
        select 0, 2, 'lines', 'kits_too_large',
            'taken apart, a request has at most 2,000 lines of 1,000,000,000 units', null
        where p_wide
        union all
        select u.line, 3, format('lines[%s].sku', u.line - 1), 'unknown_sku',
            'there is no such SKU', u.sku
        from unnest(p_skus) with ordinality as u (sku, line)
        where u.sku = any(p_no_skus) or (p_wide and not exists(
            select from catalog.sku as s where s.code = u.sku and s.closed_at is null
        ))
        union all
        select u.line, 4, format('lines[%s].node', u.line - 1), 'unknown_node',
            'there is no such node', u.node
        from unnest(p_nodes) with ordinality as u (node, line)
        where u.node = any(p_no_nodes) or (p_wide and u.node is not null and not exists(
            select from nodes.node as n
            where n.code = u.node and n.closed_at is null
                and (p_warehouses is null or u.node = any(p_warehouses))
        ))
        order by 1, 2 limit 100
    ), told as (
        select jsonb_agg(
            jsonb_build_object('path', f.path, 'code', f.code, 'message', f.message)
            order by f.line, f.field
        ) as errors
        from fault as f
    )
    select case when f.named is null then jsonb_build_object(
        'status', 422, 'code', 'invalid', 'message', case f.code
            when 'kits_too_large' then 'the kits fall apart into too much' else f.message
        end, 'errors', t.errors
    ) else jsonb_build_object(
        'status', 404, 'code', f.code, 'message', f.message, 'errors', t.errors,
        'facts', jsonb_build_object(replace(f.code, 'unknown_', ''), f.named)
    ) end
    from fault as f cross join told as t
    order by f.line, f.field limit 1;
$$;
