-- The peer of the reservation benches: the usual way, one request at a time with row locks, as
-- well as it can be written: one statement, one round trip, the same rows as ours.
create schema if not exists bench;
grant usage on schema bench to entrepot_app;

create or replace function bench.reserve_v1(
    p_at timestamptz, p_credential text, p_nonce text, p_key text, p_fingerprint bytea,
    p_request_id text, p_actor text, p_ids uuid[], p_reference text, p_channel text,
    p_skus text[], p_qtys bigint[], p_nodes text[]
)
returns table (verdict text, refused boolean, answer jsonb)
language plpgsql as $$
#variable_conflict use_column
declare
    the_channel uuid;
    l record;
    lines jsonb := '[]';
    prior boolean;
begin
    if not access.key_alive_v1(substr(p_credential, 5), 1, p_at) and p_credential like 'key:%' then
        return query select 'dead_key'::text, null::boolean, null::jsonb;
        return;
    end if;
    select c.verdict, c.refused, c.answer into verdict, refused, answer
    from platform.claim_request_v1(p_credential, p_nonce, p_key, p_fingerprint, p_at) as c;
    if verdict <> 'fresh' then
        return next;
        return;
    end if;
    refused := false;
    select c.channel_id into the_channel from nodes.channel as c where c.code = p_channel;
    insert into stock.reservation (
        reservation_id, channel_id, reference, state, strength, expires_at, sequence, created_at,
        actor
    )
    values (p_ids[1], the_channel, p_reference, 'pending', 'hard', null, 1, p_at, p_actor);
    for l in
        select s.sku_id, n.node_id, x.sku, x.node, sum(x.qty)::bigint as qty
        from unnest(p_skus, p_qtys, p_nodes) as x (sku, qty, node)
        join catalog.sku as s on s.code = x.sku
        join nodes.node as n on n.code = x.node
        group by s.sku_id, n.node_id, x.sku, x.node
        order by s.sku_id, n.node_id
    loop
        update stock.sku_node as g set reserved = g.reserved + l.qty
        where g.sku_id = l.sku_id and g.node_id = l.node_id
            and g.available - g.safety - g.protected >= l.qty;
        if not found then
            raise exception 'insufficient stock';
        end if;
        update stock.channel_available as c set pooled = c.pooled - l.qty
        where c.sku_id = l.sku_id and c.channel_id = the_channel;
        insert into stock.reservation_line
            (reservation_id, sku_id, node_id, quantity, backordered)
        values (p_ids[1], l.sku_id, l.node_id, l.qty, 0);
        lines := lines || jsonb_build_object(
            'sku', l.sku, 'node', l.node, 'qty', l.qty, 'backordered', 0
        );
    end loop;
    answer := jsonb_build_object(
        'id', p_ids[1], 'reference', p_reference, 'channel', p_channel, 'state', 'pending',
        'strength', 'hard', 'expires_at', null, 'created_at', p_at, 'lines', lines
    );
    perform platform.put_event_v1(
        p_ids[2], 'reservation.made', 1, 'reservation', p_ids[1], 1, p_at, p_actor, answer
    );
    perform platform.put_audit_v1(
        p_ids[3], p_at, p_actor, p_credential, null, p_request_id, 'reserve_stock',
        'reservation', p_ids[1], jsonb_build_object('channel', p_channel)
    );
    perform platform.keep_answer_v1(p_credential, p_key, false, answer);
    return next;
end
$$;
grant execute on function bench.reserve_v1 to entrepot_app;
