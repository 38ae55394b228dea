-- The reconciliation room: periods, their frozen balances, and entries that came too late.

-- A period reaches from the end of the one before it to until_at. closing_id: the balances that
-- count; a period that was opened again has none until it is closed again.
create table reconciliation.period (
    period_id uuid primary key,
    code text not null unique check (code ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,29}$'),
    from_at timestamptz,
    until_at timestamptz not null,
    state text not null check (state in ('closed', 'reopened')),
    closing_id uuid,
    sequence bigint not null check (sequence > 0),
    recorded_at timestamptz not null default now(),
    check (from_at < until_at),
    check ((state = 'closed') = (closing_id is not null))
);
create unique index period_until on reconciliation.period (until_at) where state = 'closed';
grant insert, update (from_at, until_at, state, closing_id, sequence)
on reconciliation.period to entrepot_app;

-- mark: feed position up to which documents were seen by the closing, besides those in
-- closing_ahead; what is dated before until_at and came later belongs to the next period.
create table reconciliation.closing (
    closing_id uuid primary key,
    period_id uuid not null references reconciliation.period,
    from_at timestamptz,
    until_at timestamptz not null,
    mark bigint not null,
    rows bigint not null check (rows >= 0),
    unexplained bigint not null check (unexplained >= 0),
    closed_at timestamptz not null,
    actor text not null,
    recorded_at timestamptz not null default now()
);
grant insert on reconciliation.closing to entrepot_app;

create table reconciliation.closing_ahead (
    closing_id uuid not null references reconciliation.closing deferrable initially deferred,
    document_id uuid not null,
    primary key (closing_id, document_id)
);
grant insert on reconciliation.closing_ahead to entrepot_app;

-- opening + moved_in - moved_out = closing; late of it is dated before the period.
create table reconciliation.period_balance (
    closing_id uuid not null references reconciliation.closing deferrable initially deferred,
    sku_id uuid not null,
    place_id uuid not null,
    node_id uuid,
    lot text not null,
    owner text not null,
    status text not null,
    opening bigint not null,
    moved_in bigint not null check (moved_in >= 0),
    moved_out bigint not null check (moved_out >= 0),
    late bigint not null,
    closing bigint not null,
    primary key (closing_id, sku_id, place_id, lot, owner, status)
);
grant insert on reconciliation.period_balance to entrepot_app;

-- A pointer: a document booked later tells of something that happened in a closed period.
create table reconciliation.late_entry (
    document_id uuid not null,
    sku_id uuid not null,
    node_id uuid,
    period_id uuid not null references reconciliation.period,
    delta bigint not null,
    dated_at timestamptz not null,
    booked_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (document_id, sku_id, period_id)
);
create index late_entry_by_period on reconciliation.late_entry (period_id, dated_at);
grant insert on reconciliation.late_entry to entrepot_app;

-- 1. The frozen balances of a closing add up, line by line.
create view reconciliation.violation_period_balance as
select
    b.closing_id,
    b.sku_id,
    b.place_id,
    b.closing
from reconciliation.period_balance as b
where b.opening + b.moved_in - b.moved_out <> b.closing;

-- A period that follows another opens with what that one closed with.
create view reconciliation.violation_period_opening as
select
    n.period_id,
    x.sku_id,
    x.place_id,
    sum(x.closed_with) as closed_with,
    sum(x.opened_with) as opened_with
from reconciliation.period as p
inner join reconciliation.period as n
    on p.until_at = n.from_at and p.state = 'closed' and n.state = 'closed'
cross join lateral (
    select
        o.sku_id,
        o.place_id,
        o.lot,
        o.owner,
        o.status,
        o.closing as closed_with,
        0 as opened_with
    from reconciliation.period_balance as o
    where o.closing_id = p.closing_id
    union all
    select
        b.sku_id,
        b.place_id,
        b.lot,
        b.owner,
        b.status,
        0,
        b.opening
    from reconciliation.period_balance as b
    where b.closing_id = n.closing_id
) as x
group by n.period_id, x.sku_id, x.place_id, x.lot, x.owner, x.status
having sum(x.closed_with) <> sum(x.opened_with);
