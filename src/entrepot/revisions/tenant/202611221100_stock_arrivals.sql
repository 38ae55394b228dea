-- The stock room: goods that are announced (ASN), what came of them, what came back.

-- inbound of a guarding row is what was told by hand (inbound_told) and what its ASNs still await.
alter table stock.sku_node add column inbound_told bigint not null default 0
check (inbound_told >= 0);
update stock.sku_node set inbound_told = inbound
where inbound > 0;
alter table stock.sku_node add constraint inbound_never_lost check (inbound >= inbound_told);
grant update (inbound_told) on stock.sku_node to entrepot_app;

-- The machine of an ASN, repeated from entrepot/stock/asn_edges.tsv; a test compares them.
create function stock.asn_may_change_v1(p_from text, p_to text)
returns boolean
language sql immutable as $$
    select p_from = p_to or p_from || '>' || p_to = any(array[
        'announced>receiving', 'announced>cancelled', 'receiving>received'
    ]);
$$;

-- Advance shipping notice: goods that somebody sends to a node. owner is '' for the tenant's own
-- goods; only these are inbound, since only these may be promised. over_* and blind are null
-- where the node's rule holds. close_reason says why something is missing.
create table stock.asn (
    asn_id uuid primary key,
    node_id uuid not null references nodes.node,
    reference text not null check (length(reference) between 1 and 80),
    supplier text not null check (length(supplier) <= 60),
    owner text not null check (length(owner) <= 40),
    state text not null check (state in ('announced', 'receiving', 'received', 'cancelled')),
    expected_at timestamptz not null,
    over_permille integer check (over_permille between 0 and 1000),
    over_units bigint check (over_units >= 0),
    blind boolean,
    close_reason text not null check (close_reason in (
        '', 'not_sent', 'lost_on_the_way', 'refused_at_dock', 'announced_wrongly', 'other'
    )),
    sequence bigint not null check (sequence > 0),
    created_at timestamptz not null,
    created_by text not null,
    closed_at timestamptz,
    closed_by text,
    recorded_at timestamptz not null default now(),
    check ((state in ('received', 'cancelled')) = (closed_at is not null)),
    check ((closed_at is null) = (closed_by is null))
) with (fillfactor = 85);
create unique index asn_reference on stock.asn (reference) where state <> 'cancelled';
create index asn_open on stock.asn (node_id, asn_id) where state in ('announced', 'receiving');
grant insert, update (state, close_reason, sequence, closed_at, closed_by)
on stock.asn to entrepot_app;

-- What is announced, in base units; unit and unit_qty are how it was told. A line of 0 was not
-- announced and came nevertheless. missing is what will not come any more; awaited is inbound.
create table stock.asn_line (
    asn_id uuid not null references stock.asn,
    line integer not null check (line > 0),
    sku_id uuid not null references catalog.sku,
    lot text not null check (length(lot) <= 60),
    expires_on date,
    unit text not null,
    unit_qty bigint not null check (unit_qty >= 0),
    expected bigint not null check (expected >= 0),
    received bigint not null default 0 check (received >= 0),
    missing bigint not null default 0 check (missing >= 0),
    awaited bigint not null generated always as (
        greatest(0, expected - received - missing)
    ) stored,
    primary key (asn_id, line)
) with (fillfactor = 85);
create index asn_line_awaited on stock.asn_line (sku_id) where awaited > 0;
grant insert (asn_id, line, sku_id, lot, expires_on, unit, unit_qty, expected),
update (received, missing) on stock.asn_line to entrepot_app;

-- Which movement counted at which line; a movement back takes the same away again.
create table stock.asn_receipt (
    movement_id uuid not null,
    asn_id uuid not null,
    line integer not null,
    quantity bigint not null check (quantity > 0),
    primary key (movement_id, line),
    foreign key (asn_id, line) references stock.asn_line
);
create index asn_receipt_by_line on stock.asn_receipt (asn_id, line);
grant insert on stock.asn_receipt to entrepot_app;

-- What a node lets pass at its dock; without a row the defaults of entrepot.stock.arrivals_rules.
create table stock.receiving_rule (
    node_id uuid primary key references nodes.node,
    over_permille integer not null check (over_permille between 0 and 1000),
    over_units bigint not null check (over_units >= 0),
    blind boolean not null,
    sequence bigint not null check (sequence > 0)
);
grant insert, update (over_permille, over_units, blind, sequence)
on stock.receiving_rule to entrepot_app;

-- Who takes back goods of a reference holds this row, so that two together cannot take back more
-- than was shipped. What was shipped and what came back is read from the ledger.
create table stock.return_guard (
    reference text not null,
    sku_id uuid not null,
    primary key (reference, sku_id)
);
grant insert, update (sku_id) on stock.return_guard to entrepot_app;

create function stock.check_asn_v1()
returns trigger
language plpgsql as $$
begin
    if not stock.asn_may_change_v1(old.state, new.state) then
        raise exception 'an ASN that is % cannot become %', old.state, new.state
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger asn_state before update of state on stock.asn
for each row when (old.state is distinct from new.state)
execute function stock.check_asn_v1();

-- inbound is what was told by hand and what the ASNs of the tenant's own goods await.
create view stock.violation_inbound as
with expected as (
    select
        l.sku_id,
        a.node_id,
        sum(l.awaited) as awaited
    from stock.asn_line as l
    inner join stock.asn as a on l.asn_id = a.asn_id
    where a.owner = '' and l.awaited > 0
    group by l.sku_id, a.node_id
)

select
    coalesce(g.sku_id, e.sku_id) as sku_id,
    coalesce(g.node_id, e.node_id) as node_id,
    g.inbound,
    g.inbound_told,
    e.awaited
from stock.sku_node as g
full join expected as e on g.sku_id = e.sku_id and g.node_id = e.node_id
where coalesce(g.inbound, 0) <> coalesce(g.inbound_told, 0) + coalesce(e.awaited, 0);

-- A line has received what its movements brought, less those moved back; they are receipts of
-- its SKU; a closed ASN awaits nothing.
create view stock.violation_asn_received as
with brought as (
    select
        r.asn_id,
        r.line,
        sum(r.quantity) as quantity,
        bool_and(m.sku_id = l.sku_id and m.reason = 'receipt') as fits
    from stock.asn_receipt as r
    inner join stock.asn_line as l on r.asn_id = l.asn_id and r.line = l.line
    left join stock.movement as m on r.movement_id = m.movement_id
    where not exists (
        select 1 from stock.movement as b
        where b.reverses = r.movement_id
    )
    group by r.asn_id, r.line
)

select
    l.asn_id,
    l.line,
    l.received,
    b.quantity,
    l.awaited,
    a.state
from stock.asn_line as l
inner join stock.asn as a on l.asn_id = a.asn_id
left join brought as b on l.asn_id = b.asn_id and l.line = b.line
where l.received <> coalesce(b.quantity, 0)
    or not coalesce(b.fits, true)
    or (a.state in ('received', 'cancelled') and l.awaited > 0)
    or (a.state = 'cancelled' and l.received > 0);

-- No movement counts for more than it brought.
create view stock.violation_asn_receipt as
select
    r.movement_id,
    sum(r.quantity) as counted,
    m.quantity
from stock.asn_receipt as r
left join stock.movement as m on r.movement_id = m.movement_id
group by r.movement_id, m.quantity
having m.quantity is null or sum(r.quantity) <> m.quantity;

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view stock.violation_asn_event as
select
    a.asn_id,
    a.sequence,
    count(o.event_id) as events
from stock.asn as a
left join platform.outbox as o on o.aggregate = 'asn' and o.aggregate_id = a.asn_id
group by a.asn_id, a.sequence
having count(o.event_id) <> a.sequence;

-- Of a reference never more came back than went out.
create view stock.violation_returned as
select
    g.reference,
    g.sku_id,
    sum(case when m.reason = 'sale' then m.quantity else -m.quantity end) as still_out
from stock.return_guard as g
inner join stock.movement as m
    on g.reference = m.reference and g.sku_id = m.sku_id and m.reason in ('sale', 'return')
where not exists (
    select 1 from stock.movement as b
    where b.reverses = m.movement_id
)
group by g.reference, g.sku_id
having sum(case when m.reason = 'sale' then m.quantity else -m.quantity end) < 0;
