-- Functions of the catalog room. A change of meaning is a new _vN.

-- What must be taken from stock for so many of these SKUs: kits fall apart into the SKUs that
-- are no kits, equal ones summed, the same SKU given twice too. Quantities are base units.
create or replace function catalog.explode_v1(p_sku_ids uuid[], p_quantities bigint[])
returns table (sku_id uuid, quantity bigint)
language sql stable as $$
    with recursive walk as (
        select g.sku_id, g.quantity::numeric as quantity
        from unnest(p_sku_ids, p_quantities) as g (sku_id, quantity)
        union all
        select k.component_sku_id, w.quantity * k.quantity
        from walk as w
        inner join catalog.kit_part as k on w.sku_id = k.kit_sku_id
    )
    select w.sku_id, sum(w.quantity)::bigint
    from walk as w
    where not exists (select 1 from catalog.kit_part as k where k.kit_sku_id = w.sku_id)
    group by w.sku_id;
$$;
