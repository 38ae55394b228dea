-- What movements do to balances and serials. Only for callers that hold the guarding rows.

-- Serials follow their movements. Returns the first line whose serial is not where it should be.
create or replace function stock.move_serials_v1(
    p_skus uuid[], p_serials text[], p_from uuid[], p_from_statuses text[], p_to uuid[],
    p_to_statuses text[], p_lots text[], p_owners text[]
)
returns integer
language plpgsql as $$
declare
    wrong integer;
begin
    -- A serial that is new gets its row first, so that of two who bring it one waits here.
    insert into stock.serial (sku_id, serial, place_id, lot, owner, status)
    select u.sku, u.serial, u.from_place, u.lot, u.owner, u.from_status
    from unnest(p_skus, p_serials, p_from, p_from_statuses, p_lots, p_owners)
        as u (sku, serial, from_place, from_status, lot, owner)
    join stock.place as f on f.place_id = u.from_place and f.kind not in ('bin', 'transit')
    where u.serial is not null
    order by u.sku, u.serial
    on conflict do nothing;
    perform from stock.serial as s
    join unnest(p_skus, p_serials) as u (sku, serial) on u.sku = s.sku_id and u.serial = s.serial
    order by s.sku_id, s.serial for update of s;
    select min(u.line)::integer into wrong
    from unnest(p_skus, p_serials, p_from, p_from_statuses, p_lots, p_owners)
        with ordinality as u (sku, serial, from_place, from_status, lot, owner, line)
    join stock.place as f on f.place_id = u.from_place
    left join stock.serial as s on s.sku_id = u.sku and s.serial = u.serial
    left join stock.place as h on h.place_id = s.place_id
    where u.serial is not null and case
        when f.kind in ('bin', 'transit') then
            s.place_id is distinct from u.from_place or s.status <> u.from_status
            or s.lot <> u.lot or s.owner <> u.owner
        else h.kind in ('bin', 'transit')
    end;
    wrong := coalesce(wrong, (
        select max(u.line)::integer
        from unnest(p_skus, p_serials) with ordinality as u (sku, serial, line)
        where u.serial is not null
        group by u.sku, u.serial having count(*) > 1
        limit 1
    ));
    if wrong is null then
        insert into stock.serial as s (sku_id, serial, place_id, lot, owner, status)
        select u.sku, u.serial, u.to_place, u.lot, u.owner, u.to_status
        from unnest(p_skus, p_serials, p_to, p_to_statuses, p_lots, p_owners)
            as u (sku, serial, to_place, to_status, lot, owner)
        where u.serial is not null
        on conflict (sku_id, serial) do update set place_id = excluded.place_id,
            lot = excluded.lot, owner = excluded.owner, status = excluded.status;
    end if;
    return wrong;
end
$$;

-- Changes balances by the sums of movements. Returns the first line that takes what is not
-- there. Only for callers that hold the guarding rows.
create or replace function stock.change_balances_v1(
    p_at timestamptz, p_skus uuid[], p_qtys bigint[], p_from uuid[], p_from_statuses text[],
    p_to uuid[], p_to_statuses text[], p_lots text[], p_owners text[]
)
returns integer
language plpgsql as $$
declare
    b_place uuid[]; b_sku uuid[]; b_lot text[]; b_owner text[]; b_status text[];
    b_node uuid[]; b_change bigint[]; b_line integer[]; b_now bigint[];
    wrong integer;
begin
    select array_agg(x.place), array_agg(x.sku), array_agg(x.lot), array_agg(x.owner),
        array_agg(x.status), array_agg(x.node_id), array_agg(x.change), array_agg(x.line)
    into b_place, b_sku, b_lot, b_owner, b_status, b_node, b_change, b_line
    from (
        select e.place, e.sku, e.lot, e.owner, e.status, p.node_id, sum(e.qty)::bigint as change,
            min(e.line)::integer as line
        from (
            select u.to_place as place, u.sku, u.lot, u.owner, u.to_status as status, u.qty,
                u.line
            from unnest(p_skus, p_qtys, p_to, p_to_statuses, p_lots, p_owners)
                with ordinality as u (sku, qty, to_place, to_status, lot, owner, line)
            union all
            select u.from_place, u.sku, u.lot, u.owner, u.from_status, -u.qty, u.line
            from unnest(p_skus, p_qtys, p_from, p_from_statuses, p_lots, p_owners)
                with ordinality as u (sku, qty, from_place, from_status, lot, owner, line)
        ) as e
        join stock.place as p on p.place_id = e.place and p.kind in ('bin', 'transit')
        group by e.place, e.sku, e.lot, e.owner, e.status, p.node_id
        having sum(e.qty) <> 0
        order by e.sku, e.place, e.lot, e.owner, e.status
    ) as x;
    if b_place is null then
        return null;
    end if;
    -- What goes out is locked row by row in order, so that its new balance can be written whole.
    select array_agg(x.on_hand order by x.place), min(x.line)
        filter (where x.on_hand + x.change < 0)
    into b_now, wrong
    from (
        select u.place_in_order as place, u.change, u.line, coalesce(b.on_hand, 0) as on_hand
        from unnest(b_place, b_sku, b_lot, b_owner, b_status, b_change, b_line) with ordinality
            as u (place_id, sku, lot, owner, status, change, line, place_in_order)
        left join lateral (
            select y.on_hand from stock.balance as y
            where u.change < 0 and y.sku_id = u.sku and y.place_id = u.place_id
                and y.lot = u.lot and y.owner = u.owner and y.status = u.status
            for update
        ) as b on true
    ) as x;
    if wrong is not null then
        return wrong;
    end if;
    insert into stock.balance
        (place_id, sku_id, lot, owner, status, on_hand, node_id, first_at)
    select u.place, u.sku, u.lot, u.owner, u.status, u.now + u.change, u.node, p_at
    from unnest(b_place, b_sku, b_lot, b_owner, b_status, b_change, b_node, b_now)
        as u (place, sku, lot, owner, status, change, node, now)
    where u.change < 0
    on conflict (sku_id, place_id, lot, owner, status) do update
    set on_hand = excluded.on_hand;
    insert into stock.balance as b
        (place_id, sku_id, lot, owner, status, on_hand, node_id, first_at)
    select u.place, u.sku, u.lot, u.owner, u.status, u.change, u.node, p_at
    from unnest(b_place, b_sku, b_lot, b_owner, b_status, b_change, b_node)
        as u (place, sku, lot, owner, status, change, node)
    where u.change > 0
    on conflict (sku_id, place_id, lot, owner, status) do update
    set on_hand = b.on_hand + excluded.on_hand,
        first_at = case when b.on_hand = 0 then excluded.first_at else b.first_at end;
    return null;
end
$$;
