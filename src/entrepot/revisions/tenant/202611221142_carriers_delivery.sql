-- By which carriers' services a node delivers orders: prices by zone, pick-ups, what they accept.
-- services is the list as it was sent, checked at the door; it is replaced whole.

create table carriers.node_delivery (
    node_delivery_id uuid primary key,
    node_id uuid not null unique references nodes.node,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    services jsonb not null check (jsonb_typeof(services) = 'array'),
    sequence bigint not null check (sequence > 0),
    changed_at timestamptz not null,
    recorded_at timestamptz not null default now()
);
grant insert (
    node_delivery_id, node_id, currency, services, sequence, changed_at
), update (currency, services, sequence, changed_at) on carriers.node_delivery to entrepot_app;

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view carriers.violation_delivery_event as
select
    d.node_delivery_id,
    d.sequence,
    count(o.event_id) as events
from carriers.node_delivery as d
left join platform.outbox as o
    on d.node_delivery_id = o.aggregate_id and o.aggregate = 'node_delivery'
group by d.node_delivery_id, d.sequence
having count(o.event_id) <> d.sequence;
