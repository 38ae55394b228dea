-- What becomes of reservations: released, lapsed, fulfilled, extended, made stronger; backorders
-- that are filled. Locks: reservations in order of id, then (sku, node), then (sku, channel).

-- Ends pending reservations and frees what they held; those that are not pending are left out.
-- Quotas are given back unless the goods go to the customer.
create or replace function stock.end_reservations_v1(
    p_at timestamptz, p_actor text, p_ids uuid[], p_state text
)
returns table (reservation_id uuid)
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
#variable_conflict use_column
declare
    ids uuid[];
    g_sku uuid[]; g_node uuid[]; g_was bigint[]; g_now bigint[]; g_behind bigint[];
    g_prot bigint[]; g_back bigint[];
begin
    select array_agg(x.reservation_id) into ids
    from (
        select v.reservation_id from stock.reservation as v
        where v.reservation_id = any(p_ids) and v.state = 'pending'
        order by v.reservation_id for update
    ) as x;
    select array_agg(x.sku_id), array_agg(x.node_id), array_agg(x.open), array_agg(x.held),
        array_agg(x.protected), array_agg(x.back)
    into g_sku, g_node, g_was, g_now, g_prot, g_back
    from (
        select b.sku_id, b.node_id, sum(b.quantity)::bigint as held,
            sum(b.backordered)::bigint as back
        from stock.reservation_line as b
        where b.reservation_id = any(ids)
        group by b.sku_id, b.node_id
        order by b.sku_id, b.node_id
    ) as l
    cross join lateral (
        select g.sku_id, g.node_id, g.available - g.safety as open, l.held, g.protected, l.back
        from stock.sku_node as g
        where g.sku_id = l.sku_id and g.node_id = l.node_id
        for update
    ) as x;
    perform stock.lock_pools_v1(g_sku, g_node);
    perform stock.hold_v1(
        g_sku, g_node, g_was,
        array(select u.was + u.held from unnest(g_was, g_now) with ordinality
            as u (was, held, place) order by u.place),
        array(select 0::bigint from unnest(g_back)), g_back, g_prot
    );
    if p_state <> 'fulfilled' then
        update stock.channel_available as c
        set quota_used = greatest(0, c.quota_used - x.units)
        from (
            select v.channel_id, b.sku_id, sum(b.quantity + b.backordered) as units
            from stock.reservation as v
            join stock.reservation_line as b on b.reservation_id = v.reservation_id
            where v.reservation_id = any(ids)
            group by v.channel_id, b.sku_id
        ) as x
        where c.channel_id = x.channel_id and c.sku_id = x.sku_id and c.quota is not null;
    end if;
    update stock.reservation_line as b set open = false where b.reservation_id = any(ids);
    update stock.reservation as v
    set state = p_state, closed_at = p_at, sequence = v.sequence + 1
    where v.reservation_id = any(ids);
    perform stock.tell_reservations_v1(p_at, p_actor, p_state, ids);
    return query select u.id from unnest(ids) as u (id);
end
$$;

-- The lines of a reservation as its events tell them.
create or replace function stock.reservation_lines_v1(p_id uuid)
returns jsonb
language sql stable as $$
    select jsonb_agg(jsonb_build_object(
        'sku', s.code, 'node', n.code, 'qty', b.quantity, 'backordered', b.backordered
    ) order by s.code, n.code)
    from stock.reservation_line as b
    join catalog.sku as s on s.sku_id = b.sku_id
    join nodes.node as n on n.node_id = b.node_id
    where b.reservation_id = p_id;
$$;

-- One event for each of these reservations, whose sequence has been counted up for it.
create or replace function stock.tell_reservations_v1(
    p_at timestamptz, p_actor text, p_verb text, p_ids uuid[]
)
returns void
language plpgsql as $$
begin
    perform platform.put_event_v1(
        stock.event_id_v1(v.reservation_id, v.sequence::text), 'reservation.' || p_verb, 1,
        'reservation', v.reservation_id, v.sequence, p_at, p_actor, jsonb_build_object(
            'id', v.reservation_id, 'reference', v.reference, 'channel', c.code, 'state', v.state,
            'strength', v.strength, 'expires_at', v.expires_at,
            'lines', stock.reservation_lines_v1(v.reservation_id)
        )
    )
    from stock.reservation as v
    join nodes.channel as c on c.channel_id = v.channel_id
    where v.reservation_id = any(p_ids);
end
$$;

-- Hands a pending reservation's goods to the customer: what was picked leaves from where it was
-- put, the rest from its bins, what expires first before the rest.
-- outcome: done, wrong_state, backordered, lot_expired (picked, and past its date now), or what
-- stock.post_movements_v1 says is wrong.
create or replace function stock.fulfil_v1(
    p_at timestamptz, p_actor text, p_id uuid, p_document_id uuid
)
returns text
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
declare
    skus uuid[]; nodes uuid[]; qtys bigint[];
    held numeric;
    m record;
    told text;
begin
    perform from stock.reservation as v
    where v.reservation_id = p_id and v.state = 'pending' for update;
    if not found then
        return 'wrong_state';
    end if;
    select array_agg(b.sku_id order by b.sku_id, b.node_id),
        array_agg(b.node_id order by b.sku_id, b.node_id),
        array_agg(b.quantity - coalesce(k.units, 0) order by b.sku_id, b.node_id),
        sum(b.quantity)
    into skus, nodes, qtys, held
    from stock.reservation_line as b
    left join (
        select x.sku_id, x.node_id, sum(x.quantity)::bigint as units
        from stock.picked as x where x.reservation_id = p_id and x.open
        group by x.sku_id, x.node_id
    ) as k on k.sku_id = b.sku_id and k.node_id = b.node_id
    where b.reservation_id = p_id;
    if exists(
        select from stock.reservation_line as b
        where b.reservation_id = p_id and b.backordered > 0
    ) then
        return 'backordered';
    end if;
    perform stock.hold_guards_v1(skus, nodes);
    if exists(
        -- picked in time and waiting since: the job that expires lots comes later than the day
        select from stock.picked as k
        join stock.lot as l on l.sku_id = k.sku_id and l.lot = k.lot
        where k.reservation_id = p_id and k.open
            and stock.is_past_v1(p_at, l.expires_on, l.expired_at)
    ) then
        return 'lot_expired';
    end if;
    -- chosen before the end: from then on what was picked is nobody's
    select array_agg(stock.line_id_v1(p_document_id, p.place)) as ids,
        array_agg(p.sku_id) as skus, array_agg(p.quantity) as qtys,
        array_agg(p.place_id) as from_places, array_agg(p.status) as statuses,
        array_agg('00000000-0000-7000-8000-000000000002'::uuid) as to_places,
        array_agg('good'::text) as to_statuses, array_agg(p.lot) as lots,
        array_agg(p.serial) as serials, array_agg(''::text) as owners,
        array_agg('sale'::text) as reasons, array_agg(v.reference) as refs,
        array_agg(null::uuid) as reverses, array_agg(false) as shorts, sum(p.quantity) as units
    into m
    from (
        select y.sku_id, y.place_id, y.lot, y.serial, y.status, y.quantity,
            row_number() over () as place
        from (
            select w.sku_id, w.place_id, w.lot, w.serial, w.status, w.quantity
            from stock.pick_v3(p_at, skus, nodes, qtys, stock.min_life_of_v1(p_id)) as w
            union all
            select k.sku_id, k.place_id, k.lot, nullif(k.serial, ''), k.status, k.quantity
            from stock.picked as k where k.reservation_id = p_id and k.open
        ) as y
    ) as p
    join stock.reservation as v on v.reservation_id = p_id;
    if m.units is distinct from held then
        return 'not_there';
    end if;
    perform from stock.end_reservations_v1(p_at, p_actor, array[p_id], 'fulfilled');
    select p.outcome into told
    from stock.post_movements_v1(
        p_at, p_actor, p_document_id, m.refs[1], m.ids, m.skus, m.qtys, m.from_places, m.statuses,
        m.to_places, m.to_statuses, m.lots, m.serials, m.owners, m.reasons, m.refs, m.reverses,
        m.shorts
    ) as p;
    return told;
end
$$;

-- Goods came in: the oldest backorders of these guarding rows are filled from what is free.
-- Returns how many reservations changed.
create or replace function stock.fill_backorders_v1(
    p_at timestamptz, p_actor text, p_skus uuid[], p_nodes uuid[]
)
returns integer
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
declare
    f record;
    r record;
    part bigint;
    free bigint;
    changed uuid[] := '{}';
begin
    for f in
        select g.sku_id, g.node_id, g.available, g.safety, g.protected, g.backordered
        from (
            select distinct v.sku, v.node from unnest(p_skus, p_nodes) as v (sku, node)
            order by v.sku, v.node
        ) as u
        cross join lateral (
            select x.sku_id, x.node_id, x.available, x.safety, x.protected, x.backordered
            from stock.sku_node as x
            where x.sku_id = u.sku and x.node_id = u.node
            for update
        ) as g
    loop
        free := f.available - f.safety;
        continue when free <= 0 or f.backordered = 0;
        for r in
            select b.reservation_id, b.backordered, stock.min_life_v1(v.channel_id) as life
            from stock.reservation_line as b
            join stock.reservation as v on v.reservation_id = b.reservation_id
            where b.sku_id = f.sku_id and b.node_id = f.node_id and b.open and b.backordered > 0
            order by v.created_at, v.reservation_id
            -- Whoever ends a reservation holds it and waits for our guarding row: one that is
            -- just being changed is passed over, or each would wait for the other.
            for update of v skip locked
        loop
            exit when free <= 0;
            part := least(free, r.backordered);
            if r.life > 0 then
                part := least(
                    part, stock.lasting_v1(p_at, f.sku_id, f.node_id, r.life, null)
                );
                continue when part <= 0;
            end if;
            update stock.reservation_line as b
            set quantity = b.quantity + part, backordered = b.backordered - part
            where b.reservation_id = r.reservation_id and b.sku_id = f.sku_id
                and b.node_id = f.node_id;
            free := free - part;
            changed := changed || r.reservation_id;
        end loop;
        part := f.available - f.safety - free;
        perform stock.lock_pools_v1(array[f.sku_id], array[f.node_id]);
        perform stock.hold_v1(
            array[f.sku_id], array[f.node_id], array[f.available - f.safety], array[free],
            array[0::bigint], array[part], array[f.protected]
        );
    end loop;
    update stock.reservation as v set sequence = v.sequence + 1
    where v.reservation_id = any(changed);
    perform stock.tell_reservations_v1(p_at, p_actor, 'filled', changed);
    select count(distinct u.id) into part from unnest(changed) as u (id);
    return part;
end
$$;
