-- Lanes: what is true of one carrier from one node into one region (node x region x carrier).
-- attributes hold values that nodes.attribute defines, so a new one needs no migration.

create table nodes.lane (
    node_id uuid not null references nodes.node,
    carrier text not null check (carrier ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$'),
    region text not null check (region ~ '^[A-Z0-9][A-Z0-9-]{0,15}$'),
    attributes jsonb not null check (jsonb_typeof(attributes) = 'object'),
    primary key (node_id, carrier, region)
);
grant insert, delete on nodes.lane to entrepot_app;
