-- The reconciliation room: runs that compare the books with their copies, what they found, and
-- periods whose balances are frozen.

create schema reconciliation;
grant usage on schema reconciliation to entrepot_app;

-- How far the ledger has been added up. mark: the feed position up to which documents are in
-- reconciliation.sum; usable: whether a run may go on from there; late_mark: up to which position
-- entries dated into closed periods have been looked for. One row, locked by a run.
create table reconciliation.progress (
    only_one boolean primary key default true check (only_one),
    mark bigint not null default 0 check (mark >= 0),
    usable boolean not null default false,
    late_mark bigint not null default 0 check (late_mark >= 0)
);
insert into reconciliation.progress (only_one) values (true);
grant update (mark, usable, late_mark) on reconciliation.progress to entrepot_app;

-- What all movements of a place add up to, as of the mark.
create table reconciliation.sum (
    sku_id uuid not null,
    place_id uuid not null,
    lot text not null,
    owner text not null,
    status text not null,
    moved bigint not null,
    primary key (sku_id, place_id, lot, owner, status)
) with (fillfactor = 85);
grant insert, update (moved), delete on reconciliation.sum to entrepot_app;

-- Documents that are in the sums although their event has no feed position yet.
create table reconciliation.ahead (document_id uuid primary key);
grant insert, delete on reconciliation.ahead to entrepot_app;

-- Documents that a run adds to the sums; empty between runs.
create table reconciliation.arrived (document_id uuid primary key);
grant insert, delete on reconciliation.arrived to entrepot_app;

create table reconciliation.run (
    run_id uuid primary key,
    mode text not null check (mode in ('full', 'incremental')),
    mark bigint not null,
    documents bigint not null check (documents >= 0),
    found integer not null check (found >= 0),
    fresh integer not null check (fresh >= 0),
    gone integer not null check (gone >= 0),
    more boolean not null,
    drifts integer not null check (drifts >= 0),
    violations integer not null check (violations >= 0),
    views jsonb not null,
    began_at timestamptz not null,
    took_ms integer not null check (took_ms >= 0),
    actor text not null,
    recorded_at timestamptz not null default now()
);
grant insert on reconciliation.run to entrepot_app;

-- Where a copy does not say what it is a copy of. at_key names the place, told is what it should
-- hold, found what it holds. correction: what the one repair would make of it, if there is one.
create table reconciliation.difference (
    difference_id uuid primary key,
    kind text not null check (kind in (
        'balance', 'on_hand', 'blocked', 'reserved', 'backordered', 'channel', 'serial'
    )),
    at_key text not null,
    sku_id uuid not null,
    node_id uuid,
    place_id uuid,
    channel_id uuid,
    lot text not null,
    owner text not null,
    status text not null,
    serial text,
    told bigint not null,
    found bigint not null,
    amount bigint not null generated always as (found - told) stored,
    cause text not null check (cause in (
        'lost', 'doubled', 'unit_mistake', 'manual_edit', 'follows', 'unknown'
    )),
    suspect uuid,
    state text not null check (state in ('open', 'corrected', 'gone')),
    first_run uuid not null,
    last_run uuid not null,
    first_seen timestamptz not null,
    closed_at timestamptz,
    closed_by text,
    sequence bigint not null check (sequence > 0),
    recorded_at timestamptz not null default now(),
    check ((state = 'open') = (closed_at is null))
);
create unique index difference_open on reconciliation.difference (kind, at_key)
where state = 'open';
create index difference_by_sku on reconciliation.difference (sku_id, difference_id);
grant insert, update (
    told, found, cause, suspect, state, last_run, closed_at, closed_by, sequence
) on reconciliation.difference to entrepot_app;
