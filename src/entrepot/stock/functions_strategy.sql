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

-- How many units of a SKU at a node may still be promised to a channel whose goods must last
-- p_days more: what lasts so long, less what is promised to channels that ask for as much or
-- more. Asked for every smaller demand too, since what is taken here is gone for those as well.
-- p_but: a reservation that is being replaced. Only sound with the guarding row locked.
create or replace function stock.lasting_v1(
    p_at timestamptz, p_sku uuid, p_node uuid, p_days integer, p_but uuid
)
returns bigint
language sql stable as $$
    select min(s.lasting - d.promised)::bigint
    from (
        select p_days as days
        union
        select r.min_life_days from stock.channel_rule as r
        where r.min_life_days between 1 and p_days
    ) as t
    cross join lateral (
        select coalesce(sum(b.on_hand), 0) as lasting
        from stock.balance as b
        left join stock.lot as l on l.sku_id = b.sku_id and l.lot = b.lot
        where b.sku_id = p_sku and b.node_id = p_node and b.owner = ''
            and b.status in ('good', 'promo') and l.expired_at is null
            and (l.expires_on is null or l.expires_on >= stock.today_v1(p_at) + t.days)
    ) as s
    cross join lateral (
        select coalesce(sum(b.quantity), 0) as promised
        from stock.reservation_line as b
        join stock.reservation as v on v.reservation_id = b.reservation_id
        join stock.channel_rule as r on r.channel_id = v.channel_id and r.min_life_days >= t.days
        where b.sku_id = p_sku and b.node_id = p_node and b.open
            and b.reservation_id is distinct from p_but
    ) as d;
$$;
