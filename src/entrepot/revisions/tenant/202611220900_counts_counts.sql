-- The counts room: sheets, what the book said, what was seen, who decided.

create schema counts;
grant usage on schema counts to entrepot_app;

-- The machine of SAFETY 1, repeated from entrepot/counts/state_edges.tsv; a test compares them.
create function counts.status_may_change_v1(p_from text, p_to text)
returns boolean
language sql immutable as $$
    select p_from || '>' || p_to = any(array[
        'open>counted', 'open>rejected', 'counted>recount', 'counted>approved',
        'counted>rejected', 'recount>approved', 'recount>rejected'
    ]);
$$;

-- One sheet: a bin, or one SKU in it. round 1 is the first look, 2 the recount. begun_at and
-- begun_by are of the round at hand, null before somebody begins it; asked says that the round
-- is finished and somebody has to decide.
create table counts.count (
    count_id uuid primary key,
    what text not null check (what in ('stock', 'parcels')),
    node_id uuid not null references nodes.node,
    bin_id uuid not null references nodes.bin,
    sku_id uuid references catalog.sku,
    rule text not null check (rule in ('abc', 'value', 'zero', 'rejection', 'asked')),
    status text not null check (
        status in ('open', 'counted', 'recount', 'approved', 'rejected')
    ),
    round integer not null check (round between 1 and 2),
    asked boolean not null,
    other_eyes boolean not null,
    units_off bigint not null check (units_off >= 0),
    opened_at timestamptz not null,
    opened_by text not null,
    begun_at timestamptz,
    begun_by text,
    closed_at timestamptz,
    closed_by text,
    sequence bigint not null check (sequence > 0),
    recorded_at timestamptz not null default now(),
    check (sku_id is null or what = 'stock'),
    check ((begun_at is null) = (begun_by is null)),
    check ((status in ('approved', 'rejected')) = (closed_at is not null))
);
-- A bin has one live sheet for everything in it or one for each SKU: the flow locks the bin.
create unique index count_live on counts.count (
    bin_id, what, coalesce(sku_id, '00000000-0000-0000-0000-000000000000'::uuid)
) where status in ('open', 'counted', 'recount');
create index count_open on counts.count (node_id, count_id)
where status in ('open', 'counted', 'recount');
create index count_of_bin on counts.count (bin_id, what, closed_at);
grant insert, update (
    status, round, asked, other_eyes, units_off, begun_at, begun_by, closed_at, closed_by, sequence
) on counts.count to entrepot_app;

-- What a round found. Of goods: SKU, lot, owner and status; of parcels: the parcel, 0 or 1.
-- book_begun is the book when the counter began, book_ended when they ended; counted is null
-- until then. Never changed once counted is known.
create table counts.line (
    count_id uuid not null references counts.count,
    round integer not null,
    key text not null check (length(key) between 1 and 400),
    sku_id uuid,
    lot text not null,
    owner text not null,
    stock_status text not null,
    serial text not null,
    parcel_id uuid,
    book_begun bigint not null check (book_begun >= 0),
    book_ended bigint check (book_ended >= 0),
    counted bigint check (counted >= 0),
    primary key (count_id, round, key),
    check ((sku_id is null) <> (parcel_id is null)),
    check ((book_ended is null) = (counted is null))
);
grant insert, update (book_begun, book_ended, counted) on counts.line to entrepot_app;

create function counts.keep_line_v1()
returns trigger
language plpgsql as $$
begin
    raise exception 'what was counted is not changed' using errcode = 'check_violation';
end
$$;
create trigger line_kept before update on counts.line
for each row when (old.counted is not null)
execute function counts.keep_line_v1();

-- Who counted which round: four eyes are looked up here.
create table counts.counter (
    count_id uuid not null references counts.count,
    round integer not null,
    actor text not null,
    at timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (count_id, round)
);
grant insert on counts.counter to entrepot_app;

-- What a node lets pass; without a row the limits of entrepot.counts.rules hold.
create table counts.limits (
    node_id uuid primary key references nodes.node,
    free_units bigint not null check (free_units >= 0),
    four_eyes_units bigint not null check (four_eyes_units >= 0),
    sequence bigint not null check (sequence > 0)
);
grant insert, update (free_units, four_eyes_units, sequence) on counts.limits to entrepot_app;

create function counts.check_count_v1()
returns trigger
language plpgsql as $$
begin
    if not counts.status_may_change_v1(old.status, new.status) then
        raise exception 'a count that is % cannot become %', old.status, new.status
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger count_status before update of status on counts.count
for each row when (old.status is distinct from new.status)
execute function counts.check_count_v1();

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view counts.violation_count_event as
select
    c.count_id,
    c.sequence,
    count(o.event_id) as events
from counts.count as c
left join platform.outbox as o on o.aggregate = 'count' and o.aggregate_id = c.count_id
group by c.count_id, c.sequence
having count(o.event_id) <> c.sequence;

-- Above the limit the one who approved is none of those who counted.
create view counts.violation_same_eyes as
select
    c.count_id,
    c.closed_by
from counts.count as c
inner join counts.counter as k on c.count_id = k.count_id and c.closed_by = k.actor
where c.status = 'approved' and c.other_eyes;
