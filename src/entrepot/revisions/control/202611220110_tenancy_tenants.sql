-- The tenancy room of the control database: tenants, where they live, and how to enter there.

create schema tenancy;
grant usage on schema tenancy to entrepot_control;

-- Which key-encryption key sealed the credentials below: another one is found out at the start.
create table tenancy.sealing_key (
    fingerprint text primary key check (fingerprint ~ '^[0-9a-f]{16}$'),
    demo boolean not null,
    since timestamptz not null
);
grant insert on tenancy.sealing_key to entrepot_control;

-- PostgreSQL servers that tenants may live on. open_for_new: new tenants are placed here.
create table tenancy.server (
    server_id uuid primary key,
    name text not null unique check (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    host text not null,
    port integer not null check (port between 1 and 65535),
    maintenance_database text not null,
    major integer not null check (major >= 15),
    open_for_new boolean not null,
    added_at timestamptz not null
);
grant insert, update (host, port, major, open_for_new) on tenancy.server to entrepot_control;

-- names: {"en": …, "zh-CN": …}. provisioning → active ↔ suspended → deleting; the row of a
-- deleted tenant stays without its names, so that its public id and slug are never given again.
create table tenancy.tenant (
    tenant text primary key check (tenant ~ '^[a-z2-7]{12}$'),
    slug text not null unique check (slug ~ '^[a-z][a-z0-9-]{1,38}[a-z0-9]$'),
    kind text not null check (kind in ('forwarder', 'merchant', 'partner')),
    names jsonb not null,
    base_currency text not null check (base_currency ~ '^[A-Z]{3}$'),
    zone text not null,
    languages text[] not null check (cardinality(languages) > 0),
    units text not null check (units in ('metric', 'imperial')),
    state text not null check (
        state in ('provisioning', 'active', 'suspended', 'deleting', 'deleted')
    ),
    created_at timestamptz not null,
    state_since timestamptz not null
);
grant insert, update (names, base_currency, zone, languages, units, state, state_since)
on tenancy.tenant to entrepot_control;

-- Host names by which a tenant's pages are reached, besides /t/<slug>/.
create table tenancy.tenant_host (
    host text primary key check (host = lower(host)),
    tenant text not null references tenancy.tenant
);
create index tenant_host_by_tenant on tenancy.tenant_host (tenant);
grant insert, delete on tenancy.tenant_host to entrepot_control;

-- Where a tenant's database is. Its name is random and tells nothing of the tenant.
create table tenancy.placement (
    tenant text primary key references tenancy.tenant,
    server_id uuid not null references tenancy.server,
    database_name text not null unique check (database_name ~ '^t_[a-z0-9_]{1,40}$'),
    connection_limit integer not null check (connection_limit > 0),
    placed_at timestamptz not null
);
create index placement_by_server on tenancy.placement (server_id);
grant insert, delete, update (server_id, database_name, connection_limit, placed_at)
on tenancy.placement to entrepot_control;

-- Passwords, sealed under the key-encryption key with (owner, name, version) as associated data.
-- owner: a tenant's public id, or the name of a server; name: the login's role.
create table tenancy.credential (
    owner text not null,
    name text not null,
    version integer not null check (version > 0),
    login text not null,
    sealed bytea not null,
    made_at timestamptz not null,
    primary key (owner, name, version)
);
grant insert, delete on tenancy.credential to entrepot_control;

-- What operators did. Ids, codes and numbers only.
create table tenancy.operation (
    operation_id uuid primary key,
    at timestamptz not null,
    actor text not null,
    verb text not null,
    subject text not null,
    facts jsonb not null
);
create index operation_by_subject on tenancy.operation (subject, at);
grant insert on tenancy.operation to entrepot_control;

-- Each run of the isolation checks and what every layer said.
create table tenancy.isolation_run (
    run_id uuid primary key,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    tenants integer not null check (tenants >= 0),
    checks integer not null check (checks >= 0),
    open_count integer not null check (open_count >= 0),
    accepted_count integer not null check (accepted_count >= 0)
);
create index isolation_run_by_time on tenancy.isolation_run (finished_at);
create table tenancy.isolation_layer (
    run_id uuid not null references tenancy.isolation_run,
    layer text not null,
    checks integer not null check (checks >= 0),
    open_count integer not null check (open_count >= 0),
    accepted_count integer not null check (accepted_count >= 0),
    primary key (run_id, layer)
);
-- Only what was not closed: open, or accepted with its reason.
create table tenancy.isolation_finding (
    run_id uuid not null references tenancy.isolation_run,
    place integer not null,
    layer text not null,
    tenant text not null,
    login text not null,
    test text not null,
    result text not null check (result in ('open', 'accepted')),
    detail text not null,
    primary key (run_id, place)
);
create index isolation_finding_by_tenant on tenancy.isolation_finding (tenant);
grant insert on tenancy.isolation_run, tenancy.isolation_layer, tenancy.isolation_finding
to entrepot_control;
