-- The catalog room: what is sold and stored, the codes it is scanned by, its packs and kits.

create schema catalog;
grant usage on schema catalog to entrepot_app;

-- Quantities of a SKU are whole numbers of its base unit; goods sold by weight have base unit g.
-- Measures are those of one base unit. attributes hold values that catalog.attribute defines.
create table catalog.sku (
    sku_id uuid primary key,
    code text not null unique check (code ~ '^[A-Z0-9][A-Z0-9._/+-]{0,39}$'),
    names jsonb not null check (jsonb_typeof(names) = 'object'),
    base_unit text not null check (base_unit ~ '^[a-z][a-z0-9_]{0,15}$'),
    weight_g bigint check (weight_g > 0),
    length_mm integer check (length_mm > 0),
    width_mm integer check (width_mm > 0),
    height_mm integer check (height_mm > 0),
    tags text[] not null default '{}',
    lot_tracked boolean not null default false,
    serial_tracked boolean not null default false,
    expiry_tracked boolean not null default false,
    shelf_life_days integer check (shelf_life_days > 0),
    attributes jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object'),
    sequence bigint not null check (sequence > 0),
    created_at timestamptz not null,
    closed_at timestamptz,
    recorded_at timestamptz not null default now(),
    check (expiry_tracked or shelf_life_days is null)
);
create index sku_by_tags on catalog.sku using gin (tags);
grant insert on table catalog.sku to entrepot_app;
grant update (
    names, weight_g, length_mm, width_mm, height_mm, tags, lot_tracked, serial_tracked,
    expiry_tracked, shelf_life_days, attributes, sequence, closed_at
) on table catalog.sku to entrepot_app;

-- One unit is base_numerator / base_denominator base units, in lowest terms: a box of 8 pieces
-- is 8/1, a third of a drum 1/3.
create table catalog.pack (
    sku_id uuid not null references catalog.sku,
    unit text not null check (unit ~ '^[a-z][a-z0-9_]{0,15}$'),
    base_numerator bigint not null check (base_numerator between 1 and 1000000000),
    base_denominator bigint not null check (base_denominator between 1 and 1000000000),
    weight_g bigint check (weight_g > 0),
    length_mm integer check (length_mm > 0),
    width_mm integer check (width_mm > 0),
    height_mm integer check (height_mm > 0),
    primary key (sku_id, unit)
);
grant insert, update, delete on table catalog.pack to entrepot_app;

-- Codes that stand for a SKU besides its own: GTINs (kept as 14 digits, so 8, 12, 13 and 14 of
-- one thing are one row) and suppliers' codes, which only mean something beside their supplier.
-- unit: the pack that bears the code; null means one base unit.
create table catalog.alias (
    alias_id uuid primary key,
    sku_id uuid not null references catalog.sku,
    kind text not null check (kind in ('gtin', 'supplier', 'other')),
    supplier text not null default '',
    code text not null check (code <> ''),
    unit text,
    created_at timestamptz not null,
    unique (kind, supplier, code),
    foreign key (sku_id, unit) references catalog.pack,
    check ((kind = 'supplier') = (supplier <> '')),
    check (kind <> 'gtin' or code ~ '^[0-9]{14}$')
);
create index alias_by_code on catalog.alias (code);
create index alias_by_sku on catalog.alias (sku_id);
grant insert, delete on table catalog.alias to entrepot_app;

-- A SKU with parts is a kit: one of it is made of so many base units of each component. Kits
-- may hold kits, in no circle (the write checks, violation_kit_circle watches).
create table catalog.kit_part (
    kit_sku_id uuid not null references catalog.sku,
    component_sku_id uuid not null references catalog.sku,
    quantity bigint not null check (quantity between 1 and 1000000),
    primary key (kit_sku_id, component_sku_id),
    check (kit_sku_id <> component_sku_id)
);
create index kit_part_by_component on catalog.kit_part (component_sku_id);
grant insert, update, delete on table catalog.kit_part to entrepot_app;

-- Extra attributes of SKUs that a tenant defines: a name, a type, allowed values.
create table catalog.attribute (
    name text primary key check (name ~ '^[a-z][a-z0-9_]{0,31}$'),
    type text not null check (type in (
        'text', 'integer', 'decimal', 'boolean', 'choice', 'choices'
    )),
    allowed text[] not null default '{}',
    names jsonb not null default '{}' check (jsonb_typeof(names) = 'object'),
    created_at timestamptz not null
);
grant insert on table catalog.attribute to entrepot_app;
grant update (allowed, names) on table catalog.attribute to entrepot_app;

create view catalog.violation_kit_circle as
with recursive walk as (
    select
        k.kit_sku_id,
        k.component_sku_id,
        1 as depth
    from catalog.kit_part as k
    union all
    select
        w.kit_sku_id,
        k.component_sku_id,
        w.depth + 1
    from walk as w
    inner join catalog.kit_part as k on w.component_sku_id = k.kit_sku_id
    where w.depth < 8
)

select distinct w.kit_sku_id
from walk as w
where w.kit_sku_id = w.component_sku_id or w.depth >= 8;

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view catalog.violation_sku_event as
select
    s.sku_id,
    s.sequence,
    count(o.event_id) as events
from catalog.sku as s
left join platform.outbox as o on o.aggregate = 'sku' and o.aggregate_id = s.sku_id
group by s.sku_id, s.sequence
having count(o.event_id) <> s.sequence;
