-- Posting movements: ledger, balances, guarding rows and the channels' copies in one call.
-- Locks: (sku, node) in order, then balances between nodes, then (sku, channel) in order.

-- What is wrong with the lines of a document before anything is locked: unknown codes, missing
-- lots and serials. One row for each fault.
create or replace function stock.line_faults_v1(
    p_sku_codes text[], p_skus uuid[], p_from uuid[], p_to uuid[], p_lots text[],
    p_serials text[], p_to_statuses text[]
)
returns table (line integer, code text)
language sql stable as $$
    select u.line::integer, f.code
    from unnest(p_sku_codes, p_skus, p_from, p_to, p_lots, p_serials, p_to_statuses)
        with ordinality as u (sku_code, sku, from_place, to_place, lot, serial, status, line)
    left join catalog.sku as s on s.sku_id = u.sku
    left join lateral (
        select x.expired_at from stock.lot as x
        where u.lot <> '' and x.sku_id = u.sku and x.lot = u.lot
    ) as l on true
    -- what came before its SKU was kept by lot or serial leaves the book as it is in it
    cross join lateral (
        select exists(
            select from stock.place as f
            join stock.place as t on t.place_id = u.to_place and t.kind = 'adjustment'
            where f.place_id = u.from_place and f.kind = 'bin'
        ) as off
    ) as w
    cross join lateral (values
        (u.sku is null, 'unknown_sku'),
        (u.from_place is null or u.to_place is null, 'unknown_place'),
        (s.lot_tracked and u.lot = '' and not w.off, 'lot_missing'),
        (s.serial_tracked and u.serial is null and not w.off, 'serial_missing'),
        (l.expired_at is not null and u.status in ('good', 'promo') and exists(
            select from stock.place as p
            where p.place_id = u.to_place and p.kind in ('bin', 'transit')
        ), 'lot_expired')
    ) as f (wrong, code)
    where f.wrong
    order by u.line;
$$;

-- The place of each end: a bin by node and code (the receiving bin when no code is given), or
-- the one place of another kind. Bins that hold goods for the first time get their place row.
create or replace function stock.places_of_v1(
    p_kinds text[], p_nodes text[], p_bins text[], p_warehouses text[]
)
returns uuid[]
language plpgsql as $$
declare
    found_places uuid[];
begin
    -- each looked up once: a document of thousands of lines names few places
    select array_agg(f.place_id order by l.line) into found_places
    from unnest(p_kinds, p_nodes, p_bins) with ordinality as l (kind, node, bin, line)
    left join (
        select u.kind, coalesce(u.node, '') as node, coalesce(u.bin, '') as bin,
            coalesce(b.bin_id, v.place_id) as place_id
        from (
            select distinct d.kind, d.node, d.bin
            from unnest(p_kinds, p_nodes, p_bins) as d (kind, node, bin)
        ) as u
        left join lateral (
            select x.bin_id from nodes.node as n
            join nodes.bin as x on x.node_id = n.node_id
                and case when u.bin is null then x.receiving else x.code = u.bin end
            where u.kind = 'bin' and n.code = u.node and n.closed_at is null
                and x.closed_at is null
                and (p_warehouses is null or n.code = any(p_warehouses))
            limit 1
        ) as b on true
        left join lateral (
            select p.place_id from stock.place as p
            where p.kind = u.kind and u.kind <> 'bin'
                and (u.kind <> 'transit' or p.code = coalesce(u.node, 'TRANSIT'))
            limit 1
        ) as v on true
    ) as f on f.kind = l.kind and f.node = coalesce(l.node, '') and f.bin = coalesce(l.bin, '');
    insert into stock.place (place_id, kind, code, node_id)
    select distinct x.bin_id, 'bin', x.code, x.node_id
    from unnest(found_places) as u (place_id)
    join nodes.bin as x on x.bin_id = u.place_id
    where not exists(select from stock.place as p where p.place_id = x.bin_id)
    order by x.bin_id
    on conflict do nothing;
    return found_places;
end
$$;

-- Posts one document of movements. p_may_short: whether the line may take what is promised to
-- somebody; then the newest promises become backorders. outcome: done, or the code of what is
-- wrong with `line`, and then the caller must roll back.
create or replace function stock.post_movements_v1(
    p_at timestamptz, p_actor text, p_document_id uuid, p_reference text, p_ids uuid[],
    p_skus uuid[], p_qtys bigint[], p_from uuid[], p_from_statuses text[], p_to uuid[],
    p_to_statuses text[], p_lots text[], p_serials text[], p_owners text[], p_reasons text[],
    p_references text[], p_reverses uuid[], p_may_short boolean[]
)
returns table (outcome text, line integer)
language plpgsql as $$
#variable_conflict use_column
declare
    g_sku uuid[]; g_node uuid[]; g_on_hand bigint[]; g_blocked bigint[]; g_short boolean[];
    g_line integer[]; g_was bigint[]; g_now bigint[]; g_prot bigint[]; g_born boolean[];
    b_channel uuid[]; b_sku uuid[];
    wrong integer;
    r record;
begin
    select array_agg(x.sku), array_agg(x.node_id), array_agg(x.on_hand), array_agg(x.blocked),
        array_agg(x.may_short), array_agg(x.line)
    into g_sku, g_node, g_on_hand, g_blocked, g_short, g_line
    from (
        select e.sku, p.node_id, sum(e.qty)::bigint as on_hand,
            sum(case when e.status in ('good', 'promo') and e.owner = '' then 0 else e.qty end)
            ::bigint as blocked,
            bool_and(e.may_short or e.gain) as may_short,
            min(case when e.gain then null else e.line end)::integer as line
        from (
            select u.sku, u.to_place as place, u.to_status as status, u.owner, u.qty, true as gain,
                u.may_short, u.line
            from unnest(p_skus, p_qtys, p_to, p_to_statuses, p_owners, p_may_short)
                with ordinality as u (sku, qty, to_place, to_status, owner, may_short, line)
            union all
            select u.sku, u.from_place, u.from_status, u.owner, -u.qty, false, u.may_short, u.line
            from unnest(p_skus, p_qtys, p_from, p_from_statuses, p_owners, p_may_short)
                with ordinality as u (sku, qty, from_place, from_status, owner, may_short, line)
        ) as e
        join stock.place as p on p.place_id = e.place and p.kind = 'bin'
        group by e.sku, p.node_id
        order by e.sku, p.node_id
    ) as x;
    select b.born, b.channels, b.skus into g_born, b_channel, b_sku
    from stock.bear_guards_v1(g_sku, g_node, g_on_hand, g_blocked) as b;
    g_was := array_fill(0::bigint, array[coalesce(cardinality(g_sku), 0)]);
    g_prot := g_was;
    if false = any(g_born) then
        perform from stock.sku_node as g
        where (g.sku_id, g.node_id) in (
            select u.sku, u.node from unnest(g_sku, g_node, g_born) as u (sku, node, born)
            where not u.born
        )
        order by g.sku_id, g.node_id for update;
        select array_agg(case when u.born then 0 else g.available - g.safety end order by u.place),
            array_agg(g.protected order by u.place)
        into g_was, g_prot
        from unnest(g_sku, g_node, g_born) with ordinality as u (sku, node, born, place)
        join stock.sku_node as g on g.sku_id = u.sku and g.node_id = u.node;
    end if;
    if array_remove(p_lots, '') <> '{}' then
        return query
        select f.outcome, f.line from stock.lot_fault_v1(p_skus, p_lots, p_to, p_to_statuses) as f;
        if found then
            return;
        end if;
    end if;
    wrong := stock.change_balances_v1(
        p_at, p_skus, p_qtys, p_from, p_from_statuses, p_to, p_to_statuses, p_lots, p_owners
    );
    if wrong is not null then
        return query select 'not_there'::text, wrong;
        return;
    end if;
    if exists(select from stock.picked as k where k.open and k.place_id = any(p_from)) then
        wrong := stock.mind_picks_v1(
            p_at, p_actor, p_document_id, p_skus, p_from, p_from_statuses, p_lots, p_serials,
            p_owners, p_may_short
        );
        if wrong is not null then
            return query select 'picked_for_somebody'::text, wrong;
            return;
        end if;
    end if;
    if array_remove(p_serials, null) <> '{}' then
        wrong := stock.move_serials_v1(
            p_skus, p_serials, p_from, p_from_statuses, p_to, p_to_statuses, p_lots, p_owners
        );
        if wrong is not null then
            return query select 'serial_elsewhere'::text, wrong;
            return;
        end if;
    end if;
    for r in
        select g.sku_id, g.node_id, u.line, u.may_short,
            -(g.available + u.on_hand - u.blocked) as missing
        from unnest(g_sku, g_node, g_on_hand, g_blocked, g_short, g_line, g_born)
            as u (sku, node, on_hand, blocked, may_short, line, born)
        join stock.sku_node as g on g.sku_id = u.sku and g.node_id = u.node
        where not u.born and u.on_hand < u.blocked and g.available + u.on_hand - u.blocked < 0
        order by g.sku_id, g.node_id
    loop
        if not r.may_short or r.missing > stock.short_v2(
            p_at, p_actor, p_document_id, r.sku_id, r.node_id, r.missing, 0
        ) then
            return query select 'promised_to_others'::text, r.line;
            return;
        end if;
    end loop;
    if false = any(g_born) or cardinality(b_sku) < (
        select count(*) from unnest(g_node) as u (node)
        join nodes.channel_node as cn on cn.node_id = u.node
    ) then
        update stock.sku_node as g
        set on_hand = g.on_hand + u.on_hand, blocked = g.blocked + u.blocked
        from unnest(g_sku, g_node, g_on_hand, g_blocked, g_born)
            as u (sku, node, on_hand, blocked, born)
        where g.sku_id = u.sku and g.node_id = u.node and not u.born
            and (u.on_hand <> 0 or u.blocked <> 0);
        select array_agg(g.available - g.safety order by u.place) into g_now
        from unnest(g_sku, g_node) with ordinality as u (sku, node, place)
        join stock.sku_node as g on g.sku_id = u.sku and g.node_id = u.node;
        perform stock.lock_pools_v1(g_sku, g_node);
        perform stock.pool_born_v1(
            g_sku, g_node, g_was, g_now, g_prot, g_born, b_channel, b_sku
        );
    end if;
    insert into stock.document (document_id, reference, lines, sequence, at, actor)
    values (p_document_id, p_reference, cardinality(p_ids), greatest(1, (
        select sum(ceil(x.skus / 200.0)) from (
            select count(*) as skus from unnest(g_sku, g_node) as u (sku, node) group by u.node
        ) as x
    ))::bigint, p_at, p_actor);
    insert into stock.movement (
        movement_id, document_id, sku_id, quantity, from_place, from_status, to_place, to_status,
        lot, serial, owner, reason, reference, reverses, at, actor
    )
    select u.id, p_document_id, u.sku, u.qty, u.from_place, u.from_status, u.to_place,
        u.to_status, u.lot, u.serial, u.owner, u.reason, u.reference, u.reverses, p_at, p_actor
    from unnest(
        p_ids, p_skus, p_qtys, p_from, p_from_statuses, p_to, p_to_statuses, p_lots, p_serials,
        p_owners, p_reasons, p_references, p_reverses
    ) as u (
        id, sku, qty, from_place, from_status, to_place, to_status, lot, serial, owner, reason,
        reference, reverses
    );
    perform stock.tell_moved_v1(p_at, p_actor, p_document_id, p_reference, g_sku, g_node);
    return query select 'done'::text, null::integer;
end
$$;

-- The first line that took goods without a serial where by now all have one: the balances are
-- changed already, the guarding rows held.
create or replace function stock.nameless_fault_v1(
    p_skus uuid[], p_from uuid[], p_from_statuses text[], p_lots text[], p_serials text[],
    p_owners text[]
)
returns integer
language sql stable as $$
    select min(u.line)::integer
    from unnest(p_skus, p_from, p_from_statuses, p_lots, p_serials, p_owners) with ordinality
        as u (sku, place, status, lot, serial, owner, line)
    join catalog.sku as s on s.sku_id = u.sku and s.serial_tracked
    join stock.balance as b on b.sku_id = u.sku and b.place_id = u.place and b.lot = u.lot
        and b.owner = u.owner and b.status = u.status
    where u.serial is null and b.on_hand < (
        select count(*) from stock.serial as r
        where r.sku_id = u.sku and r.place_id = u.place and r.lot = u.lot and r.owner = u.owner
            and r.status = u.status
    );
$$;

-- Posts a document whose lines name things by code: p_from_kinds and p_to_kinds say what kind of
-- place an end is, nodes and bins where (a bin's node; the node's receiving bin when there is no
-- bin; a transit's code). One row `done`, or one for each fault, and then the caller rolls back.
create or replace function stock.post_lines_v1(
    p_at timestamptz, p_actor text, p_document_id uuid, p_reference text, p_warehouses text[],
    p_ids uuid[], p_sku_codes text[], p_qtys bigint[], p_reasons text[], p_from_kinds text[],
    p_from_nodes text[], p_from_bins text[], p_from_statuses text[], p_to_kinds text[],
    p_to_nodes text[], p_to_bins text[], p_to_statuses text[], p_lots text[],
    p_expires date[], p_serials text[], p_owners text[], p_references text[],
    p_may_short boolean[]
)
returns table (outcome text, line integer)
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
#variable_conflict use_column
declare
    skus uuid[];
    tracked boolean;
    from_places uuid[];
    to_places uuid[];
    to_statuses text[] := p_to_statuses;
    wrong integer;
    told record;
begin
    select array_agg(s.sku_id order by u.line), bool_or(s.lot_tracked or s.serial_tracked)
    into skus, tracked
    from unnest(p_sku_codes) with ordinality as u (code, line)
    left join lateral (
        select k.sku_id, k.lot_tracked, k.serial_tracked from catalog.sku as k
        -- what is there of a closed SKU may go, come home and be counted
        where k.code = u.code and (
            k.closed_at is null or p_from_kinds[u.line] in ('bin', 'transit', 'customer')
            or p_reasons[u.line] = 'count_more'
        )
        limit 1 -- asked row by row: a join would be planned for the table as small as it once was
    ) as s on true;
    from_places := stock.places_of_v1(p_from_kinds, p_from_nodes, p_from_bins, p_warehouses);
    to_places := stock.places_of_v1(p_to_kinds, p_to_nodes, p_to_bins, p_warehouses);
    if tracked or array_position(skus || from_places || to_places, null) is not null
        or array_remove(p_lots, '') <> '{}'
    then
        return query
        select f.code, f.line
        from stock.line_faults_v1(
            p_sku_codes, skus, from_places, to_places, p_lots, p_serials, p_to_statuses
        ) as f;
        if found then
            return;
        end if;
    end if;
    insert into stock.lot as l (sku_id, lot, expires_on, created_at)
    select distinct on (u.sku, u.lot) u.sku, u.lot, u.expires_on, p_at
    from unnest(skus, p_lots, p_expires) as u (sku, lot, expires_on)
    where u.lot <> ''
    order by u.sku, u.lot, u.expires_on nulls last
    on conflict (sku_id, lot) do nothing;
    if array_remove(p_expires, null) <> '{}' then
        wrong := stock.date_lots_v1(skus, p_lots, p_expires);
        if wrong is not null then
            return query select 'lot_recalled'::text, wrong;
            return;
        end if;
    end if;
    if exists(select from stock.recall_lot as r where r.open) then
        to_statuses := stock.kept_back_v1(
            skus, p_lots, p_from_kinds, p_to_kinds, p_to_statuses
        );
    end if;
    select p.outcome, p.line into told
    from stock.post_movements_v1(
        p_at, p_actor, p_document_id, p_reference, p_ids, skus, p_qtys, from_places,
        p_from_statuses, to_places, to_statuses, p_lots, p_serials, p_owners, p_reasons,
        p_references, array_fill(null::uuid, array[cardinality(p_ids)]), p_may_short
    ) as p;
    if told.outcome = 'lot_recalled' and p_from_kinds[told.line] <> 'bin' then
        -- the recall began after we looked: the whole block again, and it goes into quarantine
        raise exception 'a recall began meanwhile' using errcode = 'serialization_failure';
    end if;
    if told.outcome = 'done' and 'quarantine' = any(p_to_statuses) then
        perform stock.keep_apart_v1(skus, p_lots, p_serials, p_owners, p_qtys, p_from_kinds,
            p_from_statuses, to_places, p_to_kinds, p_to_statuses);
    end if;
    if told.outcome = 'done' and tracked and array_position(p_serials, null) is not null then
        wrong := stock.nameless_fault_v1(
            skus, from_places, p_from_statuses, p_lots, p_serials, p_owners
        );
        if wrong is not null then
            return query select 'not_there'::text, wrong;
            return;
        end if;
    end if;
    if told.outcome = 'done' then
        wrong := stock.mind_lasting_v1(
            p_at, p_actor, p_document_id, skus, from_places, p_from_statuses, to_places,
            to_statuses, p_lots, p_owners, p_may_short
        );
        if wrong is not null then
            return query select 'lasting_promised'::text, wrong;
            return;
        end if;
    end if;
    return query select told.outcome, told.line;
end
$$;
