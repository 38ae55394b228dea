-- The stock room: adjustments, each with its cause, and above a limit with a second pair of eyes.

-- What a base unit is worth, in minor units of the tenant's base currency: for limits of value.
create table stock.unit_value (
    sku_id uuid primary key,
    value_minor bigint not null check (value_minor >= 0),
    set_at timestamptz not null,
    set_by text not null
);
grant insert, update (value_minor, set_at, set_by) on stock.unit_value to entrepot_app;

-- The machine of entrepot/stock/adjustment_edges.tsv; a test compares them.
create function stock.adjustment_may_change_v1(p_from text, p_to text)
returns boolean
language sql immutable as $$
    select p_from || '>' || p_to = any(array[
        'requested>approved', 'requested>rejected', 'requested>withdrawn'
    ]);
$$;

-- kind: adjust changes how much there is (scrapped, lost, found, wrongly entered), status only in
-- which state it is. posted at once where one pair of eyes is enough; else requested, and nothing
-- moves before it is approved. over: which limit it passed. units and value of its lines, the
-- value null when one of them has none; in minor units of the tenant's base currency.
create table stock.adjustment (
    adjustment_id uuid primary key,
    kind text not null check (kind in ('adjust', 'status')),
    node_id uuid not null references nodes.node,
    cause text not null check (cause ~ '^[a-z][a-z_]{0,39}$'),
    state text not null check (
        state in ('posted', 'requested', 'approved', 'rejected', 'withdrawn')
    ),
    over text check (over in ('units', 'value', 'day')),
    units bigint not null check (units > 0),
    value_minor bigint check (value_minor >= 0),
    document_id uuid unique,
    asked_at timestamptz not null,
    asked_by text not null,
    decided_at timestamptz,
    decided_by text,
    sequence bigint not null check (sequence > 0),
    recorded_at timestamptz not null default now(),
    check ((state in ('posted', 'approved')) = (document_id is not null)),
    check ((state in ('posted', 'requested')) = (decided_at is null)),
    check ((decided_at is null) = (decided_by is null)),
    check ((state = 'posted') = (over is null))
);
create index adjustment_by_node on stock.adjustment (node_id, adjustment_id);
create index adjustment_waiting on stock.adjustment (adjustment_id) where state = 'requested';
create index adjustment_of_a_day on stock.adjustment (node_id, asked_at)
where state = 'posted' and kind = 'adjust';
grant insert, update (state, document_id, decided_at, decided_by, sequence)
on stock.adjustment to entrepot_app;

-- to_status is the same unless only the status changes.
create table stock.adjustment_line (
    adjustment_id uuid not null references stock.adjustment,
    line integer not null,
    sku_id uuid not null,
    bin_id uuid not null references nodes.bin,
    reason text not null check (reason in ('scrap', 'loss', 'found', 'reclassify')),
    quantity bigint not null check (quantity > 0),
    status text not null,
    to_status text not null,
    lot text not null,
    serial text,
    owner text not null,
    expires_on date,
    primary key (adjustment_id, line),
    check ((reason = 'reclassify') = (status <> to_status)),
    check (serial is null or quantity = 1)
);
grant insert on stock.adjustment_line to entrepot_app;

-- What people wrote about it: the only place, and it may be erased.
create table stock.adjustment_note (
    adjustment_id uuid not null references stock.adjustment,
    about text not null check (about in ('asked', 'decided')),
    note text not null check (length(note) between 1 and 1000),
    primary key (adjustment_id, about)
);
grant insert, delete on stock.adjustment_note to entrepot_app;

create function stock.check_adjustment_v1()
returns trigger
language plpgsql as $$
begin
    if not stock.adjustment_may_change_v1(old.state, new.state) then
        raise exception 'an adjustment that is % cannot become %', old.state, new.state
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger adjustment_state before update of state on stock.adjustment
for each row when (old.state is distinct from new.state)
execute function stock.check_adjustment_v1();

-- What was posted is what was asked for; what was not, moved nothing.
create view stock.violation_adjustment_moved as
with asked as (
    select
        a.adjustment_id,
        l.sku_id,
        l.reason,
        sum(l.quantity) as units
    from stock.adjustment as a
    inner join stock.adjustment_line as l on a.adjustment_id = l.adjustment_id
    where a.document_id is not null
    group by a.adjustment_id, l.sku_id, l.reason
),

moved as (
    select
        a.adjustment_id,
        m.sku_id,
        m.reason,
        sum(m.quantity) as units
    from stock.adjustment as a
    inner join stock.movement as m on a.document_id = m.document_id
    group by a.adjustment_id, m.sku_id, m.reason
)

select
    coalesce(a.adjustment_id, m.adjustment_id) as adjustment_id,
    coalesce(a.units, 0) as asked,
    coalesce(m.units, 0) as moved
from asked as a
full join moved as m
    on a.adjustment_id = m.adjustment_id and a.sku_id = m.sku_id and a.reason = m.reason
where coalesce(a.units, 0) <> coalesce(m.units, 0);

-- Whoever approved looks through other eyes than whoever asked.
create view stock.violation_adjustment_eyes as
select
    a.adjustment_id,
    a.decided_by
from stock.adjustment as a
where a.state = 'approved' and access.same_eyes_v1(a.decided_by, array[a.asked_by]);

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view stock.violation_adjustment_event as
select
    a.adjustment_id,
    a.sequence,
    count(o.event_id) as events
from stock.adjustment as a
left join platform.outbox as o on o.aggregate = 'adjustment' and a.adjustment_id = o.aggregate_id
group by a.adjustment_id, a.sequence
having count(o.event_id) <> a.sequence;
