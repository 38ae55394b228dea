-- Named reads of the catalog room.

-- name: list_skus
select jsonb_build_object(
    'id', s.sku_id, 'code', s.code, 'version', s.sequence, 'names', s.names,
    'base_unit', s.base_unit, 'weight_g', s.weight_g, 'length_mm', s.length_mm,
    'width_mm', s.width_mm, 'height_mm', s.height_mm, 'tags', s.tags,
    'lot_tracked', s.lot_tracked, 'serial_tracked', s.serial_tracked,
    'expiry_tracked', s.expiry_tracked, 'shelf_life_days', s.shelf_life_days,
    'attributes', s.attributes, 'created_at', s.created_at, 'closed', s.closed_at is not null,
    'gtins', (
        select coalesce(jsonb_agg(a.code order by a.code), '[]')
        from catalog.alias as a
        where a.sku_id = s.sku_id and a.kind = 'gtin' and a.unit is null
    ),
    'other_codes', (
        select coalesce(jsonb_agg(a.code order by a.code), '[]')
        from catalog.alias as a
        where a.sku_id = s.sku_id and a.kind = 'other'
    ),
    'supplier_codes', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object('supplier', a.supplier, 'code', a.code, 'unit', a.unit)
                order by a.supplier, a.code
            ),
            '[]'
        )
        from catalog.alias as a
        where a.sku_id = s.sku_id and a.kind = 'supplier'
    ),
    'packs', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'unit', p.unit,
                    'base_quantity', p.base_numerator || case
                        when p.base_denominator = 1 then '' else '/' || p.base_denominator
                    end,
                    'weight_g', p.weight_g, 'length_mm', p.length_mm, 'width_mm', p.width_mm,
                    'height_mm', p.height_mm,
                    'gtins', (
                        select coalesce(jsonb_agg(a.code order by a.code), '[]')
                        from catalog.alias as a
                        where a.sku_id = p.sku_id and a.kind = 'gtin' and a.unit = p.unit
                    )
                )
                order by p.unit
            ),
            '[]'
        )
        from catalog.pack as p
        where p.sku_id = s.sku_id
    ),
    'parts', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object('sku', c.code, 'quantity', k.quantity) order by c.code
            ),
            '[]'
        )
        from catalog.kit_part as k
        inner join catalog.sku as c on k.component_sku_id = c.sku_id
        where k.kit_sku_id = s.sku_id
    )
) as body
from catalog.sku as s
where (:codes::text[] is null or s.code = any(:codes))
    and s.code > :after
    and (:closed::boolean is null or (s.closed_at is not null) = :closed)
    and (:tag::text is null or s.tags @> array[:tag::text])
    and (
        :search::text is null
        or s.code like :search_prefix
        or s.names::text ilike :search_inside
        or exists (
            select 1 from catalog.alias as a
            where a.sku_id = s.sku_id and a.code = any(:search_codes::text[])
        )
    )
order by s.code
limit :most;

-- name: list_ids
select s.sku_id, s.code, s.closed_at is not null as closed
from catalog.sku as s
where s.code = any(:codes::text[]);

-- name: list_names
select s.code, s.names
from catalog.sku as s
where s.code = any(:codes::text[]);

-- name: find_by_code
select s.code as sku, s.names, found.by, found.supplier,
    coalesce(p.unit, s.base_unit) as unit,
    coalesce(p.base_numerator, 1) as base_numerator,
    coalesce(p.base_denominator, 1) as base_denominator
from (
    select own.sku_id, 'sku' as by, '' as supplier, null as unit, 0 as place
    from catalog.sku as own
    where own.code = :code
    union all
    select a.sku_id, a.kind, a.supplier, a.unit, 1
    from catalog.alias as a
    where (a.kind = 'gtin' and a.code = :gtin) or (a.kind <> 'gtin' and a.code = :code)
) as found
inner join catalog.sku as s on found.sku_id = s.sku_id
left join catalog.pack as p on found.sku_id = p.sku_id and found.unit = p.unit
order by found.place, s.code, found.supplier
limit 20;

-- name: list_taken_aliases
select a.kind, a.supplier, a.code, s.code as sku
from jsonb_to_recordset(:aliases) as g (kind text, supplier text, code text)
inner join catalog.alias as a
    on g.kind = a.kind and g.supplier = a.supplier and g.code = a.code
inner join catalog.sku as s on a.sku_id = s.sku_id
where s.code <> all(:rewritten::text[]);

-- name: list_kits_of
select distinct k.code
from catalog.kit_part as p
inner join catalog.sku as k on p.kit_sku_id = k.sku_id
inner join catalog.sku as c on p.component_sku_id = c.sku_id
where c.code = any(:codes::text[]) and k.closed_at is null and k.code <> all(:codes)
order by k.code
limit 20;

-- name: list_circles
with recursive walk as (
    select k.kit_sku_id as start_id, k.component_sku_id as at_id
    from catalog.kit_part as k
    inner join catalog.sku as s on k.kit_sku_id = s.sku_id
    where s.code = any(:codes::text[])
    union distinct
    select w.start_id, k.component_sku_id
    from walk as w
    inner join catalog.kit_part as k on w.at_id = k.kit_sku_id
)

select s.code
from walk as w
inner join catalog.sku as s on w.start_id = s.sku_id
where w.start_id = w.at_id
order by s.code;

-- name: list_attributes
select a.name, a.type, a.allowed, a.names from catalog.attribute as a order by a.name;

-- name: list_leaves
select c.code as sku, e.quantity
from catalog.explode_v1(array[:sku_id::uuid], array[:quantity::bigint]) as e
inner join catalog.sku as c on e.sku_id = c.sku_id
order by c.code;
