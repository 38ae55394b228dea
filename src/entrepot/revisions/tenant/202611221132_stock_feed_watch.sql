-- The stock room: how long a source may be silent, what is held back meanwhile, and what a sweep
-- notices about feeds without waiting for a snapshot.

alter table stock.feed add column heard_at timestamptz;
grant update (heard_at) on stock.feed to entrepot_app;

-- What of safety is held back because the node's source is silent. It is part of safety, so that
-- whatever is decided on a guarding row knows nothing of silence.
alter table stock.sku_node add column withheld bigint not null default 0;
alter table stock.sku_node add constraint withheld_is_safety
check (withheld >= 0 and withheld <= safety);
grant update (withheld) on stock.sku_node to entrepot_app;

-- After stale_after_s without a word from any feed of the node its goods are not sold (stop),
-- sold but for a buffer of each SKU (degrade), or sold as before (ignore). withheld: what is held
-- back of each SKU now, since stale_since.
create table stock.feed_policy (
    node_id uuid primary key references nodes.node,
    stale_after_s integer not null check (stale_after_s between 5 and 2592000),
    stale_policy text not null check (stale_policy in ('stop', 'degrade', 'ignore')),
    buffer bigint not null check (buffer >= 0),
    lag_limit_s integer not null check (lag_limit_s between 1 and 2592000),
    stale_since timestamptz,
    withheld bigint not null default 0 check (withheld >= 0),
    sequence bigint not null check (sequence > 0),
    recorded_at timestamptz not null default now(),
    check (stale_policy <> 'degrade' or buffer > 0)
);
grant insert, update (
    stale_after_s, stale_policy, buffer, lag_limit_s, stale_since, withheld, sequence
) on stock.feed_policy to entrepot_app;

-- What the sweep noticed. at_key names it among the alarms of its feed: a SKU, a gap.
create table stock.feed_alarm (
    alarm_id uuid primary key,
    feed_id uuid not null references stock.feed,
    kind text not null check (kind in ('silent', 'lagging', 'gap', 'waiting', 'doubled')),
    cause text not null check (cause in ('lost', 'late', 'reordered', 'doubled', 'unknown')),
    at_key text not null,
    sku_code text,
    first_sequence bigint,
    last_sequence bigint,
    amount bigint not null,
    correction bigint not null,
    since timestamptz not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    state text not null check (state in ('open', 'corrected', 'gone')),
    closed_at timestamptz,
    closed_by text,
    document_id uuid,
    sequence bigint not null check (sequence > 0),
    recorded_at timestamptz not null default now(),
    check ((state = 'open') = (closed_at is null)),
    check (document_id is null or state = 'corrected')
);
create unique index feed_alarm_open on stock.feed_alarm (feed_id, kind, at_key)
where state = 'open';
create index feed_alarm_corrected on stock.feed_alarm (feed_id, kind, at_key)
where state = 'corrected';
grant insert, update (
    amount, correction, last_seen, state, closed_at, closed_by, document_id, sequence
) on stock.feed_alarm to entrepot_app;

-- The newest events of a feed.
create index feed_event_heard on stock.feed_event (feed_id, heard_at);
