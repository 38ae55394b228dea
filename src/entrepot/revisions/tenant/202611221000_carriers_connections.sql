-- Connections to live carriers: which adapter, where, which services, and sealed credentials.

-- services is a JSON array of live_offers.LiveService. warehouses null: every node. sealed is the
-- credentials (a JSON object of texts) under the key-encryption key, with tenant, connection and
-- sealed_version authenticated: a row copied elsewhere does not open. '' means none were given.
create table carriers.connection (
    connection_id uuid primary key,
    code text not null unique check (code ~ '^[a-z][a-z0-9_-]{0,39}$'),
    adapter text not null check (length(adapter) between 1 and 80),
    base_url text not null check (length(base_url) <= 2048),
    options jsonb not null,
    services text not null,
    warehouses text[],
    sealed bytea not null,
    sealed_version integer not null check (sealed_version >= 0),
    enabled boolean not null,
    sequence bigint not null check (sequence > 0),
    changed_by text not null,
    changed_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    check ((sealed_version = 0) = (sealed = ''::bytea))
);
grant insert (
    connection_id, code, adapter, base_url, options, services, warehouses, sealed, sealed_version,
    enabled, sequence, changed_by, changed_at
), update (
    adapter, base_url, options, services, warehouses, sealed, sealed_version, enabled, sequence,
    changed_by, changed_at
) on carriers.connection to entrepot_app;

-- A shopper's quote asks live carriers too, so that login reads what asking takes. What is sealed
-- opens only with a key that no database holds.
grant select (
    connection_id, code, adapter, base_url, options, services, warehouses, sealed, sealed_version,
    enabled
) on carriers.connection to entrepot_shopper;

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view carriers.violation_connection_event as
select
    c.connection_id,
    c.sequence,
    count(o.event_id) as events
from carriers.connection as c
left join platform.outbox as o
    on o.aggregate = 'carrier_connection' and o.aggregate_id = c.connection_id
group by c.connection_id, c.sequence
having count(o.event_id) <> c.sequence;
