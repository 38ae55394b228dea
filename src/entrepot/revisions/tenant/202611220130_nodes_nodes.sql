-- The nodes room: places, bins, receiving addresses.

create schema nodes;
grant usage on schema nodes to entrepot_app, entrepot_shopper;

-- names and receiving_address are objects by language tag. steps_off names the steps of the
-- parcel machine that this node does not use.
create table nodes.node (
    node_id uuid primary key,
    code text not null unique check (code ~ '^[A-Z0-9][A-Z0-9-]{0,15}$'),
    kind text not null check (kind in ('warehouse', 'store', 'partner', 'marketplace')),
    zone text not null,
    names jsonb not null check (jsonb_typeof(names) = 'object'),
    country text check (country ~ '^[A-Z]{2}$'),
    address text,
    lat double precision check (lat between -90 and 90),
    lon double precision check (lon between -180 and 180),
    receiving_address jsonb not null check (jsonb_typeof(receiving_address) = 'object'),
    receiving_phone text,
    steps_off text[] not null check (steps_off <@ array['inspect']),
    attributes jsonb not null default '{}',
    sequence bigint not null check (sequence > 0),
    created_at timestamptz not null,
    closed_at timestamptz,
    recorded_at timestamptz not null default now()
);
grant insert (
    node_id, code, kind, zone, names, country, address, lat, lon, receiving_address,
    receiving_phone, steps_off, attributes, sequence, created_at
), update (
    zone, names, country, address, lat, lon, receiving_address, receiving_phone, steps_off,
    attributes, sequence, closed_at
) on nodes.node to entrepot_app;

-- Bins are never deleted, so parcels can name one without a foreign key (a lock on one hot
-- receiving bin by every scan); parcels.violation_place watches it.
create table nodes.bin (
    bin_id uuid primary key,
    node_id uuid not null references nodes.node,
    code text not null check (code ~ '^[A-Z0-9][A-Z0-9-]{0,23}$'),
    bin_class text not null check (bin_class in (
        'staging', 'shelf', 'pallet', 'floor', 'battery', 'cage', 'exception', 'unclaimed',
        'packed', 'outbound'
    )),
    receiving boolean not null default false,
    max_g integer check (max_g > 0),
    length_mm integer check (length_mm > 0),
    width_mm integer check (width_mm > 0),
    height_mm integer check (height_mm > 0),
    max_parcels integer check (max_parcels > 0),
    created_at timestamptz not null,
    closed_at timestamptz,
    recorded_at timestamptz not null default now(),
    unique (node_id, code)
);
create unique index bin_one_receiving on nodes.bin (node_id) where receiving;
create index bin_by_code on nodes.bin (code);
grant insert (
    bin_id, node_id, code, bin_class, receiving, max_g, length_mm, width_mm, height_mm,
    max_parcels, created_at
), update (
    bin_class, receiving, max_g, length_mm, width_mm, height_mm, max_parcels, closed_at
) on nodes.bin to entrepot_app;

-- Shoppers see every open place they may send to, and the codes of bins without their contents.
alter table nodes.node enable row level security;
create policy everyone_of_the_tenant on nodes.node for all to entrepot_app
using (true) with check (true);
create policy open_places on nodes.node for select to entrepot_shopper
using (closed_at is null);
grant select (
    node_id, code, kind, zone, names, country, address, receiving_address, receiving_phone,
    steps_off, closed_at
) on nodes.node to entrepot_shopper;
grant select (bin_id, node_id, code) on nodes.bin to entrepot_shopper;

create view nodes.violation_receiving_bin as
select
    n.node_id,
    n.code,
    count(b.bin_id) as receiving_bins
from nodes.node as n
left join nodes.bin as b on b.node_id = n.node_id and b.receiving and b.closed_at is null
group by n.node_id, n.code
having count(b.bin_id) <> 1;

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view nodes.violation_node_event as
select
    n.node_id,
    n.sequence,
    count(o.event_id) as events
from nodes.node as n
left join platform.outbox as o on o.aggregate = 'node' and o.aggregate_id = n.node_id
group by n.node_id, n.sequence
having count(o.event_id) <> n.sequence;
