-- Recalls: which lots are called back, taking what lies there into quarantine, ending it.
-- Locks: the turn of pools, then guarding rows of the SKUs in order, then as movements do.

-- The id of a line that a function posts without having been given one: the same for the same
-- document and line, and, like every id of a movement, in the order of time (RFC 9562: it begins
-- with the document's millisecond).
create or replace function stock.line_id_v1(p_document_id uuid, p_line bigint)
returns uuid
language sql immutable as $$
    select (
        left(replace(p_document_id::text, '-', ''), 12) || '7'
        || lpad(to_hex(p_line % 4096), 3, '0')
        || 'a' || left(md5(p_document_id::text || 'line' || p_line), 15)
    )::uuid;
$$;

-- The open recall of a lot, if there is one.
create or replace function stock.recall_of_v1(p_sku uuid, p_lot text)
returns uuid
language sql stable as $$
    select r.recall_id
    from stock.recall_lot as r
    where r.sku_id = p_sku and r.open and p_lot <> '' and (
        r.lot = p_lot or (r.lot is null and exists(
            select from stock.lot as l
            where l.sku_id = p_sku and l.lot = p_lot
                and l.expires_on <@ daterange(r.expires_from, r.expires_until, '[]')
        ))
    )
    limit 1;
$$;

-- Whether an open recall besides this one calls the lot back: by its number before it came, by
-- its date since.
create or replace function stock.recalled_beside_v1(p_recall uuid, p_sku uuid, p_lot text)
returns boolean
language sql stable as $$
    select exists(
        select from stock.recall_lot as r
        left join stock.lot as l on l.sku_id = r.sku_id and l.lot = p_lot
        where r.sku_id = p_sku and r.open and r.recall_id <> p_recall and (
            r.lot = p_lot or (
                r.lot is null
                and l.expires_on <@ daterange(r.expires_from, r.expires_until, '[]')
            )
        )
    );
$$;

-- Gives lots their dates where they have none. Returns the first line whose lot is called back by
-- the date it got while it lies somewhere in order: that has to be kept back before.
create or replace function stock.date_lots_v1(p_skus uuid[], p_lots text[], p_expires date[])
returns integer
language plpgsql as $$
declare
    skus uuid[]; lots text[];
    wrong integer;
begin
    -- Not `on conflict do update`: that locks every lot before the guarding rows, while whoever
    -- expires or recalls one holds these and then waits for the lot.
    with dated as (
        update stock.lot as l set expires_on = x.expires_on
        from (
            select distinct on (u.sku, u.lot) u.sku, u.lot, u.expires_on
            from unnest(p_skus, p_lots, p_expires) as u (sku, lot, expires_on)
            where u.lot <> '' and u.expires_on is not null
            order by u.sku, u.lot, u.expires_on
        ) as x
        where l.sku_id = x.sku and l.lot = x.lot and l.expires_on is null
        returning l.sku_id, l.lot
    )
    select array_agg(d.sku_id), array_agg(d.lot) into skus, lots from dated as d;
    if skus is not null and exists(select from stock.recall_lot as r where r.open) then
        select min(u.line)::integer into wrong
        from unnest(p_skus, p_lots) with ordinality as u (sku, lot, line)
        join stock.lying_v1(skus, lots, array['good', 'promo']) as y
            on y.sku_id = u.sku and y.lot = u.lot
        where stock.recall_of_v1(u.sku, u.lot) is not null;
    end if;
    return wrong;
end
$$;

-- The statuses in which lines arrive: what comes from outside a node's bins and belongs to an open
-- recall goes into quarantine, whatever was asked for.
create or replace function stock.kept_back_v1(
    p_skus uuid[], p_lots text[], p_from_kinds text[], p_to_kinds text[], p_statuses text[]
)
returns text[]
language sql stable as $$
    select array_agg(case
        when u.from_kind <> 'bin' and u.to_kind = 'bin' and u.status in ('good', 'promo')
            and stock.recall_of_v1(u.sku, u.lot) is not null then 'quarantine'
        else u.status
    end order by u.line)
    from unnest(p_skus, p_lots, p_from_kinds, p_to_kinds, p_statuses) with ordinality
        as u (sku, lot, from_kind, to_kind, status, line);
$$;

-- Remembers what was put into quarantine for another reason than the recall that is open for it: by
-- hand, or because whoever received it asked for that. It stays there when the recall ends.
create or replace function stock.keep_apart_v1(
    p_skus uuid[], p_lots text[], p_serials text[], p_owners text[], p_qtys bigint[],
    p_from_kinds text[], p_from_statuses text[], p_to uuid[], p_to_kinds text[],
    p_to_statuses text[]
)
returns void
language sql as $$
    insert into stock.recall_before as b (recall_id, sku_id, lot, place_id, owner, serial, units)
    select x.recall_id, x.sku, x.lot, x.place, x.owner, x.serial, sum(x.qty)::bigint
    from (
        select stock.recall_of_v1(u.sku, u.lot) as recall_id, u.sku, u.lot, u.place, u.owner,
            coalesce(u.serial, '') as serial, u.qty
        from unnest(
            p_skus, p_lots, p_serials, p_owners, p_qtys, p_from_kinds, p_from_statuses, p_to,
            p_to_kinds, p_to_statuses
        ) as u (
            sku, lot, serial, owner, qty, from_kind, from_status, place, to_kind, to_status
        )
        where u.to_kind = 'bin' and u.to_status = 'quarantine' and u.lot <> ''
            and u.from_kind <> 'transit'
            and (u.from_kind <> 'bin' or u.from_status <> 'quarantine')
    ) as x
    where x.recall_id is not null
    group by x.recall_id, x.sku, x.lot, x.place, x.owner, x.serial
    on conflict (recall_id, sku_id, lot, place_id, owner, serial) do update
    set units = b.units + excluded.units;
$$;

-- What lies in bins of the lots of a recall in one of these statuses: serials one by one.
create or replace function stock.recalled_goods_v1(p_recall uuid, p_statuses text[])
returns table (
    sku_id uuid, lot text, place_id uuid, node_id uuid, owner text, status text, serial text,
    units bigint
)
language sql stable as $$
    select y.sku_id, y.lot, y.place_id, y.node_id, y.owner, y.status, y.serial, y.units
    from (
        select array_agg(x.sku_id) as skus, array_agg(x.lot) as lots
        from (
            select distinct r.sku_id, l.lot
            from stock.recall_lot as r
            join stock.lot as l on l.sku_id = r.sku_id and (
                l.lot = r.lot or (
                    r.lot is null
                    and l.expires_on <@ daterange(r.expires_from, r.expires_until, '[]')
                )
            )
            where r.recall_id = p_recall
        ) as x
    ) as x
    cross join lateral stock.lying_v1(x.skus, x.lots, p_statuses) as y;
$$;

-- Opens a recall: one line for each SKU, with a lot or with days of expiry. outcome: done,
-- recalled_already (part of it belongs to another open recall), or what
-- stock.post_movements_v1 says.
create or replace function stock.open_recall_v1(
    p_at timestamptz, p_actor text, p_recall_id uuid, p_document_id uuid, p_cause text,
    p_reference text, p_skus uuid[], p_lots text[], p_from date[], p_until date[]
)
returns text
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
declare
    m record;
    told text := 'done';
begin
    -- Whoever opens a guarding row holds the turn: none comes up behind our back.
    perform from platform.epoch as e where e.name = 'nodes' for update;
    perform from stock.sku_node as g where g.sku_id = any(p_skus)
    order by g.sku_id, g.node_id for update;
    if exists(
        select from unnest(p_skus, p_lots, p_from, p_until) as u (sku, lot, from_day, until_day)
        join stock.recall_lot as r on r.sku_id = u.sku and r.open
        left join stock.lot as ours on ours.sku_id = u.sku and ours.lot = u.lot
        left join stock.lot as theirs on theirs.sku_id = r.sku_id and theirs.lot = r.lot
        where r.lot = u.lot
            or ours.expires_on <@ daterange(r.expires_from, r.expires_until, '[]')
            and r.lot is null
            or theirs.expires_on <@ daterange(u.from_day, u.until_day, '[]') and u.lot is null
            or r.lot is null and u.lot is null and daterange(u.from_day, u.until_day, '[]')
            && daterange(r.expires_from, r.expires_until, '[]')
    ) then
        return 'recalled_already';
    end if;
    insert into stock.recall (
        recall_id, cause, reference, state, units, opened_at, opened_by, sequence
    )
    values (p_recall_id, p_cause, p_reference, 'open', 0, p_at, p_actor, 1);
    insert into stock.recall_lot (
        recall_id, line, sku_id, lot, expires_from, expires_until, open
    )
    select p_recall_id, u.line, u.sku, u.lot, u.from_day, u.until_day, true
    from unnest(p_skus, p_lots, p_from, p_until) with ordinality
        as u (sku, lot, from_day, until_day, line);
    insert into stock.recall_before (recall_id, sku_id, lot, place_id, owner, serial, units)
    select p_recall_id, g.sku_id, g.lot, g.place_id, g.owner, coalesce(g.serial, ''), g.units
    from stock.recalled_goods_v1(p_recall_id, array['quarantine']) as g;
    select array_agg(stock.line_id_v1(p_document_id, x.line)) as ids,
        array_agg(x.sku_id) as skus, array_agg(x.units) as qtys, array_agg(x.place_id) as places,
        array_agg(x.status) as statuses, array_agg('quarantine'::text) as kept,
        array_agg(x.lot) as lots, array_agg(x.serial) as serials, array_agg(x.owner) as owners,
        array_agg('reclassify'::text) as reasons,
        array_agg('recall ' || p_reference) as refs, array_agg(null::uuid) as reverses,
        array_agg(true) as shorts, sum(x.units)::bigint as units
    into m
    from (
        select g.sku_id, g.lot, g.place_id, g.owner, g.status, g.serial, g.units,
            row_number() over (
                order by g.sku_id, g.place_id, g.lot, g.owner, g.status, g.serial
            ) as line
        from stock.recalled_goods_v1(p_recall_id, array['good', 'promo']) as g
    ) as x;
    if m.ids is not null then
        select p.outcome into told
        from stock.post_movements_v1(
            p_at, p_actor, p_document_id, m.refs[1], m.ids, m.skus, m.qtys, m.places, m.statuses,
            m.places, m.kept, m.lots, m.serials, m.owners, m.reasons, m.refs, m.reverses,
            m.shorts
        ) as p;
        update stock.recall as r set units = m.units, document_id = p_document_id
        where r.recall_id = p_recall_id;
    end if;
    return told;
end
$$;

-- What lay in quarantine before a recall and has gone on to other nodes meanwhile, still in
-- quarantine: as many of those kept there lie there no longer as were sent on by transfers.
create or replace function stock.carried_v1(p_recall uuid)
returns table (sku_id uuid, lot text, owner text, units bigint)
language sql stable as $$
    select w.sku_id, w.lot, w.owner, sum(least(w.before - l.units, s.units))::bigint
    from (
        select b.sku_id, b.lot, b.owner, p.node_id, sum(b.units) as before
        from stock.recall_before as b
        join stock.place as p on p.place_id = b.place_id
        where b.recall_id = p_recall and b.serial = ''
        group by b.sku_id, b.lot, b.owner, p.node_id
    ) as w
    join stock.recall as r on r.recall_id = p_recall
    cross join lateral (
        select coalesce(sum(x.on_hand), 0) as units
        from stock.balance as x
        where x.sku_id = w.sku_id and x.lot = w.lot and x.owner = w.owner
            and x.node_id = w.node_id and x.status = 'quarantine'
    ) as l
    cross join lateral (
        select coalesce(sum(g.received), 0) as units
        from stock.transfer as t
        join stock.transit as g on g.transfer_id = t.transfer_id and g.sku_id = w.sku_id
            and g.lot = w.lot and g.status = 'quarantine'
        where t.from_node = w.node_id and t.owner = w.owner and t.sent_at >= r.opened_at
    ) as s
    where w.before > l.units
    group by w.sku_id, w.lot, w.owner;
$$;

-- What ends with a recall: what lies in quarantine of its lots, less what lay there before it and
-- what another one that is open calls back as well.
create or replace function stock.recall_takes_v1(p_recall uuid)
returns table (
    sku_id uuid, lot text, place_id uuid, node_id uuid, owner text, serial text, units bigint
)
language sql stable as $$
    with lying as (
        select g.sku_id, g.lot, g.place_id, g.node_id, g.owner, g.serial, g.units,
            coalesce((
                select b.units from stock.recall_before as b
                where b.recall_id = p_recall and b.sku_id = g.sku_id and b.lot = g.lot
                    and b.place_id = g.place_id and b.owner = g.owner and b.serial = ''
            ), 0) as before_here,
            coalesce((
                select sum(b.units)
                from stock.recall_before as b
                join stock.place as p on p.place_id = b.place_id
                where b.recall_id = p_recall and b.sku_id = g.sku_id and b.lot = g.lot
                    and b.owner = g.owner and b.serial = '' and p.node_id = g.node_id
            ), 0) as before_in_node
        from stock.recalled_goods_v1(p_recall, array['quarantine']) as g
        where not exists(
            select from stock.recall_before as b
            where b.recall_id = p_recall and b.sku_id = g.sku_id and b.serial = g.serial
        ) and not stock.recalled_beside_v1(p_recall, g.sku_id, g.lot)
    ), summed as (
        select y.sku_id, y.lot, y.place_id, y.node_id, y.owner, y.serial, y.units,
            sum(y.units) over (
                partition by y.sku_id, y.lot, y.owner, y.node_id, y.serial
            ) - y.before_in_node as ours,
            sum(y.units) over (
                partition by y.sku_id, y.lot, y.owner, y.node_id, y.serial
                order by y.before_here, y.place_id
            ) - y.units as ahead
        from lying as y
    ), ours as (
        select z.sku_id, z.lot, z.place_id, z.node_id, z.owner, z.serial,
            least(z.units, z.ours - z.ahead) as units
        from summed as z
        where z.ours > z.ahead
    ), counted as (
        select o.sku_id, o.lot, o.place_id, o.node_id, o.owner, o.serial, o.units,
            sum(o.units) over (
                partition by o.sku_id, o.lot, o.owner, o.serial order by o.node_id, o.place_id
            ) as upto,
            coalesce(c.units, 0) as carried
        from ours as o
        left join stock.carried_v1(p_recall) as c
            on o.serial is null and c.sku_id = o.sku_id and c.lot = o.lot and c.owner = o.owner
    )
    select k.sku_id, k.lot, k.place_id, k.node_id, k.owner, k.serial,
        least(k.units, k.upto - k.carried)::bigint
    from counted as k
    where k.upto > k.carried;
$$;

-- Ends an open recall, locked by the caller: released (back into good, what is past its date
-- into expired) or scrapped. outcome as stock.open_recall_v1.
create or replace function stock.close_recall_v1(
    p_at timestamptz, p_actor text, p_recall_id uuid, p_document_id uuid, p_state text
)
returns text
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
declare
    m record;
    told text := 'done';
begin
    perform from stock.sku_node as g where g.sku_id in (
        select l.sku_id from stock.recall_lot as l where l.recall_id = p_recall_id
    )
    order by g.sku_id, g.node_id for update;
    update stock.recall_lot as l set open = false where l.recall_id = p_recall_id;
    -- What has another reason to be kept has it still when another recall holds these lots: that
    -- one remembers it from here on.
    insert into stock.recall_before as b (recall_id, sku_id, lot, place_id, owner, serial, units)
    select x.other, x.sku_id, x.lot, x.place_id, x.owner, x.serial, x.units
    from (
        select stock.recall_of_v1(k.sku_id, k.lot) as other, k.sku_id, k.lot, k.place_id, k.owner,
            k.serial, k.units
        from stock.recall_before as k
        where k.recall_id = p_recall_id
    ) as x
    where x.other is not null
    on conflict (recall_id, sku_id, lot, place_id, owner, serial) do update
    set units = case when b.serial = '' then b.units + excluded.units else b.units end;
    select array_agg(stock.line_id_v1(p_document_id, x.line)) as ids,
        array_agg(x.sku_id) as skus, array_agg(x.node_id) as nodes, array_agg(x.units) as qtys,
        array_agg(x.place_id) as places, array_agg('quarantine'::text) as kept,
        array_agg(case
            when p_state = 'scrapped' then '00000000-0000-7000-8000-000000000003'::uuid
            else x.place_id
        end) as targets,
        array_agg(case
            when p_state = 'released' and x.expired then 'expired' else 'good'
        end) as statuses,
        array_agg(case
            when p_state = 'scrapped' then 'scrap' when x.expired then 'expire'
            else 'reclassify'
        end) as reasons,
        array_agg(x.lot) as lots, array_agg(x.serial) as serials, array_agg(x.owner) as owners,
        array_agg('recall ' || x.reference) as refs, array_agg(null::uuid) as reverses,
        array_agg(false) as shorts
    into m
    from (
        select t.sku_id, t.lot, t.place_id, t.node_id, t.owner, t.serial, t.units, r.reference,
            l.expired_at is not null as expired,
            row_number() over (order by t.sku_id, t.place_id, t.lot, t.owner, t.serial) as line
        from stock.recall_takes_v1(p_recall_id) as t
        join stock.recall as r on r.recall_id = p_recall_id
        join stock.lot as l on l.sku_id = t.sku_id and l.lot = t.lot
    ) as x;
    if m.ids is not null then
        select p.outcome into told
        from stock.post_movements_v1(
            p_at, p_actor, p_document_id, m.refs[1], m.ids, m.skus, m.qtys, m.places, m.kept,
            m.targets, m.statuses, m.lots, m.serials, m.owners, m.reasons, m.refs, m.reverses,
            m.shorts
        ) as p;
        if told = 'done' and p_state = 'released' then
            perform stock.fill_backorders_v1(p_at, p_actor, m.skus, m.nodes);
        end if;
    end if;
    update stock.recall as r
    set state = p_state, closed_at = p_at, closed_by = p_actor, sequence = r.sequence + 1,
        closing_document_id = case when m.ids is not null then p_document_id end
    where r.recall_id = p_recall_id;
    return told;
end
$$;
