-- The platform room of a tenant's database: whose it is, requests, outbox, inbox, audit, counters.

create schema platform;
grant usage on schema platform to entrepot_app, entrepot_shopper;

-- One row: the public id of the tenant that this database belongs to. Written by provisioning.
create table platform.tenant_identity (
    only_row boolean primary key default true check (only_row),
    tenant text not null check (tenant ~ '^[a-z2-7]{12}$')
);
grant select on platform.tenant_identity to entrepot_shopper;

-- Nonces of signed requests: a second use within the time window is a replay.
create table platform.request_nonce (
    credential text not null,
    nonce text not null,
    seen_at timestamptz not null,
    primary key (credential, nonce)
);
create index request_nonce_by_age on platform.request_nonce (seen_at);
grant insert, delete on platform.request_nonce to entrepot_app;

-- One row for each write that a caller named: the same key gives the same answer for 30 days.
-- answer is null only inside the transaction that does the work.
create table platform.idempotency (
    credential text not null,
    key text not null check (length(key) between 1 and 255),
    fingerprint bytea not null,
    refused boolean,
    answer jsonb,
    recorded_at timestamptz not null,
    primary key (credential, key)
);
create index idempotency_by_age on platform.idempotency (recorded_at);
grant insert, delete, update (refused, answer) on platform.idempotency to entrepot_app;
-- A shopper's login sees and keeps only the answers of its own customer.
grant select, insert, update (refused, answer) on platform.idempotency to entrepot_shopper;
alter table platform.idempotency enable row level security;
create policy app_all on platform.idempotency for all to entrepot_app
using (true) with check (true);
create policy shopper_own on platform.idempotency for all to entrepot_shopper
using (credential = 'customer:' || current_setting('entrepot.customer_id', true))
with check (credential = 'customer:' || current_setting('entrepot.customer_id', true));

-- Facts that have happened, written with the change that they tell of.
-- feed_position is given by the drain in commit order: cursors use only that.
create table platform.outbox (
    event_id uuid primary key,
    name text not null check (name ~ '^[a-z_]+\.[a-z_]+$'),
    version integer not null check (version > 0),
    aggregate text not null,
    aggregate_id uuid not null,
    sequence bigint not null check (sequence > 0),
    at timestamptz not null,
    actor text not null,
    body jsonb not null,
    unique (aggregate, aggregate_id, sequence)
);
grant insert on platform.outbox to entrepot_app, entrepot_shopper;

-- Which events are not yet drained, and the position each one got: apart from the outbox, so
-- that outbox rows are never touched again.
create table platform.outbox_pending (
    event_id uuid primary key references platform.outbox,
    at timestamptz not null
);
create index outbox_pending_by_age on platform.outbox_pending (at);
grant insert, delete on platform.outbox_pending to entrepot_app;
grant insert on platform.outbox_pending to entrepot_shopper;

create table platform.feed (
    feed_position bigint primary key check (feed_position > 0),
    event_id uuid not null unique references platform.outbox
);
grant insert on platform.feed to entrepot_app;

-- An event's effect by one consumer happens once: this row is written in the effect's transaction.
create table platform.inbox (
    event_id uuid not null,
    consumer text not null,
    done_at timestamptz not null,
    primary key (event_id, consumer)
);
grant insert on platform.inbox to entrepot_app;

-- Who did what. Rows hold ids, codes and numbers, never personal data. Unlinked when written;
-- the sealer chains them afterwards.
create table platform.audit (
    audit_id uuid primary key,
    at timestamptz not null,
    actor text not null,
    credential text not null,
    on_behalf_of text,
    request_id text not null,
    verb text not null,
    subject text not null,
    subject_id uuid,
    facts jsonb not null
);
create index audit_by_subject on platform.audit (subject_id);
grant insert on platform.audit to entrepot_app, entrepot_shopper;

create table platform.audit_unsealed (
    audit_id uuid primary key references platform.audit
);
grant insert, delete on platform.audit_unsealed to entrepot_app;
grant insert on platform.audit_unsealed to entrepot_shopper;

-- The chain: each seal covers a batch of rows and the seal before it.
create table platform.audit_seal (
    seal_number bigint primary key check (seal_number > 0),
    previous_hash bytea not null,
    hash bytea not null,
    signature bytea not null,
    sealed_at timestamptz not null
);
create table platform.audit_sealed (
    seal_number bigint not null references platform.audit_seal,
    place integer not null,
    audit_id uuid not null unique references platform.audit,
    primary key (seal_number, place)
);
grant insert on platform.audit_seal, platform.audit_sealed to entrepot_app;

-- Human numbers, gaps allowed.
create table platform.counter (
    name text primary key,
    value bigint not null
);
grant insert, update (value) on platform.counter to entrepot_app;

-- A number that grows whenever something compiled from tables has to be compiled anew.
create table platform.epoch (
    name text primary key,
    value bigint not null
);
grant insert, update (value) on platform.epoch to entrepot_app;

-- Settings of the tenant that the rooms read. Written by provisioning and the office page.
create table platform.tenant_setting (
    only_row boolean primary key default true check (only_row),
    kind text not null check (kind in ('forwarder', 'merchant', 'partner')),
    slug text not null,
    names jsonb not null,
    base_currency text not null check (base_currency ~ '^[A-Z]{3}$'),
    zone text not null,
    languages text[] not null check (cardinality(languages) > 0),
    units text not null check (units in ('metric', 'imperial'))
);
grant select on platform.tenant_setting to entrepot_shopper;
grant update (names, base_currency, zone, languages, units)
on platform.tenant_setting to entrepot_app;

-- Views that return rows only when something is wrong (SAFETY 2).
create view platform.violation_outbox_sequence as
select
    o.aggregate,
    o.aggregate_id,
    max(o.sequence) as last_sequence,
    count(*) as events
from platform.outbox as o
group by o.aggregate, o.aggregate_id
having max(o.sequence) <> count(*);

create view platform.violation_unanswered_request as
select
    i.credential,
    i.key,
    i.recorded_at
from platform.idempotency as i
where i.answer is null;

-- How far each consumer of events has read.
create table platform.consumer (
    consumer text primary key,
    feed_position bigint not null
);
grant insert, update (feed_position) on platform.consumer to entrepot_app;

-- Events whose effect failed: counted after each try, given up after the fifth.
create table platform.event_trouble (
    event_id uuid not null references platform.outbox,
    consumer text not null,
    attempts integer not null check (attempts > 0),
    last_error text not null,
    next_at timestamptz not null,
    dead_at timestamptz,
    primary key (event_id, consumer)
);
create index event_trouble_waiting on platform.event_trouble (next_at) where dead_at is null;
grant insert, delete, update (attempts, last_error, next_at, dead_at)
on platform.event_trouble to entrepot_app;
