-- What reservations are decided from, and what a decision writes.

-- The lines of many requests as they will be decided: SKUs and nodes found, kits taken apart,
-- the same SKU summed. Named nodes come first within a request, so that a line that may lie
-- anywhere never takes what another line of the request has no other place for. wide: requests
-- whose kits fall apart into more than 2,000 lines or more units of one SKU than a line may ask
-- for; of those there are no lines.
create or replace function stock.resolve_lines_v2(
    p_take boolean[], p_line_of integer[], p_skus text[], p_qtys bigint[], p_nodes text[],
    p_channels uuid[], p_warehouses text[],
    out reqs integer[], out skus uuid[], out codes text[], out qtys bigint[], out nodes uuid[],
    out named text[], out channels uuid[], out wide integer[]
)
language plpgsql stable as $$
declare
    has_kits boolean;
begin
    wide := '{}';
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
        select o.reqs, o.skus, o.codes, o.qtys, o.nodes, o.named, o.wide
        into reqs, skus, codes, qtys, nodes, named, wide
        from stock.take_apart_v1(reqs, skus, codes, qtys, nodes, named) as o;
        channels := array(
            select p_channels[u.req] from unnest(reqs) with ordinality as u (req, place)
            order by u.place
        );
    end if;
end
$$;

-- Locks live reservations that others are to take the place of (p_old: one for each request, or
-- null), in order of id. still: those that are live yet; the rest is what each of them holds.
create or replace function stock.hold_replaced_v1(
    p_old uuid[],
    out still uuid[], out reqs integer[], out skus uuid[], out nodes uuid[], out qtys bigint[],
    out backs bigint[]
)
language plpgsql as $$
begin
    perform from stock.reservation as v where v.reservation_id = any(p_old)
    order by v.reservation_id for update;
    -- one that ended while we waited for its lock is no longer in anybody's way
    select array_agg((
        select v.reservation_id from stock.reservation as v
        where v.reservation_id = x.old and v.state = 'pending'
    ) order by x.req) into still
    from unnest(p_old) with ordinality as x (old, req);
    select array_agg(x.req::integer order by x.req), array_agg(b.sku_id order by x.req),
        array_agg(b.node_id order by x.req), array_agg(b.quantity order by x.req),
        array_agg(b.backordered order by x.req)
    into reqs, skus, nodes, qtys, backs
    from unnest(still) with ordinality as x (old, req)
    join stock.reservation_line as b on b.reservation_id = x.old;
end
$$;

-- Takes the kits among these lines apart, one level after the other, the same SKU summed on each:
-- as many rows as there are SKUs, however many ways lead to one. In order of requests, named
-- nodes first, then as asked. wide: see stock.resolve_lines_v2.
create or replace function stock.take_apart_v1(
    p_reqs integer[], p_skus uuid[], p_codes text[], p_qtys bigint[], p_nodes uuid[],
    p_named text[],
    out reqs integer[], out skus uuid[], out codes text[], out qtys bigint[], out nodes uuid[],
    out named text[], out wide integer[]
)
language plpgsql stable as $$
declare
    most_lines constant integer := 2000;
    most_units constant numeric := 1000000000;
    most_levels constant integer := 50;
    lines bigint[];
    sums numeric[];
    more boolean := true;
    too_wide integer[];
begin
    reqs := p_reqs; skus := p_skus; codes := p_codes; nodes := p_nodes; named := p_named;
    sums := p_qtys;
    wide := '{}';
    lines := array(select generate_series(1, cardinality(p_reqs)));
    for level in 0..most_levels loop
        select array_agg(distinct x.req) into too_wide
        from (
            select u.req, count(*) as lines, max(u.qty) as qty
            from unnest(reqs, sums) as u (req, qty)
            group by u.req
        ) as x
        where x.lines > most_lines or x.qty > most_units;
        wide := wide || coalesce(too_wide, '{}');
        exit when not more;
        select array_agg(x.req), array_agg(x.sku), array_agg(x.code), array_agg(x.qty),
            array_agg(x.node_id), array_agg(x.node), array_agg(x.line), bool_or(x.is_kit)
        into reqs, skus, codes, sums, nodes, named, lines, more
        from (
            select y.req, y.sku, y.code, y.node_id, y.node, sum(y.qty) as qty,
                min(y.line) as line,
                exists(select from catalog.kit_part as k where k.kit_sku_id = y.sku) as is_kit
            from (
                select l.req, coalesce(k.component_sku_id, l.sku) as sku,
                    coalesce(s.code, l.code) as code, l.qty * coalesce(k.quantity, 1) as qty,
                    l.node_id, l.node, l.line
                from unnest(reqs, skus, codes, sums, nodes, named, lines)
                    as l (req, sku, code, qty, node_id, node, line)
                left join catalog.kit_part as k on k.kit_sku_id = l.sku
                left join catalog.sku as s on s.sku_id = k.component_sku_id
                where l.req <> all(wide)
            ) as y
            group by y.req, y.sku, y.code, y.node_id, y.node
            order by y.req, y.node is null, min(y.line), y.code
        ) as x;
        more := coalesce(more, false);
    end loop;
    if more then
        -- deeper than anybody nests: whoever still holds a kit is too wide
        wide := wide || array(
            select distinct u.req from unnest(reqs, skus) as u (req, sku)
            join catalog.kit_part as k on k.kit_sku_id = u.sku
        );
    end if;
    select array_agg(u.req), array_agg(u.sku), array_agg(u.code), array_agg(u.qty::bigint),
        array_agg(u.node_id), array_agg(u.node)
    into reqs, skus, codes, qtys, nodes, named
    from (
        select l.req, l.sku, l.code, l.qty, l.node_id, l.node
        from unnest(reqs, skus, codes, sums, nodes, named) with ordinality
            as l (req, sku, code, qty, node_id, node, place)
        where l.req <> all(wide)
        order by l.place
    ) as u;
end
$$;

-- How many kits a channel may sell: what its scarcest component allows; none of a kit that falls
-- apart into more than a request may hold.
create or replace function stock.kit_available_v1(p_channel uuid, p_kit uuid)
returns bigint
language sql stable as $$
    select case when t.wide = '{}' then coalesce((
        select min(coalesce(a.shown, 0) / c.qty)
        from unnest(t.skus, t.qtys) as c (sku_id, qty)
        left join stock.channel_available as a
            on a.channel_id = p_channel and a.sku_id = c.sku_id
    ), 0) else 0 end
    from stock.take_apart_v1(
        array[1], array[p_kit], array[''], array[1::bigint], array[null::uuid],
        array[null::text]
    ) as t;
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

-- Writes what a batch of requests decided (stock.reserve_batch_v2), requests by their place: the
-- reservations of those that are done, and the end of the live one (p_old, locked by the caller)
-- whose place each takes. p_reqs, p_guards, p_codes, p_qtys, p_backs: what was taken, of which
-- guarding row of p_skus, p_nodes, p_node_codes. answers: the reservation, or the refusal given.
create or replace function stock.write_reserved_v1(
    p_at timestamptz, p_ids uuid[], p_actors text[], p_references text[], p_channels text[],
    p_channel_ids uuid[], p_expires timestamptz[], p_done boolean[], p_refusals jsonb[],
    p_old uuid[], p_skus uuid[], p_nodes uuid[], p_node_codes text[], p_reqs integer[],
    p_guards integer[], p_codes text[], p_qtys bigint[], p_backs bigint[],
    out answers jsonb[], out replaced uuid[], out replaced_sequences bigint[]
)
language plpgsql as $$
begin
    if p_old is not null then
        update stock.reservation as v
        set state = 'released', closed_at = p_at, sequence = v.sequence + 1
        from unnest(p_old, p_done) as x (old, done)
        where v.reservation_id = x.old and x.done;
        update stock.reservation_line as b set open = false
        from unnest(p_old, p_done) as x (old, done)
        where b.reservation_id = x.old and x.done;
        select array_agg(case when x.done then x.old end order by x.req),
            array_agg(v.sequence order by x.req)
        into replaced, replaced_sequences
        from unnest(p_old, p_done) with ordinality as x (old, done, req)
        left join stock.reservation as v on v.reservation_id = x.old;
    end if;
    insert into stock.reservation (
        reservation_id, channel_id, reference, state, strength, expires_at, sequence, created_at,
        actor
    )
    select x.id, x.channel, x.reference, 'pending',
        case when x.expires is null then 'hard' else 'soft' end, x.expires, 1, p_at, x.actor
    from unnest(p_ids, p_channel_ids, p_references, p_expires, p_actors, p_done)
        as x (id, channel, reference, expires, actor, done)
    where x.done;
    insert into stock.reservation_line (reservation_id, sku_id, node_id, quantity, backordered)
    select p_ids[x.req], p_skus[x.guard], p_nodes[x.guard], x.qty, x.back
    from unnest(p_reqs, p_guards, p_qtys, p_backs) as x (req, guard, qty, back);
    select array_agg(case when q.done then stock.reservation_answer_v1(
            q.id, q.reference, q.channel, 'pending',
            case when q.expires is null then 'hard' else 'soft' end, q.expires, p_at, d.lines
        ) else q.refusal end order by q.req)
    into answers
    from unnest(p_ids, p_references, p_channels, p_expires, p_done, p_refusals) with ordinality
        as q (id, reference, channel, expires, done, refusal, req)
    left join (
        select y.req, jsonb_agg(jsonb_build_object(
            'sku', y.code, 'node', p_node_codes[y.guard], 'qty', y.qty, 'backordered', y.back
        )) as lines
        from unnest(p_reqs, p_guards, p_qtys, p_backs, p_codes) as y (req, guard, qty, back, code)
        group by y.req
    ) as d on d.req = q.req;
end
$$;
