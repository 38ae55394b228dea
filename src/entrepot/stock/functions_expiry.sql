-- Lots that end: what lies of them, what may no longer be good, and those past their date out of
-- what may be sold.

-- The date where the day begins first among the tenant's nodes.
create or replace function stock.today_v1(p_at timestamptz)
returns date
language sql stable as $$
    select coalesce(max((p_at at time zone n.zone)::date), (p_at at time zone 'UTC')::date)
    from nodes.node as n where n.closed_at is null;
$$;

-- What lies in bins of these lots (each named once) in one of these statuses: serials one by one,
-- then what has none.
create or replace function stock.lying_v1(p_skus uuid[], p_lots text[], p_statuses text[])
returns table (
    sku_id uuid, lot text, place_id uuid, node_id uuid, owner text, status text, serial text,
    units bigint
)
language sql stable as $$
    with lots as (
        select u.sku_id, u.lot from unnest(p_skus, p_lots) as u (sku_id, lot)
    ), lying as (
        select s.sku_id, s.lot, s.place_id, p.node_id, s.owner, s.status, s.serial,
            1::bigint as units
        from lots as x
        join stock.serial as s on s.sku_id = x.sku_id and s.lot = x.lot
            and s.status = any(p_statuses)
        join stock.place as p on p.place_id = s.place_id and p.kind = 'bin'
        union all
        select b.sku_id, b.lot, b.place_id, b.node_id, b.owner, b.status, null, b.on_hand - (
            select count(*) from stock.serial as s
            where s.sku_id = b.sku_id and s.lot = b.lot and s.place_id = b.place_id
                and s.owner = b.owner and s.status = b.status
        )
        from lots as x
        join stock.balance as b on b.sku_id = x.sku_id and b.lot = x.lot
            and b.status = any(p_statuses) and b.node_id is not null and b.on_hand > 0
    )
    select y.sku_id, y.lot, y.place_id, y.node_id, y.owner, y.status, y.serial, y.units
    from lying as y
    where y.units > 0;
$$;

-- The first line that would be good of a lot that is not: past its date (`lot_expired`), or in a
-- bin although called back (`lot_recalled`). Asked once more under the locks of a posting: a lot
-- may have ended while it waited, and none of these does from here on.
create or replace function stock.lot_fault_v1(
    p_skus uuid[], p_lots text[], p_to uuid[], p_to_statuses text[]
)
returns table (outcome text, line integer)
language plpgsql as $$
#variable_conflict use_column
declare
    wrong integer;
begin
    perform from stock.lot as x
    where (x.sku_id, x.lot) in (select u.sku, u.lot from unnest(p_skus, p_lots) as u (sku, lot))
    order by x.sku_id, x.lot for share;
    select min(u.line)::integer into wrong
    from unnest(p_skus, p_lots, p_to, p_to_statuses) with ordinality
        as u (sku, lot, place, status, line)
    join stock.lot as x on x.sku_id = u.sku and x.lot = u.lot and x.expired_at is not null
    join stock.place as p on p.place_id = u.place and p.kind in ('bin', 'transit')
    where u.status in ('good', 'promo');
    if wrong is not null then
        return query select 'lot_expired'::text, wrong;
    elsif exists(select from stock.recall_lot as r where r.open) then
        -- a recall takes the guarding rows, so none opens behind our back
        select min(u.line)::integer into wrong
        from unnest(p_skus, p_lots, p_to, p_to_statuses) with ordinality
            as u (sku, lot, place, status, line)
        join stock.place as p on p.place_id = u.place and p.kind = 'bin'
        where u.status in ('good', 'promo')
            and stock.recall_of_v1(u.sku, u.lot) is not null;
        if wrong is not null then
            return query select 'lot_recalled'::text, wrong;
        end if;
    end if;
end
$$;

-- Takes a lot past its date out of what may be sold, wherever it lies: serials one by one.
-- Locks: guarding rows of the SKU, then the lot, as stock.post_movements_v1 does.
create or replace function stock.expire_lot_v1(
    p_at timestamptz, p_actor text, p_document_id uuid, p_sku uuid, p_lot text
)
returns text
language plpgsql
set enable_seqscan to off set plan_cache_mode to force_generic_plan as $$
declare
    m record;
    told text := 'done';
begin
    perform from stock.sku_node as g where g.sku_id = p_sku
    order by g.sku_id, g.node_id for update;
    update stock.lot as l set expired_at = p_at where l.sku_id = p_sku and l.lot = p_lot;
    select array_agg(stock.line_id_v1(p_document_id, x.line)) as ids,
        array_agg(p_sku) as skus, array_agg(x.units) as qtys, array_agg(x.place_id) as places,
        array_agg(x.status) as statuses, array_agg('expired'::text) as expired,
        array_agg(p_lot) as lots, array_agg(x.serial) as serials, array_agg(x.owner) as owners,
        array_agg('expire'::text) as reasons, array_agg(left('expired ' || p_lot, 80)) as refs,
        array_agg(null::uuid) as reverses, array_agg(true) as shorts
    into m
    from (
        select y.place_id, y.owner, y.status, y.serial, y.units,
            row_number() over (order by y.place_id, y.owner, y.status, y.serial) as line
        from stock.lying_v1(array[p_sku], array[p_lot], array['good', 'promo']) as y
    ) as x;
    if m.ids is not null then
        select p.outcome into told
        from stock.post_movements_v1(
            p_at, p_actor, p_document_id, m.refs[1], m.ids, m.skus, m.qtys, m.places, m.statuses,
            m.places, m.expired, m.lots, m.serials, m.owners, m.reasons, m.refs, m.reverses,
            m.shorts
        ) as p;
    end if;
    return told;
end
$$;
