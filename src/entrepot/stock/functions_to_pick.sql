-- Picking: whose the goods in a pack bin are, and which goods a picker may take.

-- Whether a lot is past its date, also before the job has taken it out of what may be sold. The
-- date is that of the node where the day begins first, as for that job.
create or replace function stock.is_past_v1(
    p_at timestamptz, p_expires_on date, p_expired_at timestamptz
)
returns boolean
language sql stable as $$
    select p_expired_at is not null
        or (p_expires_on is not null and p_expires_on < stock.today_v1(p_at));
$$;

-- How much of what lies there was picked for somebody.
create or replace function stock.picked_at_v1(
    p_place uuid, p_sku uuid, p_lot text, p_status text
)
returns bigint
language sql stable as $$
    select coalesce(sum(k.quantity), 0)::bigint
    from stock.picked as k
    where k.open and k.place_id = p_place and k.sku_id = p_sku and k.lot = p_lot
        and k.status = p_status;
$$;

-- Which goods leave for quantities of SKUs at nodes: what expires first, then what came first.
-- One row for each serial of SKUs that have serials. Left out are what was picked for somebody
-- and lots past their date, or with fewer than p_days left. Only for callers with the guarding
-- rows locked, or for a look. Rows sum to less when the balances do.
create or replace function stock.pick_v3(
    p_at timestamptz, p_skus uuid[], p_nodes uuid[], p_qtys bigint[], p_days integer
)
returns table (
    sku_id uuid, node_id uuid, place_id uuid, lot text, serial text, status text, quantity bigint
)
language sql stable as $$
    with today as (
        select stock.today_v1(p_at) + p_days as day
    ), wanted as (
        select u.sku, u.node, u.qty, coalesce(s.serial_tracked, false) as serials
        from unnest(p_skus, p_nodes, p_qtys) as u (sku, node, qty)
        left join catalog.sku as s on s.sku_id = u.sku
        where u.qty > 0
    ), lying as (
        select w.sku, w.node, w.qty, b.place_id, b.lot, b.status, f.free, w.serials,
            sum(f.free) over (
                partition by w.sku, w.node
                order by l.expires_on nulls last, b.status <> 'promo', b.first_at, b.place_id,
                    b.lot, b.status
            ) - f.free as before
        from wanted as w
        join stock.balance as b on b.sku_id = w.sku and b.node_id = w.node and b.owner = ''
            and b.status in ('good', 'promo') and b.on_hand > 0
        cross join lateral (
            select b.on_hand - stock.picked_at_v1(b.place_id, b.sku_id, b.lot, b.status) as free
        ) as f
        left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
        where l.expired_at is null and f.free > 0
            and (l.expires_on is null or l.expires_on >= (select t.day from today as t))
    ), numbered as (
        select w.sku, w.node, w.qty, s.place_id, s.lot, s.serial, s.status,
            row_number() over (
                partition by w.sku, w.node order by l.expires_on nulls last, s.serial
            ) as place
        from wanted as w
        join stock.place as p on p.node_id = w.node
        join stock.serial as s on s.sku_id = w.sku and s.place_id = p.place_id
            and s.owner = '' and s.status in ('good', 'promo')
        left join stock.lot as l on l.sku_id = s.sku_id and l.lot = s.lot
        where w.serials and l.expired_at is null
            and (l.expires_on is null or l.expires_on >= (select t.day from today as t))
            and not exists(
                select from stock.picked as k
                where k.open and k.sku_id = s.sku_id and k.serial = s.serial
            )
    )
    select y.sku, y.node, y.place_id, y.lot, null::text, y.status,
        least(y.free, y.qty - y.before)::bigint
    from lying as y where y.before < y.qty and not y.serials
    union all
    select n.sku, n.node, n.place_id, n.lot, n.serial, n.status, 1::bigint
    from numbered as n where n.place <= n.qty;
$$;

-- What of a SKU a picker may take out of one bin: of a lot or (null) what expires first, with
-- p_days left at least, one serial or none. Rows sum to less when the bin has less.
create or replace function stock.choose_in_bin_v2(
    p_at timestamptz, p_sku uuid, p_place uuid, p_lot text, p_serial text, p_qty bigint,
    p_days integer
)
returns table (lot text, status text, quantity bigint)
language sql stable as $$
    select y.lot, y.status, least(y.free, p_qty - y.before)::bigint
    from (
        select b.lot, b.status, f.free, sum(f.free) over (
            order by l.expires_on nulls last, b.status <> 'promo', b.first_at, b.lot, b.status
        ) - f.free as before
        from stock.balance as b
        cross join lateral (
            select b.on_hand - stock.picked_at_v1(b.place_id, b.sku_id, b.lot, b.status) as free
        ) as f
        left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
        left join stock.serial as s on s.sku_id = b.sku_id and s.serial = p_serial
        where b.sku_id = p_sku and b.place_id = p_place and b.owner = ''
            and b.status in ('good', 'promo') and f.free > 0
            and (p_lot is null or b.lot = p_lot)
            and not stock.is_past_v1(p_at, l.expires_on - p_days, l.expired_at)
            and (p_serial is null or (
                s.place_id = b.place_id and s.lot = b.lot and s.status = b.status
                and s.owner = '' and not exists(
                    select from stock.picked as k
                    where k.open and k.sku_id = s.sku_id and k.serial = s.serial
                )
            ))
    ) as y
    where y.before < p_qty;
$$;

-- Movements took goods out of bins where somebody's picked goods lie, and the balances are
-- changed already. Where too little is left, goods that are gone (p_may_short) were picked in
-- vain, the newest picks first; other movements may not have them: returns their first line.
create or replace function stock.mind_picks_v1(
    p_at timestamptz, p_actor text, p_document_id uuid, p_skus uuid[], p_from uuid[],
    p_from_statuses text[], p_lots text[], p_serials text[], p_owners text[],
    p_may_short boolean[]
)
returns integer
language plpgsql as $$
declare
    r record;
    k record;
    part bigint;
begin
    for r in
        select u.sku, u.place, u.lot, u.status, u.serial, min(u.line)::integer as line,
            bool_and(u.may_short) as may_short,
            case when u.serial <> '' then 1 else stock.picked_at_v1(
                u.place, u.sku, u.lot, u.status
            ) - coalesce((
                select b.on_hand from stock.balance as b
                where b.sku_id = u.sku and b.place_id = u.place and b.lot = u.lot
                    and b.owner = '' and b.status = u.status
            ), 0) end as missing
        from (
            select v.sku, v.place, v.lot, v.status, coalesce(v.serial, '') as serial,
                v.may_short, v.line
            from unnest(p_skus, p_from, p_lots, p_from_statuses, p_serials, p_owners, p_may_short)
                with ordinality as v (sku, place, lot, status, serial, owner, may_short, line)
            where v.owner = ''
        ) as u
        group by u.sku, u.place, u.lot, u.status, u.serial
        order by u.sku, u.place, u.lot, u.status, u.serial
    loop
        for k in
            select x.reservation_id, x.quantity, x.lot, x.status, x.serial
            from stock.picked as x
            join stock.reservation as v on v.reservation_id = x.reservation_id
            where x.open and x.sku_id = r.sku and x.place_id = r.place and x.lot = r.lot
                and x.status = r.status and x.serial = r.serial and r.missing > 0
            order by x.picked_at desc, x.reservation_id desc
            -- as in stock.short_v2: give up and begin again rather than wait for each other
            for update of v nowait
        loop
            exit when r.missing <= 0;
            if not r.may_short then
                return r.line;
            end if;
            part := least(k.quantity, r.missing);
            r.missing := r.missing - part;
            update stock.picked as x
            set quantity = x.quantity - part, open = x.quantity > part
            where x.reservation_id = k.reservation_id and x.sku_id = r.sku
                and x.place_id = r.place and x.lot = k.lot and x.status = k.status
                and x.serial = k.serial;
            update stock.reservation as v
            set strength = 'allocated', sequence = v.sequence + 1
            where v.reservation_id = k.reservation_id;
            perform stock.tell_reservations_v1(
                p_at, p_actor, 'unpicked', array[k.reservation_id]
            );
        end loop;
    end loop;
    return null;
end
$$;

-- What a line of a reservation waits for at one node is promised of other nodes of its channel
-- instead, by priority, as far as they have it and allocation is ours there. The quota is not
-- asked again: it is the same units. Returns how many moved. The reservation and the guarding
-- rows of the SKU at these nodes are held by the caller.
create or replace function stock.reallocate_v1(
    p_at timestamptz, p_actor text, p_id uuid, p_sku uuid, p_node uuid
)
returns bigint
language plpgsql as $$
declare
    r record;
    part bigint;
    left_over bigint;
    moved bigint := 0;
    shared bigint;
    uses boolean;
    nodes uuid[] := '{}'; was bigint[] := '{}'; open_now bigint[] := '{}';
    prot bigint[] := '{}'; skus uuid[];
    channel uuid;
    life integer;
begin
    select v.channel_id, b.backordered, stock.min_life_v1(v.channel_id)
    into channel, left_over, life
    from stock.reservation as v
    join stock.reservation_line as b on b.reservation_id = v.reservation_id
    join nodes.node as n on n.node_id = b.node_id and n.allocation_owner = 'entrepot'
    where v.reservation_id = p_id and b.sku_id = p_sku and b.node_id = p_node
        and v.state = 'pending';
    if coalesce(left_over, 0) = 0 then
        return 0;
    end if;
    perform from stock.channel_available as c
    where (c.sku_id, c.channel_id) in (
        select p_sku, cn.channel_id
        from nodes.channel_node as cn
        where cn.node_id in (
            select x.node_id from nodes.channel_node as x where x.channel_id = channel
        )
    )
    order by c.sku_id, c.channel_id for update;
    select c.uses_protected, c.pooled - c.buffer into uses, shared
    from stock.channel_available as c
    where c.channel_id = channel and c.sku_id = p_sku;
    for r in
        select g.node_id, g.available - g.safety as open, g.protected
        from nodes.channel_node as cn
        join nodes.node as n on n.node_id = cn.node_id and n.closed_at is null
            and n.allocation_owner = 'entrepot'
        join stock.sku_node as g on g.sku_id = p_sku and g.node_id = cn.node_id
        where cn.channel_id = channel and cn.node_id <> p_node
        order by cn.priority
    loop
        part := least(
            left_over, shared, r.open - case when uses then 0 else r.protected end
        );
        if life > 0 and part > 0 then
            part := least(part, stock.lasting_v1(p_at, p_sku, r.node_id, life, null));
        end if;
        continue when part <= 0;
        insert into stock.reservation_line as b
            (reservation_id, sku_id, node_id, quantity, backordered)
        values (p_id, p_sku, r.node_id, part, 0)
        on conflict (reservation_id, sku_id, node_id) do update
        set quantity = b.quantity + excluded.quantity;
        insert into stock.taken_over as t
            (reservation_id, sku_id, from_node, to_node, quantity, at, actor)
        values (p_id, p_sku, p_node, r.node_id, part, p_at, p_actor)
        on conflict (reservation_id, from_node, sku_id, to_node) do update
        set quantity = t.quantity + excluded.quantity, at = excluded.at, actor = excluded.actor;
        nodes := nodes || r.node_id; was := was || r.open; open_now := open_now || r.open - part;
        prot := prot || r.protected;
        left_over := left_over - part; shared := shared - part; moved := moved + part;
    end loop;
    if moved = 0 then
        return 0;
    end if;
    skus := array_fill(p_sku, array[cardinality(nodes)]);
    perform stock.hold_v1(
        skus, nodes, was, open_now, array_fill(0::bigint, array[cardinality(nodes)]),
        array_fill(0::bigint, array[cardinality(nodes)]), prot
    );
    perform stock.hold_v1(
        array[p_sku], array[p_node], array[0::bigint], array[0::bigint], array[0::bigint],
        array[moved], array[0::bigint]
    );
    delete from stock.reservation_line as b
    where b.reservation_id = p_id and b.sku_id = p_sku and b.node_id = p_node
        and b.quantity = 0 and b.backordered = moved;
    update stock.reservation_line as b set backordered = b.backordered - moved
    where b.reservation_id = p_id and b.sku_id = p_sku and b.node_id = p_node;
    update stock.reservation as v set sequence = v.sequence + 1 where v.reservation_id = p_id;
    perform stock.tell_reservations_v1(p_at, p_actor, 'reallocated', array[p_id]);
    return moved;
end
$$;
