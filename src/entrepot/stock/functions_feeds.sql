-- Feeds: how a SKU's number at a node changed by other ways than an outside source.

-- Movements into (delta > 0) or out of a node that no feed caused. adjusts: by somebody's hand,
-- with no partner at the other end.
create or replace function stock.local_moves_v1(p_sku uuid, p_node uuid)
returns table (at timestamptz, delta bigint, adjusts boolean)
language sql stable as $$
    select m.at,
        case when t.node_id is not distinct from p_node then m.quantity else 0 end
        - case when f.node_id is not distinct from p_node then m.quantity else 0 end,
        f.kind = 'adjustment' or t.kind = 'adjustment'
    from stock.movement as m
    join stock.place as f on f.place_id = m.from_place
    join stock.place as t on t.place_id = m.to_place
    where m.sku_id = p_sku and (f.node_id = p_node or t.node_id = p_node)
        and f.node_id is distinct from t.node_id
        and not exists (
            select from stock.feed_effect as e where e.document_id = m.document_id
        );
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
