-- The history of a SKU, and what lay at a past instant. warehouses is the caller's scope.

-- name: find_sku
select s.sku_id from catalog.sku as s where s.code = :sku;

-- first and before bound the ids, which begin with their millisecond.
-- name: list_history
select m.movement_id as id, m.document_id, m.at, m.quantity as qty,
    coalesce(fn.code || '/' || f.code, f.code) as from_, m.from_status,
    coalesce(tn.code || '/' || t.code, t.code) as to_, m.to_status, m.lot, m.serial, m.owner,
    m.reason, m.reference, m.reverses, (
        select v.movement_id from stock.movement as v where v.reverses = m.movement_id
    ) as reversed_by, m.actor,
    case when tn.code = any(:nodes::text[]) then m.quantity else 0 end
    - case when fn.code = any(:nodes) then m.quantity else 0 end as change, 0::bigint as balance
from stock.movement as m
join stock.place as f on f.place_id = m.from_place
join stock.place as t on t.place_id = m.to_place
left join nodes.node as fn on fn.node_id = f.node_id
left join nodes.node as tn on tn.node_id = t.node_id
where m.sku_id = :sku_id and m.movement_id >= :first::uuid and m.movement_id < :before::uuid
    and (fn.code = any(:nodes) or tn.code = any(:nodes))
    and (:reason::text is null or m.reason = :reason)
    and (:lot::text is null or m.lot = :lot)
    and (:serial::text is null or m.serial = :serial)
    and (:bin::text is null or f.code = :bin and fn.code = any(:nodes)
        or t.code = :bin and tn.code = any(:nodes))
    and (:actor::text is null or m.actor = :actor)
order by m.movement_id desc
limit :most;

-- What lay there after each movement: what lies there now less what every later one changed.
-- name: list_balances
select x.movement_id as id, (h.on_hand - x.later + x.change)::bigint as balance
from (
    select y.movement_id, y.change, sum(y.change) over (order by y.movement_id desc) as later
    from (
        select m.movement_id,
            case when tn.code = any(:nodes::text[]) then m.quantity else 0 end
            - case when fn.code = any(:nodes) then m.quantity else 0 end as change
        from stock.movement as m
        join stock.place as f on f.place_id = m.from_place
        join stock.place as t on t.place_id = m.to_place
        left join nodes.node as fn on fn.node_id = f.node_id
        left join nodes.node as tn on tn.node_id = t.node_id
        where m.sku_id = :sku_id and m.movement_id >= :last::uuid
    ) as y
) as x
cross join (
    select coalesce(sum(g.on_hand), 0) as on_hand
    from stock.sku_node as g
    join nodes.node as n on n.node_id = g.node_id and n.code = any(:nodes)
    where g.sku_id = :sku_id
) as h
where x.movement_id = any(:ids::uuid[]);

-- name: list_nodes_of_sku
select n.code as node
from stock.sku_node as g
join nodes.node as n on n.node_id = g.node_id
where g.sku_id = :sku_id and (:warehouses::text[] is null or n.code = any(:warehouses))
order by n.code;

-- What lies there now, less what moved after the instant.
-- name: list_as_of
select s.code as sku, n.code as node, coalesce(n.code || '/' || x.code, p.code) as place, y.lot,
    l.expires_on, y.owner, y.status, sum(y.units)::bigint as on_hand
from catalog.sku as s
cross join lateral (
    select b.place_id, b.lot, b.owner, b.status, b.on_hand as units
    from stock.balance as b
    where b.sku_id = s.sku_id and b.on_hand > 0
    union all
    select m.to_place, m.lot, m.owner, m.to_status, -m.quantity
    from stock.movement as m
    where m.sku_id = s.sku_id and m.movement_id >= :first::uuid and m.at > :as_of
    union all
    select m.from_place, m.lot, m.owner, m.from_status, m.quantity
    from stock.movement as m
    where m.sku_id = s.sku_id and m.movement_id >= :first::uuid and m.at > :as_of
) as y
join stock.place as p on p.place_id = y.place_id and p.kind in ('bin', 'transit')
left join nodes.node as n on n.node_id = p.node_id
left join nodes.bin as x on x.bin_id = y.place_id
left join stock.lot as l on l.sku_id = s.sku_id and l.lot = y.lot
where s.code = any(:skus::text[]) and (:node::text is null or n.code = :node)
    and (:warehouses::text[] is null or n.code = any(:warehouses))
group by s.code, n.code, p.code, x.code, y.lot, l.expires_on, y.owner, y.status
having sum(y.units) <> 0
order by s.code, n.code, x.code, y.lot, y.owner, y.status
limit :most;

-- name: list_skus_of_node
select s.code as sku
from nodes.node as n
join stock.sku_node as g on g.node_id = n.node_id
join catalog.sku as s on s.sku_id = g.sku_id
where n.code = :node and s.code > :after
    and (:warehouses::text[] is null or n.code = any(:warehouses))
order by s.code
limit :most;

-- The movements of the document to which one of them belongs.
-- name: list_document
select m.movement_id as id, m.document_id, m.at, s.code as sku, m.quantity as qty,
    coalesce(fn.code || '/' || f.code, f.code) as from_, m.from_status,
    coalesce(tn.code || '/' || t.code, t.code) as to_, m.to_status, m.lot, m.serial, m.owner,
    m.reason, m.reference, m.reverses, m.actor, (
        select v.movement_id from stock.movement as v where v.reverses = m.movement_id
    ) as reversed_by
from stock.movement as o
join stock.movement as m on m.document_id = o.document_id
join catalog.sku as s on s.sku_id = m.sku_id
join stock.place as f on f.place_id = m.from_place
join stock.place as t on t.place_id = m.to_place
left join nodes.node as fn on fn.node_id = f.node_id
left join nodes.node as tn on tn.node_id = t.node_id
where o.movement_id = :movement_id and (
    :warehouses::text[] is null or fn.code = any(:warehouses) or tn.code = any(:warehouses)
)
order by m.movement_id
limit :most;
