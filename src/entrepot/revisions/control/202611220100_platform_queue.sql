-- The platform room of the control database: one leased queue for all tenants.

create schema platform;
grant usage on schema platform to entrepot_control;

-- A job is a token without data: kind and tenant say what to look at. attempts are counted when
-- it is leased, so a job that kills its worker is counted too; after the fifth it is dead.
create table platform.job (
    job_id uuid primary key,
    tenant text not null,
    kind text not null,
    due_at timestamptz not null,
    attempts integer not null default 0 check (attempts >= 0),
    leased_until timestamptz,
    leased_by text,
    dead_at timestamptz,
    last_error text,
    created_at timestamptz not null,
    again boolean not null default false
);
-- One live token for a tenant and kind. A wake-up while it is leased sets `again`.
create unique index job_one_live on platform.job (tenant, kind) where dead_at is null;
create index job_by_tenant on platform.job (tenant, due_at) where dead_at is null;
create index job_dead on platform.job (dead_at) where dead_at is not null;
grant select, insert, delete,
update (due_at, attempts, leased_until, leased_by, dead_at, last_error, again)
on platform.job to entrepot_control;

-- Where fairness stands: the tenant served last.
create table platform.job_turn (
    only_row boolean primary key default true check (only_row),
    tenant text not null
);
insert into platform.job_turn (tenant) values ('');
grant select, update (tenant) on platform.job_turn to entrepot_control;
