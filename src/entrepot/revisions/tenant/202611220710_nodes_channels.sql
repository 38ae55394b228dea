-- Channels and their pools: a channel sells from the nodes linked to it, lowest priority first.

create table nodes.channel (
    channel_id uuid primary key,
    code text not null unique check (code ~ '^[A-Z0-9][A-Z0-9-]{0,23}$'),
    names jsonb not null check (jsonb_typeof(names) = 'object'),
    sequence bigint not null check (sequence > 0),
    created_at timestamptz not null,
    closed_at timestamptz,
    recorded_at timestamptz not null default now()
);
grant insert (channel_id, code, names, sequence, created_at),
update (names, sequence, closed_at) on nodes.channel to entrepot_app;

create table nodes.channel_node (
    channel_id uuid not null references nodes.channel,
    node_id uuid not null references nodes.node,
    priority integer not null check (priority between 1 and 10000),
    primary key (channel_id, node_id),
    unique (channel_id, priority)
);
create index channel_node_by_node on nodes.channel_node (node_id);
grant insert, delete on nodes.channel_node to entrepot_app;
grant update (priority) on nodes.channel_node to entrepot_app;

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view nodes.violation_channel_event as
select
    c.channel_id,
    c.sequence,
    count(o.event_id) as events
from nodes.channel as c
left join platform.outbox as o on o.aggregate = 'channel' and o.aggregate_id = c.channel_id
group by c.channel_id, c.sequence
having count(o.event_id) <> c.sequence;
