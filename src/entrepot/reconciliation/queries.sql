-- Named reads of the reconciliation room. warehouses is the caller's scope: null means every one.

-- What movements and promises of the amount in question did at the place of each difference.
-- name: list_effects
select u.kind, u.at_key, x.movement_id, x.effect
from unnest(
    :kinds::text[], :at_keys::text[], :sku_ids::uuid[], :node_ids::uuid[], :place_ids::uuid[],
    :amounts::bigint[]
) as u (kind, at_key, sku, node, place, amount)
cross join lateral (
    select m.movement_id, case
        when u.kind = 'balance' and m.to_place = u.place then m.quantity
        when u.kind = 'balance' and m.from_place = u.place then -m.quantity
        when u.kind = 'on_hand' and t.node_id = u.node then m.quantity
        when u.kind = 'on_hand' and f.node_id = u.node then -m.quantity
    end as effect
    from stock.movement as m
    join stock.place as f on f.place_id = m.from_place
    join stock.place as t on t.place_id = m.to_place
    where u.kind in ('balance', 'on_hand') and m.sku_id = u.sku and m.quantity = abs(u.amount)
        and f.node_id is distinct from t.node_id
        and (f.node_id = u.node or t.node_id = u.node or u.node is null)
    union all
    select r.reservation_id, case when r.state = 'pending' then l.quantity else -l.quantity end
    from stock.reservation_line as l
    join stock.reservation as r on r.reservation_id = l.reservation_id
    where u.kind = 'reserved' and l.sku_id = u.sku and l.node_id = u.node
        and l.quantity = abs(u.amount)
    order by 1 desc
    limit 20
) as x
where x.effect is not null
order by x.movement_id desc;

-- name: list_packs
select p.sku_id, array_agg(p.base_numerator) as packs from catalog.pack as p
where p.sku_id = any(:sku_ids::uuid[]) and p.base_denominator = 1
group by p.sku_id;

-- name: count_drifts
select count(*)::integer from stock.drift as d where d.state = 'open';

-- name: list_runs
select r.run_id as id, r.mode, r.documents, r.found, r.fresh, r.gone, r.more, r.drifts,
    r.violations, r.views, r.began_at, r.took_ms
from reconciliation.run as r
where (:run_id::uuid is null or r.run_id = :run_id)
    and (:mode::text is null or r.mode = :mode)
    and (:before::uuid is null or r.run_id < :before)
order by r.run_id desc
limit :most;

-- name: list_differences
select d.difference_id as id, d.kind, concat_ws(
        '/', coalesce(n.code, c.code), x.code,
        case when n.node_id is null and c.channel_id is null then p.code end
    ) as place,
    s.code as sku, n.code as node, c.code as channel, d.lot, d.owner, d.status, d.serial, d.told,
    d.found, d.amount, d.cause, d.suspect,
    d.kind <> 'serial' and d.cause <> 'follows' as correctable, d.state, d.first_seen, d.closed_at
from reconciliation.difference as d
join catalog.sku as s on s.sku_id = d.sku_id
left join nodes.node as n on n.node_id = d.node_id
left join nodes.channel as c on c.channel_id = d.channel_id
left join stock.place as p on p.place_id = d.place_id
left join nodes.bin as x on x.bin_id = d.place_id
where (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:difference_id::uuid is null or d.difference_id = :difference_id)
    and (:state::text is null or d.state = :state)
    and (:kind::text is null or d.kind = :kind)
    and (:node::text is null or n.code = :node)
    and (:before::uuid is null or d.difference_id < :before)
order by d.difference_id desc
limit :most;

-- name: count_violations
select v.view, v.rows
from reconciliation.count_violations_v1(:known::text[], :known_rows::bigint[]) as v;
