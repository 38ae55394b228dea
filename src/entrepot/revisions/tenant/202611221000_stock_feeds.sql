-- The stock room: what outside sources tell about quantities, and where they differ from ours.

-- A feed tells about one node. lowest, highest and known count its sequences: what is missing
-- between is highest - lowest + 1 - known. The other counts are since it began. Its row is
-- locked by whatever changes anything of the feed.
create table stock.feed (
    feed_id uuid primary key,
    node_id uuid not null references nodes.node,
    code text not null check (code ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$'),
    lowest bigint,
    highest bigint,
    known bigint not null default 0 check (known >= 0),
    received bigint not null default 0 check (received >= 0),
    duplicates bigint not null default 0 check (duplicates >= 0),
    reordered bigint not null default 0 check (reordered >= 0),
    late bigint not null default 0 check (late >= 0),
    negative bigint not null default 0 check (negative >= 0),
    unknown_skus bigint not null default 0 check (unknown_skus >= 0),
    created_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    unique (node_id, code),
    check ((lowest is null) = (highest is null))
);
grant insert, update (
    lowest, highest, known, received, duplicates, reordered, late, negative, unknown_skus
) on stock.feed to entrepot_app;

-- What came, word for word, never changed. verdict: as feeds_rules judged its order.
create table stock.feed_event (
    feed_id uuid not null references stock.feed,
    source_sequence bigint not null check (source_sequence > 0),
    sku_code text not null,
    delta bigint not null check (delta <> 0),
    at timestamptz not null,
    verdict text not null check (verdict in ('in_order', 'reordered', 'late')),
    heard_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (feed_id, source_sequence)
);
create index feed_event_by_sku on stock.feed_event (feed_id, sku_code, at);
grant insert on stock.feed_event to entrepot_app;

-- Units that the ledger took over from a source, and the instant as of which they count: an
-- event's own, or that of the snapshot whose number was taken. One effect of an event at most.
create table stock.feed_effect (
    feed_id uuid not null references stock.feed,
    document_id uuid not null,
    sku_id uuid not null,
    source_sequence bigint,
    delta bigint not null check (delta <> 0),
    at timestamptz not null,
    recorded_at timestamptz not null default now()
);
create unique index feed_effect_once on stock.feed_effect (feed_id, source_sequence)
where source_sequence is not null;
create index feed_effect_by_sku on stock.feed_effect (feed_id, sku_id, at);
create index feed_effect_by_document on stock.feed_effect (document_id);
grant insert on stock.feed_effect to entrepot_app;

create table stock.snapshot (
    snapshot_id uuid primary key,
    feed_id uuid not null references stock.feed,
    as_of timestamptz not null,
    counted text not null check (counted in ('net', 'gross')),
    outcome text not null check (outcome in ('compared', 'quarantined')),
    heard_at timestamptz not null,
    actor text not null,
    recorded_at timestamptz not null default now()
);
create unique index snapshot_compared on stock.snapshot (feed_id, as_of)
where outcome = 'compared';
grant insert on stock.snapshot to entrepot_app;

create table stock.snapshot_line (
    snapshot_id uuid not null references stock.snapshot,
    sku_code text not null,
    quantity bigint not null,
    primary key (snapshot_id, sku_code)
);
grant insert on stock.snapshot_line to entrepot_app;

-- Lines that were kept without effect, and why. Deltas that would have gone below zero, and those
-- of unknown SKUs, are tried again with whatever comes next of their SKU and close then.
create table stock.quarantine (
    quarantine_id uuid primary key,
    feed_id uuid not null references stock.feed,
    cause text not null check (cause in (
        'unknown_sku', 'negative', 'tracked', 'altered'
    )),
    sku_code text not null,
    source_sequence bigint,
    snapshot_id uuid references stock.snapshot,
    quantity bigint not null,
    at timestamptz not null,
    heard_at timestamptz not null,
    closed_at timestamptz,
    recorded_at timestamptz not null default now(),
    check ((source_sequence is null) <> (snapshot_id is null))
);
create index quarantine_open on stock.quarantine (feed_id, sku_code) where closed_at is null;
grant insert, update (closed_at) on stock.quarantine to entrepot_app;

-- Until when our number of a SKU is the source's own: events up to then are in it already.
create table stock.feed_settled (
    feed_id uuid not null references stock.feed,
    sku_id uuid not null,
    until timestamptz not null,
    primary key (feed_id, sku_id)
);
grant insert, update (until) on stock.feed_settled to entrepot_app;

-- amount = theirs - ours as of as_of; correction is what one repair posts.
create table stock.drift (
    drift_id uuid primary key,
    feed_id uuid not null references stock.feed,
    sku_id uuid not null,
    ours bigint not null,
    theirs bigint not null,
    amount bigint not null generated always as (theirs - ours) stored,
    cause text not null check (cause in (
        'lost', 'doubled', 'late', 'reordered', 'manual_edit', 'unit_mistake', 'unknown'
    )),
    correction bigint not null,
    state text not null check (state in ('open', 'corrected', 'dismissed')),
    as_of timestamptz not null,
    first_seen timestamptz not null,
    closed_at timestamptz,
    closed_by text,
    document_id uuid,
    sequence bigint not null check (sequence > 0),
    recorded_at timestamptz not null default now(),
    check ((state = 'open') = (closed_at is null)),
    check (document_id is null or state = 'corrected')
);
create unique index drift_open on stock.drift (feed_id, sku_id) where state = 'open';
grant insert, update (
    ours, theirs, cause, correction, state, as_of, closed_at, closed_by, document_id, sequence
) on stock.drift to entrepot_app;

-- The effects of a feed are the movements of their documents, node by node.
create view stock.violation_feed_effect as
with told as (
    select
        e.document_id,
        e.sku_id,
        sum(e.delta) as delta
    from stock.feed_effect as e
    group by e.document_id, e.sku_id
),

moved as (
    select
        m.document_id,
        m.sku_id,
        sum(case when t.kind = 'bin' then m.quantity else 0 end)
        - sum(case when f.kind = 'bin' then m.quantity else 0 end) as delta
    from stock.movement as m
    inner join stock.place as f on m.from_place = f.place_id
    inner join stock.place as t on m.to_place = t.place_id
    where m.document_id in (select d.document_id from told as d)
    group by m.document_id, m.sku_id
)

select
    coalesce(t.document_id, m.document_id) as document_id,
    coalesce(t.sku_id, m.sku_id) as sku_id,
    coalesce(t.delta, 0) as told,
    coalesce(m.delta, 0) as moved
from told as t
full join moved as m on t.document_id = m.document_id and t.sku_id = m.sku_id
where coalesce(t.delta, 0) <> coalesce(m.delta, 0);
