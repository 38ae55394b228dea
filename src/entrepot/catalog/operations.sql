-- Named writes of the catalog room. Rows come as one JSON array, so that thousands cost as many
-- statements as one.

-- name: bump_epoch
select platform.bump_epoch_v1('catalog');

-- name: insert_skus
insert into catalog.sku (
    sku_id, code, names, base_unit, weight_g, length_mm, width_mm, height_mm, tags, lot_tracked,
    serial_tracked, expiry_tracked, shelf_life_days, attributes, sequence, created_at, closed_at
)
select
    r.sku_id, r.code, r.names, r.base_unit, r.weight_g, r.length_mm, r.width_mm, r.height_mm,
    r.tags, r.lot_tracked, r.serial_tracked, r.expiry_tracked, r.shelf_life_days, r.attributes, 1,
    :now::timestamptz, case when r.closed then :now::timestamptz end
from jsonb_to_recordset(:rows) as r (
    sku_id uuid, code text, names jsonb, base_unit text, weight_g bigint, length_mm int,
    width_mm int, height_mm int, tags text[], lot_tracked boolean, serial_tracked boolean,
    expiry_tracked boolean, shelf_life_days int, attributes jsonb, closed boolean
);

-- name: update_skus
update catalog.sku as s set
    names = r.names, weight_g = r.weight_g, length_mm = r.length_mm, width_mm = r.width_mm,
    height_mm = r.height_mm, tags = r.tags, lot_tracked = r.lot_tracked,
    serial_tracked = r.serial_tracked, expiry_tracked = r.expiry_tracked,
    shelf_life_days = r.shelf_life_days, attributes = r.attributes, sequence = s.sequence + 1,
    closed_at = case when r.closed then coalesce(s.closed_at, :now::timestamptz) end
from jsonb_to_recordset(:rows) as r (
    sku_id uuid, names jsonb, weight_g bigint, length_mm int, width_mm int, height_mm int,
    tags text[], lot_tracked boolean, serial_tracked boolean, expiry_tracked boolean,
    shelf_life_days int, attributes jsonb, closed boolean
)
where s.sku_id = r.sku_id;

-- name: delete_aliases
delete from catalog.alias as a where a.sku_id = any(:sku_ids::uuid[]);

-- name: delete_parts
delete from catalog.kit_part as k where k.kit_sku_id = any(:sku_ids::uuid[]);

-- name: delete_packs
delete from catalog.pack as p where p.sku_id = any(:sku_ids::uuid[]);

-- name: insert_packs
insert into catalog.pack (
    sku_id, unit, base_numerator, base_denominator, weight_g, length_mm, width_mm, height_mm
)
select
    r.sku_id, r.unit, r.base_numerator, r.base_denominator, r.weight_g, r.length_mm, r.width_mm,
    r.height_mm
from jsonb_to_recordset(:rows) as r (
    sku_id uuid, unit text, base_numerator bigint, base_denominator bigint, weight_g bigint,
    length_mm int, width_mm int, height_mm int
);

-- name: insert_aliases
insert into catalog.alias (alias_id, sku_id, kind, supplier, code, unit, created_at)
select r.alias_id, r.sku_id, r.kind, r.supplier, r.code, r.unit, :now
from jsonb_to_recordset(:rows) as r (
    alias_id uuid, sku_id uuid, kind text, supplier text, code text, unit text
);

-- name: insert_parts
insert into catalog.kit_part (kit_sku_id, component_sku_id, quantity)
select r.kit_sku_id, c.sku_id, r.quantity
from jsonb_to_recordset(:rows) as r (kit_sku_id uuid, sku text, quantity bigint)
inner join catalog.sku as c on r.sku = c.code;

-- name: put_events
select platform.put_event_v1(
    r.event_id, r.name, 1, 'sku', r.sku_id, s.sequence, :now, :actor,
    jsonb_build_object('sku_id', r.sku_id, 'sku', s.code)
)
from jsonb_to_recordset(:rows) as r (event_id uuid, sku_id uuid, name text)
inner join catalog.sku as s on r.sku_id = s.sku_id;

-- name: insert_attribute
insert into catalog.attribute (name, type, allowed, names, created_at)
values (:name, :type, :allowed, :names, :now)
on conflict (name) do nothing;

-- name: widen_attribute
update catalog.attribute as a set allowed = :allowed, names = :names
where a.name = :name and a.type = :type and a.allowed <@ :allowed;
