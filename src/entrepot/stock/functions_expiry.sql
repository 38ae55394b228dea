-- Lots past their date: which day it is, and out of what may be sold.

-- The date where the day begins first among the tenant's nodes.
create or replace function stock.today_v1(p_at timestamptz)
returns date
language sql stable as $$
    select coalesce(max((p_at at time zone n.zone)::date), (p_at at time zone 'UTC')::date)
    from nodes.node as n where n.closed_at is null;
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
        from (
            select r.place_id, r.owner, r.status, r.serial, 1::bigint as units
            from stock.serial as r
            join stock.place as p on p.place_id = r.place_id and p.kind = 'bin'
            where r.sku_id = p_sku and r.lot = p_lot and r.status in ('good', 'promo')
            union all
            select b.place_id, b.owner, b.status, null, b.on_hand - (
                select count(*) from stock.serial as r
                where r.sku_id = p_sku and r.place_id = b.place_id and r.lot = p_lot
                    and r.owner = b.owner and r.status = b.status
            )
            from stock.balance as b
            where b.sku_id = p_sku and b.lot = p_lot and b.node_id is not null
                and b.status in ('good', 'promo')
        ) as y
        where y.units > 0
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
