-- What changes guarding rows besides reservations: the channels' copies, promises that cannot be
-- kept, levels, rules of channels, pools. Locks: (sku, node), then (sku, channel), in order.

-- The id of an event that a function writes without having been given one: the same for the same
-- cause, so that a repeated block writes the same.
create or replace function stock.event_id_v1(p_cause uuid, p_what text)
returns uuid
language sql immutable as $$
    select md5(p_cause::text || p_what)::uuid;
$$;

-- Locks the channels' rows that belong to these guarding rows, in order.
create or replace function stock.lock_pools_v1(p_skus uuid[], p_nodes uuid[])
returns void
language plpgsql as $$
begin
    perform from stock.channel_available as c
    where (c.sku_id, c.channel_id) in (
        select u.sku, cn.channel_id
        from unnest(p_skus, p_nodes) as u (sku, node)
        join nodes.channel_node as cn on cn.node_id = u.node
    )
    order by c.sku_id, c.channel_id for update;
end
$$;

-- Writes on the channels' copies, locked, what changed on locked guarding rows. was and now:
-- available less safety, before and after.
create or replace function stock.pool_v1(
    p_skus uuid[], p_nodes uuid[], p_was bigint[], p_now bigint[], p_protected bigint[]
)
returns void
language plpgsql as $$
begin
    update stock.channel_available as c
    set pooled = c.pooled + case when c.uses_protected then x.whole else x.rest end
    from (
        select cn.channel_id, u.sku,
            sum(greatest(0, u.now) - greatest(0, u.was)) as whole,
            sum(greatest(0, u.now - u.prot) - greatest(0, u.was - u.prot)) as rest
        from unnest(p_skus, p_nodes, p_was, p_now, p_protected) as u (sku, node, was, now, prot)
        join nodes.channel_node as cn on cn.node_id = u.node
        where u.was <> u.now
        group by cn.channel_id, u.sku
    ) as x
    where c.channel_id = x.channel_id and c.sku_id = x.sku;
end
$$;

-- Goods that were promised are not there: the newest promises of them become backorders, soft
-- ones first; only those of channels whose goods must last p_days at least (0: all of them).
-- Returns how many units. The guarding row is locked by the caller.
create or replace function stock.short_v2(
    p_at timestamptz, p_actor text, p_cause uuid, p_sku uuid, p_node uuid, p_missing bigint,
    p_days integer
)
returns bigint
language plpgsql as $$
declare
    r record;
    part bigint;
    freed bigint := 0;
    next_sequence bigint;
begin
    for r in
        select v.reservation_id, v.reference, b.quantity - k.picked as quantity,
            c.code as channel
        from stock.reservation_line as b
        join stock.reservation as v on v.reservation_id = b.reservation_id
        join nodes.channel as c on c.channel_id = v.channel_id
        cross join lateral (
            -- what was picked is there: it stays promised to whom it was picked for
            select coalesce(sum(x.quantity), 0)::bigint as picked from stock.picked as x
            where x.reservation_id = b.reservation_id and x.sku_id = b.sku_id
                and x.node_id = b.node_id and x.open
        ) as k
        where b.sku_id = p_sku and b.node_id = p_node and b.open and b.quantity > k.picked
            and (p_days = 0 or stock.min_life_v1(v.channel_id) >= p_days)
        order by v.strength <> 'soft', v.created_at desc, v.reservation_id desc
        -- Whoever ends a reservation holds it and waits for our guarding row: nowait gives ours
        -- up, and the whole block is run again, instead of each waiting for the other.
        for update of v nowait
    loop
        exit when freed >= p_missing;
        part := least(r.quantity, p_missing - freed);
        update stock.reservation_line as b
        set quantity = b.quantity - part, backordered = b.backordered + part
        where b.reservation_id = r.reservation_id and b.sku_id = p_sku and b.node_id = p_node;
        update stock.reservation as v set sequence = v.sequence + 1
        where v.reservation_id = r.reservation_id
        returning v.sequence into next_sequence;
        perform platform.put_event_v1(
            stock.event_id_v1(
                p_cause, r.reservation_id::text || p_sku::text || p_node::text
                || case when p_days > 0 then p_days::text else '' end
            ),
            'reservation.shorted', 1, 'reservation', r.reservation_id, next_sequence, p_at,
            p_actor, jsonb_build_object(
                'id', r.reservation_id, 'reference', r.reference, 'channel', r.channel,
                'skus', jsonb_build_array((select s.code from catalog.sku as s
                    where s.sku_id = p_sku)),
                'warehouse', (select n.code from nodes.node as n where n.node_id = p_node),
                'missing', part
            )
        );
        freed := freed + part;
    end loop;
    update stock.sku_node as g
    set reserved = g.reserved - freed, backordered = g.backordered + freed
    where g.sku_id = p_sku and g.node_id = p_node and freed > 0;
    return freed;
end
$$;

-- The events of a document: for each node, of at most 200 SKUs each.
create or replace function stock.tell_moved_v1(
    p_at timestamptz, p_actor text, p_document_id uuid, p_reference text, p_skus uuid[],
    p_nodes uuid[]
)
returns void
language plpgsql as $$
begin
    perform platform.put_event_v1(
        stock.event_id_v1(p_document_id, x.sequence::text), 'stock.moved', 1, 'stock_document',
        p_document_id, x.sequence, p_at, p_actor, x.body
    )
    from (
        select row_number() over (order by y.warehouse nulls last, y.part) as sequence,
            jsonb_build_object(
                'document_id', p_document_id, 'reference', p_reference, 'warehouse', y.warehouse,
                'skus', y.skus
            ) as body
        from (
            select z.warehouse, z.part, jsonb_agg(z.sku order by z.sku) as skus
            from (
                select n.code as warehouse, s.code as sku,
                    (row_number() over (partition by n.code order by s.code) - 1) / 200 as part
                from unnest(p_skus, p_nodes) as u (sku, node)
                join nodes.node as n on n.node_id = u.node
                join catalog.sku as s on s.sku_id = u.sku
            ) as z
            group by z.warehouse, z.part
        ) as y
        union all
        select 1, jsonb_build_object('document_id', p_document_id, 'reference', p_reference)
        where p_skus is null
    ) as x;
end
$$;

-- Sets levels of guarding rows; null leaves one as it is. Rows are made where missing. inbound
-- is what is told by hand: what ASNs await stays beside it.
create or replace function stock.set_levels_v1(
    p_skus uuid[], p_nodes uuid[], p_safety bigint[], p_protected bigint[], p_inbound bigint[],
    p_sells_inbound boolean[], p_extra bigint[]
)
returns void
language plpgsql as $$
begin
    perform stock.open_guards_v1(p_skus, p_nodes);
    -- all nodes of these SKUs, since count_pools_v1 needs them all: in order from the start
    perform from stock.sku_node as g where g.sku_id = any(p_skus)
    order by g.sku_id, g.node_id for update;
    update stock.sku_node as g
    set safety = coalesce(u.safety + g.withheld, g.safety),
        protected = coalesce(u.prot, g.protected),
        inbound = coalesce(g.inbound - g.inbound_told + u.inbound, g.inbound),
        inbound_told = coalesce(u.inbound, g.inbound_told),
        sells_inbound = coalesce(u.sells_inbound, g.sells_inbound),
        backorder_extra = coalesce(u.extra, g.backorder_extra)
    from unnest(
        p_skus, p_nodes, p_safety, p_protected, p_inbound, p_sells_inbound, p_extra
    ) as u (sku, node, safety, prot, inbound, sells_inbound, extra)
    where g.sku_id = u.sku and g.node_id = u.node;
    perform stock.count_pools_v1(null, p_skus);
end
$$;

-- Counts the channels' copies anew from the guarding rows: of one channel or of all, of these
-- SKUs or (null) of all that lie in the channel's nodes. Locks every guarding row it reads.
create or replace function stock.count_pools_v1(p_channel uuid, p_skus uuid[])
returns void
language plpgsql as $$
begin
    perform from stock.sku_node as g
    where (p_skus is null or g.sku_id = any(p_skus)) and g.node_id in (
        select cn.node_id from nodes.channel_node as cn
        where p_channel is null or cn.channel_id = p_channel
    )
    order by g.sku_id, g.node_id for update;
    insert into stock.channel_available (channel_id, sku_id, uses_protected, buffer)
    select distinct cn.channel_id, g.sku_id, coalesce(r.uses_protected, false),
        coalesce(r.buffer, 0)
    from stock.sku_node as g
    join nodes.channel_node as cn on cn.node_id = g.node_id
    left join stock.channel_rule as r on r.channel_id = cn.channel_id
    where (p_channel is null or cn.channel_id = p_channel)
        and (p_skus is null or g.sku_id = any(p_skus))
    order by 2, 1
    on conflict do nothing;
    perform from stock.channel_available as c
    where (p_channel is null or c.channel_id = p_channel)
        and (p_skus is null or c.sku_id = any(p_skus))
    order by c.sku_id, c.channel_id for update;
    update stock.channel_available as c
    set uses_protected = h.uses_protected, pooled = coalesce((
        select sum(greatest(
            0, g.available - g.safety - case when h.uses_protected then 0 else g.protected end
        ))
        from stock.sku_node as g
        join nodes.channel_node as cn on cn.node_id = g.node_id and cn.channel_id = c.channel_id
        where g.sku_id = c.sku_id
    ), 0)
    from (
        select n.channel_id, coalesce(r.uses_protected, false) as uses_protected
        from nodes.channel as n
        left join stock.channel_rule as r on r.channel_id = n.channel_id
    ) as h
    where h.channel_id = c.channel_id and (p_channel is null or c.channel_id = p_channel)
        and (p_skus is null or c.sku_id = any(p_skus));
end
$$;

-- Sets what a channel leaves in the pool (buffer) and may take in all (quota; a new quota counts
-- from nothing, -1 takes it away); null leaves one as it is.
create or replace function stock.set_channel_levels_v1(
    p_channel uuid, p_skus uuid[], p_buffers bigint[], p_quotas bigint[]
)
returns void
language plpgsql as $$
begin
    insert into stock.channel_available (channel_id, sku_id, uses_protected)
    select distinct p_channel, u.sku, coalesce((
        select r.uses_protected from stock.channel_rule as r where r.channel_id = p_channel
    ), false)
    from unnest(p_skus) as u (sku)
    order by 2
    on conflict do nothing;
    perform from stock.channel_available as c
    where c.channel_id = p_channel and c.sku_id = any(p_skus)
    order by c.sku_id for update;
    update stock.channel_available as c
    set buffer = coalesce(u.buffer, c.buffer),
        quota = case when u.quota = -1 then null else coalesce(u.quota, c.quota) end,
        -- the same quota again, as it was read, is no new one
        quota_used = case
            when u.quota is null or u.quota = c.quota then c.quota_used else 0
        end
    from unnest(p_skus, p_buffers, p_quotas) as u (sku, buffer, quota)
    where c.channel_id = p_channel and c.sku_id = u.sku;
end
$$;
