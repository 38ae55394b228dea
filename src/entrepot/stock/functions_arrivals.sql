-- Goods that are awaited: what an ASN adds to inbound and what receiving takes away again.
-- Locks: the ASN, then (sku, node). Only for callers that hold the ASN.

-- Adds to (or takes from) the inbound of guarding rows. Rows are made where missing.
create or replace function stock.expect_v1(p_skus uuid[], p_nodes uuid[], p_units bigint[])
returns void
language plpgsql as $$
begin
    perform stock.open_guards_v1(p_skus, p_nodes);
    perform from stock.sku_node as g
    where (g.sku_id, g.node_id) in (
        select u.sku, u.node from unnest(p_skus, p_nodes) as u (sku, node)
    )
    order by g.sku_id, g.node_id for update;
    update stock.sku_node as g set inbound = g.inbound + x.units
    from (
        select u.sku, u.node, sum(u.units)::bigint as units
        from unnest(p_skus, p_nodes, p_units) as u (sku, node, units)
        group by u.sku, u.node
    ) as x
    where g.sku_id = x.sku and g.node_id = x.node and x.units <> 0;
end
$$;

-- What the lines of an ASN await, by SKU; nothing for goods of somebody else.
create or replace function stock.awaited_v1(p_asn uuid)
returns table (sku_id uuid, units bigint)
language sql stable as $$
    select l.sku_id, sum(l.awaited)::bigint
    from stock.asn_line as l
    join stock.asn as a on a.asn_id = l.asn_id
    where l.asn_id = p_asn and a.owner = ''
    group by l.sku_id;
$$;

-- Counts units at lines of an ASN (negative: takes them away again); p_close gives up what has
-- not come. inbound follows in the same statement.
create or replace function stock.count_at_asn_v1(
    p_asn uuid, p_lines integer[], p_units bigint[], p_close boolean
)
returns void
language plpgsql as $$
declare
    skus uuid[]; nodes uuid[]; was bigint[]; now_units bigint[];
begin
    select array_agg(w.sku_id order by w.sku_id), array_agg(w.units order by w.sku_id),
        array_agg(a.node_id)
    into skus, was, nodes
    from stock.awaited_v1(p_asn) as w
    join stock.asn as a on a.asn_id = p_asn;
    update stock.asn_line as l set received = l.received + x.units
    from (
        select u.line, sum(u.units)::bigint as units
        from unnest(p_lines, p_units) as u (line, units) group by u.line
    ) as x
    where l.asn_id = p_asn and l.line = x.line;
    if p_close then
        update stock.asn_line as l set missing = greatest(0, l.expected - l.received)
        where l.asn_id = p_asn and l.missing <> greatest(0, l.expected - l.received);
    end if;
    select array_agg(w.units order by w.sku_id) into now_units
    from stock.awaited_v1(p_asn) as w;
    -- only what changed: other rows of the ASN are nobody's to wait for
    perform stock.expect_v1(
        array_agg(u.sku order by u.sku), array_agg(u.node), array_agg(u.n - u.w order by u.sku)
    )
    from unnest(skus, nodes, was, now_units) as u (sku, node, w, n)
    where u.n <> u.w
    having count(*) > 0;
end
$$;

-- The event of an ASN's newest step, whose sequence has been counted up.
create or replace function stock.tell_asn_v1(
    p_at timestamptz, p_actor text, p_asn uuid, p_verb text, p_facts jsonb
)
returns void
language plpgsql as $$
begin
    perform platform.put_event_v1(
        stock.event_id_v1(a.asn_id, a.sequence::text), 'asn.' || p_verb, 1, 'asn', a.asn_id,
        a.sequence, p_at, p_actor, p_facts || jsonb_build_object(
            'id', a.asn_id, 'reference', a.reference, 'warehouse', n.code, 'state', a.state
        )
    )
    from stock.asn as a
    join nodes.node as n on n.node_id = a.node_id
    where a.asn_id = p_asn;
end
$$;

-- One step of an ASN: its state (null: as it is), why something is missing, the event.
create or replace function stock.step_asn_v1(
    p_at timestamptz, p_actor text, p_asn uuid, p_state text, p_reason text, p_verb text,
    p_facts jsonb
)
returns void
language plpgsql as $$
begin
    update stock.asn as a
    set state = coalesce(p_state, a.state), close_reason = coalesce(p_reason, a.close_reason),
        sequence = a.sequence + 1,
        closed_at = case when p_state in ('received', 'cancelled') then p_at
            else a.closed_at end,
        closed_by = case when p_state in ('received', 'cancelled') then p_actor
            else a.closed_by end
    where a.asn_id = p_asn;
    perform stock.tell_asn_v1(p_at, p_actor, p_asn, p_verb, p_facts);
end
$$;

-- Of a movement that is about to be moved back: holds the ASN at which it counts, and what may
-- come back of a sale. Before the guarding rows. Whether it is a movement back of a receipt, a
-- return or a sale: what stands is counted by those, so the goods come or go again instead.
create or replace function stock.before_reversal_v1(p_movement_id uuid)
returns boolean
language plpgsql as $$
begin
    perform from stock.asn as a
    where a.asn_id in (
        select r.asn_id from stock.asn_receipt as r where r.movement_id = p_movement_id
    )
    order by a.asn_id for update;
    perform stock.hold_returns_v1(m.reference, array[m.sku_id])
    from stock.movement as m
    where m.movement_id = p_movement_id and m.reason = 'sale' and m.reference <> '';
    return exists(
        select from stock.movement as m
        join stock.movement as o on o.movement_id = m.reverses
        where m.movement_id = p_movement_id and (
            o.reason in ('sale', 'return')
            or exists(select from stock.asn_receipt as r where r.movement_id = o.movement_id)
        )
    );
end
$$;

-- A movement was moved back: what it counted at its ASN is awaited again, or, when the ASN is
-- closed, missing. outcome: done, or `came_back` for a sale of which more came back already.
create or replace function stock.after_reversal_v1(
    p_at timestamptz, p_actor text, p_movement_id uuid
)
returns text
language plpgsql as $$
declare
    r record;
begin
    for r in
        select x.asn_id, a.state in ('received', 'cancelled') as closed,
            array_agg(x.line) as lines, array_agg(-x.quantity) as units
        from stock.asn_receipt as x
        join stock.asn as a on a.asn_id = x.asn_id
        where x.movement_id = p_movement_id
        group by x.asn_id, a.state
    loop
        perform stock.count_at_asn_v1(r.asn_id, r.lines, r.units, r.closed);
        perform stock.step_asn_v1(
            p_at, p_actor, r.asn_id, null, null, 'receipt_reversed',
            jsonb_build_object('movement_id', p_movement_id)
        );
    end loop;
    if exists(
        select from stock.movement as m
        cross join lateral stock.still_out_v1(m.reference, array[m.sku_id]) as o
        where m.movement_id = p_movement_id and m.reason = 'sale' and m.reference <> ''
        group by m.sku_id, o.lot -- what is out of one lot makes up for nothing of another
        having sum(o.units) < 0
    ) then
        return 'came_back';
    end if;
    return 'done';
end
$$;

-- Holds what may come back of a reference, so that two together never take back too much.
create or replace function stock.hold_returns_v1(p_reference text, p_skus uuid[])
returns void
language plpgsql as $$
begin
    insert into stock.return_guard (reference, sku_id)
    select distinct p_reference, u.sku from unnest(p_skus) as u (sku) order by 2
    on conflict do nothing;
    perform from stock.return_guard as g
    where g.reference = p_reference and g.sku_id = any(p_skus)
    order by g.sku_id for update;
end
$$;

-- What went out of a reference and has not come back, by SKU, lot and serial.
create or replace function stock.still_out_v1(p_reference text, p_skus uuid[])
returns table (sku_id uuid, lot text, serial text, shipped bigint, units bigint)
language sql stable as $$
    select m.sku_id, m.lot, m.serial,
        sum(m.quantity) filter (where m.reason = 'sale')::bigint,
        sum(case when m.reason = 'sale' then m.quantity else -m.quantity end)::bigint
    from stock.movement as m
    where m.reference = p_reference and m.sku_id = any(p_skus) and m.reason in ('sale', 'return')
        and not exists (select from stock.movement as b where b.reverses = m.movement_id)
    group by m.sku_id, m.lot, m.serial;
$$;
