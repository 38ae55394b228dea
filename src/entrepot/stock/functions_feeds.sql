-- Feeds: how a SKU's number at a node changed by other ways than an outside source.

-- Movements of these SKUs into (delta > 0) or out of a node that no feed caused, of which lot and
-- serial where the SKU is tracked by them, else ''. adjusts: by somebody's hand, with no partner
-- at the other end.
create or replace function stock.local_moves_v2(p_skus uuid[], p_node uuid)
returns table (
    sku_id uuid, lot text, serial text, at timestamptz, delta bigint, adjusts boolean
)
language sql stable as $$
    select m.sku_id, case when s.lot_tracked then m.lot else '' end,
        case when s.serial_tracked then coalesce(m.serial, '') else '' end, m.at,
        case when t.node_id is not distinct from p_node then m.quantity else 0 end
        - case when f.node_id is not distinct from p_node then m.quantity else 0 end,
        f.kind = 'adjustment' or t.kind = 'adjustment'
    from stock.movement as m
    join catalog.sku as s on s.sku_id = m.sku_id
    join stock.place as f on f.place_id = m.from_place
    join stock.place as t on t.place_id = m.to_place
    where m.sku_id = any(p_skus) and (f.node_id = p_node or t.node_id = p_node)
        and f.node_id is distinct from t.node_id
        and not exists (
            select from stock.feed_effect as e where e.document_id = m.document_id
        );
$$;

-- Until when our number of these goods holds what the feed told: of the lot or the serial when it
-- has an instant of its own, else of the whole SKU.
create or replace function stock.settled_until_v1(
    p_feed uuid, p_sku uuid, p_lot text, p_serial text
)
returns timestamptz
language sql stable as $$
    select t.until from stock.feed_settled as t
    where t.feed_id = p_feed and t.sku_id = p_sku
        and (t.lot = p_lot and t.serial = p_serial or t.lot = '' and t.serial = '')
    order by t.lot = p_lot and t.serial = p_serial desc
    limit 1;
$$;

-- A snapshot told the whole of these SKUs: all is settled until then, but for the goods that
-- differ (p_but_*); those keep the instant that they had.
create or replace function stock.settle_whole_v1(
    p_feed uuid, p_skus uuid[], p_until timestamptz, p_but_skus uuid[], p_but_lots text[],
    p_but_serials text[]
)
returns void
language plpgsql as $$
begin
    insert into stock.feed_settled (feed_id, sku_id, lot, serial, until)
    select p_feed, u.sku, u.lot, u.serial, coalesce(
        stock.settled_until_v1(p_feed, u.sku, u.lot, u.serial), '1970-01-01 00:00:00+00'
    )
    from unnest(p_but_skus, p_but_lots, p_but_serials) as u (sku, lot, serial)
    where u.lot <> '' or u.serial <> ''
    on conflict do nothing;
    update stock.feed_settled as t set until = greatest(t.until, p_until)
    where t.feed_id = p_feed and t.sku_id = any(p_skus)
        and (t.sku_id, t.lot, t.serial) not in (
            select u.sku, u.lot, u.serial
            from unnest(p_but_skus, p_but_lots, p_but_serials) as u (sku, lot, serial)
            where u.lot <> '' or u.serial <> ''
        );
    insert into stock.feed_settled as t (feed_id, sku_id, lot, serial, until)
    select p_feed, u.sku, '', '', p_until from unnest(p_skus) as u (sku)
    on conflict (feed_id, sku_id, lot, serial) do nothing;
end
$$;

-- How far our numbers are from a feed's (null: every feed's), by goods: the open drift, else what
-- it told that has no effect yet, and what was counted twice.
create or replace function stock.feed_errors_v1(p_feed uuid)
returns table (feed_id uuid, sku_id uuid, lot text, serial text, error bigint)
language sql stable as $$
    select d.feed_id, d.sku_id, d.lot, d.serial, d.amount
    from stock.drift as d
    where d.state = 'open' and (p_feed is null or d.feed_id = p_feed)
    union all
    -- a piece in another lot than ours: what is too many in one is too few in the other
    select d.feed_id, d.sku_id, d.told_lot, d.serial, -d.amount
    from stock.drift as d
    where d.state = 'open' and d.told_lot is not null
        and (p_feed is null or d.feed_id = p_feed)
    union all
    select o.feed_id, s.sku_id, o.lot, o.serial, sum(o.error)::bigint
    from (
        select q.feed_id, q.sku_code, q.lot, q.serial, q.quantity as error
        from stock.quarantine as q
        where q.closed_at is null and q.source_sequence is not null
            and (p_feed is null or q.feed_id = p_feed)
        union all
        select a.feed_id, a.sku_code, a.lot, a.serial, a.correction
        from stock.feed_alarm as a
        where a.state = 'open' and a.kind = 'doubled' and (p_feed is null or a.feed_id = p_feed)
    ) as o
    join catalog.sku as s on s.code = o.sku_code
    where not exists(
        select from stock.drift as d
        where d.feed_id = o.feed_id and d.sku_id = s.sku_id and d.lot = o.lot
            and d.serial = o.serial and d.state = 'open'
    )
    group by o.feed_id, s.sku_id, o.lot, o.serial;
$$;

-- Holds back so much of every SKU of a node, as part of its safety; 0 gives all of it back. How
-- many guarding rows changed. Locks: guarding rows in order, then the channels' rows.
create or replace function stock.withhold_v1(p_node uuid, p_withheld bigint)
returns integer
language plpgsql as $$
declare
    skus uuid[];
begin
    select array_agg(x.sku_id) into skus from (
        select g.sku_id from stock.sku_node as g
        where g.node_id = p_node and g.withheld <> p_withheld
        order by g.sku_id
        limit 5000
    ) as x;
    if skus is null then
        return 0;
    end if;
    -- all nodes of these SKUs, since count_pools_v1 needs them all: in order from the start
    perform from stock.sku_node as g where g.sku_id = any(skus)
    order by g.sku_id, g.node_id for update;
    update stock.sku_node as g
    set safety = g.safety - g.withheld + p_withheld, withheld = p_withheld
    where g.node_id = p_node and g.sku_id = any(skus);
    perform stock.count_pools_v1(null, skus);
    return cardinality(skus);
end
$$;
