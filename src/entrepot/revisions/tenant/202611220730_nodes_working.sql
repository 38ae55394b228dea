-- How a node works: where it is, when, what it can do and how much, whom it serves, who is
-- master of its quantities; groups of nodes and what may pass between them; extra attributes.

-- region names where the node is; an empty regions_served means everywhere. opens null: the node
-- is open around the clock on its weekdays (ISO numbers). position_from: how lat and lon came.
-- quantities_master: whose count of the stock is the truth; allocation_owner: who decides which
-- stock an order takes.
alter table nodes.node
add column city text,
add column postcode text,
add column position_from text check (position_from in ('given', 'city', 'postcode')),
add column region text check (region ~ '^[A-Z0-9][A-Z0-9-]{0,15}$'),
add column regions_served text[] not null default '{}',
add column regions_blocked text[] not null default '{}',
add column capabilities text[] not null default '{}',
add column weekdays integer[] not null default '{1,2,3,4,5,6,7}' check (
    weekdays <@ array[1, 2, 3, 4, 5, 6, 7]
),
add column opens time,
add column closes time,
add column minutes_per_shipment integer check (minutes_per_shipment between 0 and 10000),
add column minutes_per_unit integer check (minutes_per_unit between 0 and 10000),
add column quantities_master text not null default 'entrepot' check (
    quantities_master in ('entrepot', 'erp', 'wms', 'external')
),
add column allocation_owner text not null default 'entrepot' check (
    allocation_owner in ('entrepot', 'erp', 'wms', 'external')
),
add constraint node_hours check ((opens is null) = (closes is null) and opens < closes);
grant insert (city, postcode, position_from), update (
    city, postcode, position_from, region, regions_served, regions_blocked, capabilities,
    weekdays, opens, closes, minutes_per_shipment, minutes_per_unit, quantities_master,
    allocation_owner
) on nodes.node to entrepot_app;

-- staffed: people who pick and pack; pick_up: when buyers and couriers may collect.
create table nodes.hours (
    node_id uuid not null references nodes.node,
    purpose text not null check (purpose in ('staffed', 'pick_up')),
    weekday integer not null check (weekday between 1 and 7),
    opens time not null,
    closes time not null,
    people integer not null default 1 check (people between 1 and 10000),
    primary key (node_id, purpose, weekday, opens),
    check (opens < closes)
);
grant insert, delete on nodes.hours to entrepot_app;

create table nodes.holiday (
    node_id uuid not null references nodes.node,
    day date not null,
    primary key (node_id, day)
);
grant insert, delete on nodes.holiday to entrepot_app;

create table nodes.closure (
    node_id uuid not null references nodes.node,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    primary key (node_id, starts_at),
    check (starts_at < ends_at)
);
grant insert, delete on nodes.closure to entrepot_app;

create table nodes.capacity (
    node_id uuid not null references nodes.node,
    counts text not null check (counts in ('shipments', 'units', 'grams')),
    daily_limit bigint not null check (daily_limit between 0 and 1000000000000),
    primary key (node_id, counts)
);
grant insert, delete on nodes.capacity to entrepot_app;

create table nodes.attribute (
    name text primary key check (name ~ '^[a-z][a-z0-9_]{0,31}$'),
    type text not null check (type in (
        'text', 'integer', 'decimal', 'boolean', 'choice', 'choices'
    )),
    allowed text[] not null default '{}',
    names jsonb not null default '{}' check (jsonb_typeof(names) = 'object'),
    created_at timestamptz not null
);
grant insert on nodes.attribute to entrepot_app;
grant update (allowed, names) on nodes.attribute to entrepot_app;

-- An isolated group gives to and takes from no other, unless a rule allows it.
create table nodes.node_group (
    group_id uuid primary key,
    code text not null unique check (code ~ '^[A-Z0-9][A-Z0-9-]{0,15}$'),
    names jsonb not null check (jsonb_typeof(names) = 'object'),
    isolated boolean not null,
    sequence bigint not null check (sequence > 0),
    created_at timestamptz not null,
    recorded_at timestamptz not null default now()
);
grant insert (group_id, code, names, isolated, sequence, created_at),
update (names, isolated, sequence) on nodes.node_group to entrepot_app;

create table nodes.group_member (
    group_id uuid not null references nodes.node_group,
    node_id uuid not null references nodes.node,
    primary key (group_id, node_id)
);
create index group_member_by_node on nodes.group_member (node_id);
grant insert, delete on nodes.group_member to entrepot_app;

create table nodes.group_rule (
    from_group_id uuid not null references nodes.node_group,
    to_group_id uuid not null references nodes.node_group,
    verdict text not null check (verdict in ('allow', 'deny')),
    primary key (from_group_id, to_group_id)
);
grant insert, delete on nodes.group_rule to entrepot_app;

-- A channel at home in a group sells only from nodes that may supply this group.
alter table nodes.channel add column group_id uuid references nodes.node_group;
grant insert (group_id), update (group_id) on nodes.channel to entrepot_app;

create view nodes.violation_group_event as
select
    g.group_id,
    g.sequence,
    count(o.event_id) as events
from nodes.node_group as g
left join platform.outbox as o on o.aggregate = 'node_group' and o.aggregate_id = g.group_id
group by g.group_id, g.sequence
having count(o.event_id) <> g.sequence;
