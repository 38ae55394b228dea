-- Reservations, many at a time: decided first come first served on the locked guarding rows.
-- Locks: reservations that are replaced, then (sku, node), then (sku, channel), each in order.

-- Reserves for many requests, one after the other in the order given. p_ids: the reservation of
-- each. Only those with p_take are looked at; what comes back has null for the others.
-- done or refused; answers are the reservations, or the refusals. replaced is the live reservation
-- of the same reference and channel whose place the new one took: what it held counted as
-- available; null when none was replaced. again: nothing was written; to say no the guarding rows
-- of all nodes are needed: call again with p_whole.
create or replace function stock.reserve_batch_v2(
    p_at timestamptz, p_take boolean[], p_ids uuid[], p_actors text[], p_references text[],
    p_channels text[], p_expires timestamptz[], p_line_of integer[], p_skus text[],
    p_qtys bigint[], p_nodes text[], p_warehouses text[], p_whole boolean,
    out again boolean, out done boolean[], out answers jsonb[], out replaced uuid[],
    out replaced_sequences bigint[]
)
language plpgsql as $$
#variable_conflict use_column
declare
    r_channel uuid[]; r_done boolean[] := p_take; r_answer jsonb[]; r_old uuid[];
    o_req integer[]; o_sku uuid[]; o_node uuid[]; o_qty bigint[]; o_back bigint[];
    o_pos integer[]; o_row integer[]; o_credit bigint[];
    l_req integer[]; l_sku uuid[]; l_code text[]; l_qty bigint[]; l_node uuid[]; l_named text[];
    l_channel uuid[]; l_wide integer[];
    g_sku uuid[]; g_node uuid[]; g_code text[]; g_open bigint[]; g_prot bigint[];
    g_ahead bigint[]; g_was bigint[]; g_back bigint[];
    k_channel uuid[]; k_sku uuid[]; k_uses boolean[]; k_buffer bigint[]; k_quota bigint[];
    k_pooled bigint[]; k_took bigint[]; k_used bigint[]; k_life integer[];
    c_line integer[]; c_guard integer[]; c_row integer[];
    a_req integer[] := '{}'; a_guard integer[] := '{}'; a_qty bigint[] := '{}';
    a_back bigint[] := '{}'; a_code text[] := '{}'; a_row integer[] := '{}';
    n integer; i integer := 1; cp integer := 1; cn integer; k integer; r integer; o integer := 1;
    o_first integer; a_n integer := 0; a_first integer; i_first integer; c_first integer;
    pos integer; left_over bigint; part bigint; room bigint; seen bigint; shared bigint;
    short jsonb; bad boolean; taken boolean; any_rules boolean;
begin
    again := false;
    select array_agg(x.channel_id order by x.req), array_agg(x.reservation_id order by x.req)
    into r_channel, r_old
    from stock.live_of_v1(p_channels, p_references, p_take) as x;
    select v.reqs, v.skus, v.codes, v.qtys, v.nodes, v.named, v.channels, v.wide
    into l_req, l_sku, l_code, l_qty, l_node, l_named, l_channel, l_wide
    from stock.resolve_lines_v2(
        p_take, p_line_of, p_skus, p_qtys, p_nodes, r_channel, p_warehouses
    ) as v;
    n := coalesce(cardinality(l_req), 0);

    if array_remove(r_old, null) <> '{}' then
        select h.still, h.reqs, h.skus, h.nodes, h.qtys, h.backs
        into r_old, o_req, o_sku, o_node, o_qty, o_back
        from stock.hold_replaced_v1(r_old) as h;
    else
        r_old := null;
    end if;

    select array_agg(w.sku_id), array_agg(w.node_id) into g_sku, g_node
    from stock.guards_of_v1(
        l_sku, l_qty, l_node, l_channel, p_warehouses, p_whole, o_sku, o_node
    ) as w;
    select v.skus, v.nodes, v.codes, v.opens, v.kept, v.aheads
    into g_sku, g_node, g_code, g_open, g_prot, g_ahead
    from stock.lock_guards_v1(g_sku, g_node) as v;
    g_was := g_open;
    g_back := g_ahead;
    if o_req is not null then
        select array_agg(g.pos order by b.place) into o_pos
        from unnest(o_sku, o_node) with ordinality as b (sku, node, place)
        join unnest(g_sku, g_node) with ordinality as g (sku, node, pos)
            on g.sku = b.sku and g.node = b.node;
    end if;

    select v.channels, v.skus, v.uses, v.buffers, v.rests, v.pools, v.used, v.lives, v.any_rules
    into k_channel, k_sku, k_uses, k_buffer, k_quota, k_pooled, k_used, k_life, any_rules
    from stock.lock_channels_v1(
        g_sku, g_node, array(select r_channel[b.req] from unnest(o_req) as b (req)), o_sku
    ) as v;
    k_took := array_fill(0::bigint, array[coalesce(cardinality(k_sku), 0)]);

    select array_agg(x.line order by x.line, x.priority),
        array_agg(x.guard order by x.line, x.priority),
        array_agg(x.at_row order by x.line, x.priority)
    into c_line, c_guard, c_row
    from stock.choices_v1(
        l_sku, l_node, l_channel, p_warehouses, g_sku, g_node, k_channel, k_sku
    ) as x;
    cn := coalesce(cardinality(c_line), 0);

    r_answer := array_fill(null::jsonb, array[cardinality(p_ids)]);
    for r in 1..cardinality(p_ids) loop
        continue when not p_take[r];
        a_first := a_n; i_first := i; c_first := cp; o_first := o;
        short := null;
        taken := false;
        bad := r_channel[r] is null or coalesce(p_expires[r] <= p_at, false) or r = any(l_wide);
        while o <= coalesce(cardinality(o_req), 0) and o_req[o] = r loop
            pos := o_pos[o];
            g_open[pos] := g_open[pos] + o_qty[o];
            g_ahead[pos] := g_ahead[pos] + o_back[o];
            taken := taken or coalesce(g_code[pos] <> all(p_warehouses), false);
            o_row[o] := null;
            if any_rules then
                -- what the replaced one used of a quota is given back
                k := (
                    select y.pos from unnest(k_channel, k_sku) with ordinality
                        as y (channel, sku, pos)
                    where y.channel = r_channel[r] and y.sku = o_sku[o]
                        and k_quota[y.pos] is not null
                );
                if k is not null then
                    o_row[o] := k;
                    o_credit[o] := least(o_qty[o] + o_back[o], k_used[k] + k_took[k]);
                    k_took[k] := k_took[k] - o_credit[o];
                end if;
            end if;
            o := o + 1;
        end loop;
        while i <= n and l_req[i] = r loop
            bad := bad or l_sku[i] is null or (l_named[i] is not null and l_node[i] is null);
            left_over := l_qty[i];
            seen := 0;
            shared := null;
            if any_rules and cp <= cn and c_line[cp] = i and c_row[cp] is not null then
                k := c_row[cp];
                shared := k_quota[k] - k_took[k];
                if k_buffer[k] > 0 then
                    room := stock.pool_room_v1(
                        l_channel[i], l_sku[i], k_uses[k], k_pooled[k] - k_buffer[k], g_sku,
                        g_node, g_was, g_open, g_prot
                    );
                    shared := least(shared, room);
                end if;
            end if;
            k := cp;
            while cp <= cn and c_line[cp] = i loop
                pos := c_guard[cp];
                room := g_open[pos] - case when k_uses[c_row[cp]] then 0 else g_prot[pos] end;
                if k_life[c_row[cp]] > 0 then
                    room := least(room, stock.lasting_v1(
                        p_at, g_sku[pos], g_node[pos], k_life[c_row[cp]], r_old[r]
                    ) - stock.taken_lasting_v1(pos, a_guard, a_qty, a_row, a_req, k_life));
                end if;
                seen := seen + greatest(0, room);
                part := least(left_over, room, coalesce(shared, left_over));
                if part > 0 then
                    a_n := a_n + 1;
                    a_req[a_n] := r; a_guard[a_n] := pos; a_qty[a_n] := part; a_back[a_n] := 0;
                    a_code[a_n] := l_code[i]; a_row[a_n] := c_row[cp];
                    g_open[pos] := g_open[pos] - part;
                    left_over := left_over - part;
                    shared := shared - part;
                    if any_rules and c_row[cp] is not null then
                        k_took[c_row[cp]] := k_took[c_row[cp]] + part;
                    end if;
                end if;
                cp := cp + 1;
            end loop;
            if left_over > 0 and not p_whole and l_node[i] is null and not (bad or taken) then
                again := true;
                return;
            end if;
            while left_over > 0 and k < cp and (shared is null or shared > 0) loop
                pos := c_guard[k];
                part := least(left_over, g_ahead[pos], coalesce(shared, left_over));
                if part > 0 then
                    a_n := a_n + 1;
                    a_req[a_n] := r; a_guard[a_n] := pos; a_qty[a_n] := 0; a_back[a_n] := part;
                    a_code[a_n] := l_code[i]; a_row[a_n] := c_row[k];
                    g_ahead[pos] := g_ahead[pos] - part;
                    left_over := left_over - part;
                    shared := shared - part;
                    if any_rules and c_row[k] is not null then
                        k_took[c_row[k]] := k_took[c_row[k]] + part;
                    end if;
                end if;
                k := k + 1;
            end loop;
            if left_over > 0 then
                short := coalesce(short, '[]') || jsonb_build_object(
                    'sku', l_code[i], 'node', l_named[i], 'asked', l_qty[i],
                    'available', l_qty[i] - left_over
                );
            end if;
            i := i + 1;
        end loop;
        if bad or taken or short is not null then
            r_done[r] := false;
            r_answer[r] := case
                when bad then stock.faults_of_v1(
                    p_channels[r], r_channel[r] is not null,
                    coalesce(p_expires[r] <= p_at, false), r = any(l_wide),
                    array(
                        select u.sku from unnest(p_skus, p_line_of) with ordinality
                            as u (sku, req, line)
                        where u.req = r order by u.line
                    ),
                    array(
                        select u.node from unnest(p_nodes, p_line_of) with ordinality
                            as u (node, req, line)
                        where u.req = r order by u.line
                    ),
                    array(
                        select u.code from unnest(l_req, l_sku, l_code) as u (req, sku, code)
                        where u.req = r and u.sku is null
                    ),
                    array(
                        select u.named from unnest(l_req, l_node, l_named) as u (req, node, named)
                        where u.req = r and u.node is null and u.named is not null
                    ), p_warehouses
                )
                when taken then jsonb_build_object(
                    'status', 409, 'code', 'reference_taken',
                    'message', 'this reference holds goods of other warehouses'
                )
                else jsonb_build_object(
                    'status', 409, 'code', 'insufficient_stock',
                    'message', 'not enough is available',
                    'facts', jsonb_build_object('shortages', short)
                )
            end;
            for k in a_first + 1..a_n loop
                g_open[a_guard[k]] := g_open[a_guard[k]] + a_qty[k];
                g_ahead[a_guard[k]] := g_ahead[a_guard[k]] + a_back[k];
                if any_rules and a_row[k] is not null then
                    k_took[a_row[k]] := k_took[a_row[k]] - a_qty[k] - a_back[k];
                end if;
                a_req[k] := 0;
            end loop;
            a_n := a_first;
            for k in o_first..o - 1 loop
                g_open[o_pos[k]] := g_open[o_pos[k]] - o_qty[k];
                g_ahead[o_pos[k]] := g_ahead[o_pos[k]] - o_back[k];
                if o_row[k] is not null then
                    k_took[o_row[k]] := k_took[o_row[k]] + o_credit[k];
                end if;
            end loop;
        end if;
    end loop;
    select array_agg(x.req order by x.first), array_agg(x.guard order by x.first),
        array_agg(x.qty order by x.first), array_agg(x.back order by x.first),
        array_agg(x.code order by x.first)
    into a_req, a_guard, a_qty, a_back, a_code
    from stock.lines_taken_v1(a_req[1:a_n], a_guard, a_qty, a_back, a_code) as x;
    done := r_done;

    perform stock.hold_v1(g_sku, g_node, g_was, g_open, g_back, g_ahead, g_prot);
    if any_rules then
        update stock.channel_available as c set quota_used = c.quota_used + u.took
        from unnest(k_channel, k_sku, k_took) as u (channel, sku, took)
        where c.channel_id = u.channel and c.sku_id = u.sku and u.took <> 0
            and c.quota is not null;
    end if;
    select w.answers, w.replaced, w.replaced_sequences
    into answers, replaced, replaced_sequences
    from stock.write_reserved_v1(
        p_at, p_ids, p_actors, p_references, p_channels, r_channel, p_expires, r_done, r_answer,
        r_old, g_sku, g_node, g_code, a_req, a_guard, a_code, a_qty, a_back
    ) as w;
end
$$;
