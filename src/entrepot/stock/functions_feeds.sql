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
