-- The carriers room: shipping lines with the versions of their cards, the rules that all cards
-- share, and which node offers which line.

create schema carriers;
grant usage on schema carriers to entrepot_app, entrepot_shopper;

-- One row an import that was kept: who brought it, when and in what form.
create table carriers.import (
    import_id uuid primary key,
    imported_at timestamptz not null,
    imported_by text not null,
    form text not null check (form in ('json', 'csv', 'xlsx')),
    cards integer not null check (cards >= 0),
    rules integer not null check (rules >= 0),
    sequence bigint not null check (sequence > 0),
    recorded_at timestamptz not null default now(),
    check (cards + rules > 0)
);
grant insert (
    import_id, imported_at, imported_by, form, cards, rules, sequence
) on carriers.import to entrepot_app;

-- One version of a line's card: the whole service as it was imported, as canonical JSON (sorted
-- keys, no spaces) and its SHA-256. Never changed; a version that is not yet valid can be
-- withdrawn. valid_to is what the document says; a later version ends an open one the day before.
create table carriers.card_version (
    card_id uuid primary key,
    service text not null check (service ~ '^[^[:cntrl:]]{1,80}$'),
    version text not null check (version ~ '^[^[:cntrl:]]{1,80}$'),
    valid_from date not null,
    valid_to date check (valid_to >= valid_from),
    document text not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    import_id uuid not null references carriers.import,
    sequence bigint not null check (sequence > 0),
    withdrawn_at timestamptz,
    recorded_at timestamptz not null default now(),
    unique (service, version)
);
create unique index card_version_one_a_day on carriers.card_version (service, valid_from)
where withdrawn_at is null;
create index card_version_by_import on carriers.card_version (import_id);
grant insert (
    card_id, service, version, valid_from, valid_to, document, sha256, import_id, sequence
), update (withdrawn_at, sequence) on carriers.card_version to entrepot_app;

-- The rules that all cards share, each kind with numbers of its own; the newest is in force.
create table carriers.rule_version (
    kind text not null check (kind in (
        'pricing_rules', 'fx', 'insurance', 'member_tiers', 'value_added_services',
        'duty_thresholds', 'storage', 'calendars'
    )),
    number integer not null check (number > 0),
    document text not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    import_id uuid not null references carriers.import,
    recorded_at timestamptz not null default now(),
    primary key (kind, number)
);
create index rule_version_by_import on carriers.rule_version (import_id);
grant insert (
    kind, number, document, sha256, import_id
) on carriers.rule_version to entrepot_app;

-- Which node offers which line. pick_up: the carrier collects at the node.
create table carriers.node_service (
    node_service_id uuid primary key,
    node_id uuid not null references nodes.node,
    service text not null,
    offered boolean not null,
    pick_up boolean not null,
    sequence bigint not null check (sequence > 0),
    changed_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    unique (node_id, service)
);
grant insert (
    node_service_id, node_id, service, offered, pick_up, sequence, changed_at
), update (offered, pick_up, sequence, changed_at) on carriers.node_service to entrepot_app;

-- Prices are everybody's; who imported them is not shown to shoppers.
grant select (
    card_id, service, version, valid_from, valid_to, document, sha256, withdrawn_at
) on carriers.card_version to entrepot_shopper;
grant select (kind, number, document, sha256) on carriers.rule_version to entrepot_shopper;
grant select (
    node_service_id, node_id, service, offered, pick_up
) on carriers.node_service to entrepot_shopper;

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view carriers.violation_tariff_event as
select
    t.aggregate,
    t.aggregate_id,
    t.sequence,
    count(o.event_id) as events
from (
    select
        'tariff_import' as aggregate,
        i.import_id as aggregate_id,
        i.sequence
    from carriers.import as i
    union all
    select
        'card_withdrawal' as aggregate,
        c.card_id,
        c.sequence - 1
    from carriers.card_version as c
    union all
    select
        'node_service' as aggregate,
        n.node_service_id,
        n.sequence
    from carriers.node_service as n
) as t
left join platform.outbox as o
    on o.aggregate = t.aggregate and o.aggregate_id = t.aggregate_id
group by t.aggregate, t.aggregate_id, t.sequence
having count(o.event_id) <> t.sequence;
