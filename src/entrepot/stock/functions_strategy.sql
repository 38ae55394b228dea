-- What stock is for: how fast goods sell, and how many of them last long enough for a channel.

-- Counts the pace of every SKU at every node anew from the ledger. Two at once: the later waits.
create or replace function stock.count_pace_v1(p_at timestamptz)
returns integer
language plpgsql as $$
declare
    written integer;
begin
    perform platform.bump_epoch_v1('stock_pace');
    insert into stock.pace as c (sku_id, node_id, sold_90, best_seller, counted_at)
    select z.sku_id, z.node_id, z.sold, z.before * 100 < z.everything * 80, p_at
    from (
        select y.sku_id, y.node_id, y.sold, y.everything,
            sum(y.of_sku) filter (where y.first_of_sku)
                over (order by y.of_sku desc, y.sku_id) - y.of_sku as before
        from (
            select x.sku_id, x.node_id, x.sold,
                sum(x.sold) over (partition by x.sku_id) as of_sku,
                sum(x.sold) over () as everything,
                row_number() over (partition by x.sku_id order by x.node_id) = 1 as first_of_sku
            from (
                select m.sku_id, p.node_id, sum(m.quantity)::bigint as sold
                from stock.movement as m
                join stock.place as p on p.place_id = m.from_place and p.kind = 'bin'
                where m.reason = 'sale' and m.at > p_at - interval '90 days' and m.at <= p_at
                    and not exists( -- moved back: it was none
                        select from stock.movement as b where b.reverses = m.movement_id
                    )
                group by m.sku_id, p.node_id
            ) as x
        ) as y
    ) as z
    on conflict (sku_id, node_id) do update set sold_90 = excluded.sold_90,
        best_seller = excluded.best_seller, counted_at = excluded.counted_at;
    get diagnostics written = row_count;
    update stock.pace as c set sold_90 = 0, best_seller = false, counted_at = p_at
    where c.counted_at < p_at;
    return written;
end
$$;

-- How many days more goods must last for a channel, and for a reservation's channel.
create or replace function stock.min_life_v1(p_channel uuid)
returns integer
language sql stable as $$
    select coalesce((
        select r.min_life_days from stock.channel_rule as r where r.channel_id = p_channel
    ), 0);
$$;

create or replace function stock.min_life_of_v1(p_reservation uuid)
returns integer
language sql stable as $$
    select coalesce((
        select stock.min_life_v1(v.channel_id) from stock.reservation as v
        where v.reservation_id = p_reservation
    ), 0);
$$;

-- What the requests of one flight took so far from a guarding row for channels that ask for
-- lasting goods. at_row: the channel's row, whose demand stands in p_life; req 0: given back.
create or replace function stock.taken_lasting_v1(
    p_guard integer, p_guards integer[], p_qtys bigint[], p_rows integer[], p_reqs integer[],
    p_life integer[]
)
returns bigint
language sql immutable as $$
    select coalesce(sum(u.qty), 0)::bigint
    from unnest(p_guards, p_qtys, p_rows, p_reqs) as u (guard, qty, at_row, req)
    where u.guard = p_guard and u.req > 0 and p_life[u.at_row] > 0;
$$;

-- How many units of a SKU at a node last p_days more, less what was picked of them for channels
-- that ask for less, and less what is promised to channels that ask for as much or more. Below
-- zero somebody was promised what is not there. p_but: a reservation that is being replaced. Only
-- sound with the guarding row locked.
create or replace function stock.lasting_at_v1(
    p_at timestamptz, p_sku uuid, p_node uuid, p_days integer, p_but uuid
)
returns bigint
language sql stable as $$
    select (s.lasting - k.picked - d.promised)::bigint
    from (
        select coalesce(sum(b.on_hand), 0) as lasting
        from stock.balance as b
        left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
        where b.sku_id = p_sku and b.node_id = p_node and b.owner = ''
            and b.status in ('good', 'promo') and l.expired_at is null
            and (l.expires_on is null or l.expires_on >= stock.today_v1(p_at) + p_days)
    ) as s
    cross join lateral (
        select coalesce(sum(x.quantity), 0) as picked
        from stock.reservation_line as b
        join stock.reservation as v on v.reservation_id = b.reservation_id
        join stock.picked as x on x.reservation_id = b.reservation_id and x.sku_id = b.sku_id
            and x.node_id = b.node_id and x.open
        left join stock.lot as l on l.sku_id = x.sku_id and l.lot = x.lot
        where b.sku_id = p_sku and b.node_id = p_node and b.open
            and b.reservation_id is distinct from p_but and l.expired_at is null
            and (l.expires_on is null or l.expires_on >= stock.today_v1(p_at) + p_days)
            and stock.min_life_v1(v.channel_id) < p_days
    ) as k
    cross join lateral (
        select coalesce(sum(b.quantity), 0) as promised
        from stock.reservation_line as b
        join stock.reservation as v on v.reservation_id = b.reservation_id
        join stock.channel_rule as r on r.channel_id = v.channel_id and r.min_life_days >= p_days
        where b.sku_id = p_sku and b.node_id = p_node and b.open
            and b.reservation_id is distinct from p_but
    ) as d;
$$;

-- How many units of a SKU at a node may still be promised to a channel whose goods must last
-- p_days more. Asked for every smaller demand too, since what is taken here is gone for those as
-- well. p_but: a reservation that is being replaced. Only sound with the guarding row locked.
create or replace function stock.lasting_v1(
    p_at timestamptz, p_sku uuid, p_node uuid, p_days integer, p_but uuid
)
returns bigint
language sql stable as $$
    select min(stock.lasting_at_v1(p_at, p_sku, p_node, t.days, p_but))
    from (
        select p_days as days
        union
        select r.min_life_days from stock.channel_rule as r
        where r.min_life_days between 1 and p_days
    ) as t;
$$;

-- The demands above p_days that lots of a SKU at a node would have met and whose promises cannot
-- all be kept now, the highest first.
create or replace function stock.starved_v1(
    p_at timestamptz, p_sku uuid, p_node uuid, p_lots text[], p_days integer
)
returns table (days integer)
language sql stable as $$
    select t.days
    from (
        select distinct r.min_life_days as days from stock.channel_rule as r
        where r.min_life_days > p_days
    ) as t
    where exists(
        select from unnest(p_lots) as u (lot)
        left join stock.lot as l on l.sku_id = p_sku and l.lot = u.lot
        where l.expired_at is null
            and (l.expires_on is null or l.expires_on >= stock.today_v1(p_at) + t.days)
    ) and stock.lasting_at_v1(p_at, p_sku, p_node, t.days, null) < 0
    order by t.days desc;
$$;

-- Movements took goods of lots away from nodes, and the balances are changed already. Where what
-- lasts does not do for those who were promised lasting goods: of goods that are gone
-- (p_may_short) the newest of these promises become backorders; other movements may not have
-- them: returns their first line. Goods are looked at by what was named, so that what had run out
-- by the calendar before is nobody's fault here. Guarding and channel rows are held by the caller.
create or replace function stock.mind_lasting_v1(
    p_at timestamptz, p_actor text, p_document_id uuid, p_skus uuid[], p_from uuid[],
    p_from_statuses text[], p_to uuid[], p_to_statuses text[], p_lots text[], p_owners text[],
    p_may_short boolean[]
)
returns integer
language plpgsql as $$
declare
    r record;
    g record;
    starved integer;
    freed bigint;
begin
    if array_remove(p_lots, '') = '{}' or not exists(
        select from stock.channel_rule as c where c.min_life_days > 0
    ) then
        return null;
    end if;
    for r in
        select u.sku, f.node_id, array_agg(distinct u.lot) as lots,
            bool_and(u.may_short) as may_short, min(u.line)::integer as line
        from unnest(
            p_skus, p_from, p_from_statuses, p_to, p_to_statuses, p_lots, p_owners, p_may_short
        ) with ordinality as u (
            sku, from_place, from_status, to_place, to_status, lot, owner, may_short, line
        )
        join stock.place as f on f.place_id = u.from_place and f.kind = 'bin'
        left join stock.place as t on t.place_id = u.to_place
        where u.owner = '' and u.lot <> '' and u.from_status in ('good', 'promo') and (
            t.node_id is distinct from f.node_id or u.to_status not in ('good', 'promo')
        )
        group by u.sku, f.node_id
        order by u.sku, f.node_id
    loop
        for starved in
            select s.days from stock.starved_v1(p_at, r.sku, r.node_id, r.lots, 0) as s
        loop
            if not r.may_short then
                return r.line;
            end if;
            select x.available - x.safety as open, x.protected into g
            from stock.sku_node as x where x.sku_id = r.sku and x.node_id = r.node_id;
            freed := stock.short_v2(
                p_at, p_actor, p_document_id, r.sku, r.node_id, -stock.lasting_at_v1(
                    p_at, r.sku, r.node_id, starved, null
                ), starved
            );
            perform stock.pool_v1(
                array[r.sku], array[r.node_id], array[g.open], array[g.open + freed],
                array[g.protected]
            );
        end loop;
    end loop;
    return null;
end
$$;
