-- The stock room: transfers between nodes, and what of each is under way.

-- The machine of SAFETY 1, repeated from entrepot/stock/transfers_edges.tsv; a test compares them.
create function stock.transfer_may_change_v1(p_from text, p_to text)
returns boolean
language sql immutable as $$
    select p_from = p_to or p_from || '>' || p_to = any(array[
        'draft>sent', 'draft>cancelled', 'sent>received', 'sent>short'
    ]);
$$;

-- code is for people and names the place where the goods are meanwhile: that place (kind transit)
-- has the transfer's own id, so no transfer ever touches the goods of another.
create table stock.transfer (
    transfer_id uuid primary key,
    code text not null unique,
    from_node uuid not null references nodes.node,
    to_node uuid not null references nodes.node,
    owner text not null,
    reference text not null check (length(reference) between 1 and 80),
    state text not null check (state in ('draft', 'sent', 'received', 'short', 'cancelled')),
    expected_at timestamptz,
    short_reason text check (
        short_reason in ('lost', 'stolen', 'damaged', 'never_loaded', 'other')
    ),
    sequence bigint not null check (sequence > 0),
    created_at timestamptz not null,
    created_by text not null,
    sent_at timestamptz,
    sent_by text,
    closed_at timestamptz,
    closed_by text,
    recorded_at timestamptz not null default now(),
    check (from_node <> to_node),
    check ((state in ('draft', 'cancelled')) = (sent_at is null)),
    check ((state in ('received', 'short', 'cancelled')) = (closed_at is not null)),
    check ((state = 'short') = (short_reason is not null))
) with (fillfactor = 85);
create index transfer_live_to on stock.transfer (to_node) where state in ('draft', 'sent');
create index transfer_live_from on stock.transfer (from_node) where state in ('draft', 'sent');
grant insert, update (
    state, expected_at, short_reason, sequence, sent_at, sent_by, closed_at, closed_by
) on stock.transfer to entrepot_app;

-- What is asked for: so many of a SKU, of one lot or (lot '') of whichever expires first.
create table stock.transfer_line (
    transfer_id uuid not null references stock.transfer,
    line integer not null check (line > 0),
    sku_id uuid not null,
    lot text not null,
    status text not null check (
        status in ('good', 'promo', 'damaged', 'quarantine', 'hold', 'expired')
    ),
    quantity bigint not null check (quantity > 0),
    primary key (transfer_id, line)
);
grant insert on stock.transfer_line to entrepot_app;

-- What was sent, and what became of it. Under way is sent - received - lost. serial is '' for
-- goods without.
create table stock.transit (
    transfer_id uuid not null references stock.transfer,
    sku_id uuid not null,
    lot text not null,
    status text not null,
    serial text not null,
    sent bigint not null check (sent > 0),
    received bigint not null default 0 check (received >= 0),
    lost bigint not null default 0 check (lost >= 0),
    primary key (transfer_id, sku_id, lot, status, serial),
    check (received + lost <= sent),
    check (serial = '' or sent = 1)
) with (fillfactor = 85);
create index transit_under_way on stock.transit (sku_id) where sent > received + lost;
grant insert, update (received, lost) on stock.transit to entrepot_app;

create function stock.check_transfer_v1()
returns trigger
language plpgsql as $$
begin
    if not stock.transfer_may_change_v1(old.state, new.state) then
        raise exception 'a transfer that is % cannot become %', old.state, new.state
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger transfer_state before update of state on stock.transfer
for each row when (old.state is distinct from new.state)
execute function stock.check_transfer_v1();

-- What is under way of a transfer lies in its place, and nothing else does.
create view stock.violation_transit as
with told as (
    select
        g.transfer_id,
        g.sku_id,
        g.lot,
        x.owner,
        g.status,
        sum(g.sent - g.received - g.lost) as under_way
    from stock.transit as g
    inner join stock.transfer as x on g.transfer_id = x.transfer_id
    group by g.transfer_id, g.sku_id, g.lot, x.owner, g.status
),

held as (
    select
        b.place_id as transfer_id,
        b.sku_id,
        b.lot,
        b.owner,
        b.status,
        b.on_hand
    from stock.balance as b
    where b.place_id in (select x.transfer_id from stock.transfer as x)
)

select
    coalesce(t.transfer_id, h.transfer_id) as transfer_id,
    coalesce(t.sku_id, h.sku_id) as sku_id,
    coalesce(t.under_way, 0) as under_way,
    coalesce(h.on_hand, 0) as on_hand
from told as t
full join held as h
    on
        t.transfer_id = h.transfer_id and t.sku_id = h.sku_id and t.lot = h.lot
        and t.owner = h.owner and t.status = h.status
where coalesce(t.under_way, 0) <> coalesce(h.on_hand, 0);

-- sent, received and lost of each transfer are what the ledger moved into and out of its place.
create view stock.violation_transit_moves as
with moved as (
    select
        p.place_id as transfer_id,
        m.sku_id,
        sum(case when m.to_place = p.place_id then m.quantity else 0 end) as sent,
        sum(
            case when m.from_place = p.place_id and t.kind = 'bin' then m.quantity else 0 end
        ) as received,
        sum(
            case when m.from_place = p.place_id and t.kind <> 'bin' then m.quantity else 0 end
        ) as lost
    from stock.transfer as x
    inner join stock.place as p on x.transfer_id = p.place_id
    inner join stock.movement as m on p.place_id in (m.from_place, m.to_place)
    inner join stock.place as t on m.to_place = t.place_id
    group by p.place_id, m.sku_id
),

told as (
    select
        g.transfer_id,
        g.sku_id,
        sum(g.sent) as sent,
        sum(g.received) as received,
        sum(g.lost) as lost
    from stock.transit as g
    group by g.transfer_id, g.sku_id
)

select
    coalesce(t.transfer_id, m.transfer_id) as transfer_id,
    coalesce(t.sku_id, m.sku_id) as sku_id
from told as t
full join moved as m on t.transfer_id = m.transfer_id and t.sku_id = m.sku_id
where (t.sent, t.received, t.lost) is distinct from (m.sent, m.received, m.lost);

-- A transfer is sent exactly while something of it is under way.
create view stock.violation_transfer_state as
select
    x.transfer_id,
    x.state,
    coalesce(sum(g.sent - g.received - g.lost), 0) as under_way
from stock.transfer as x
left join stock.transit as g on x.transfer_id = g.transfer_id
group by x.transfer_id, x.state
having (x.state = 'sent') <> (coalesce(sum(g.sent - g.received - g.lost), 0) > 0)
    or (x.state in ('draft', 'cancelled')) <> (count(g.transfer_id) = 0)
    or (x.state = 'short') <> (coalesce(sum(g.lost), 0) > 0);

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view stock.violation_transfer_event as
select
    x.transfer_id,
    x.sequence,
    count(o.event_id) as events
from stock.transfer as x
left join platform.outbox as o
    on o.aggregate = 'transfer' and x.transfer_id = o.aggregate_id
group by x.transfer_id, x.sequence
having count(o.event_id) <> x.sequence;

-- inbound is what was told by hand, what the ASNs of the tenant's own goods await, and what of
-- them is under way from other nodes and in order.
create or replace view stock.violation_inbound as
with expected as (
    select
        l.sku_id,
        a.node_id,
        sum(l.awaited) as awaited
    from stock.asn_line as l
    inner join stock.asn as a on l.asn_id = a.asn_id
    where a.owner = '' and l.awaited > 0
    group by l.sku_id, a.node_id
),

coming as (
    select
        t.sku_id,
        x.to_node as node_id,
        sum(t.sent - t.received - t.lost) as under_way
    from stock.transit as t
    inner join stock.transfer as x on t.transfer_id = x.transfer_id
    where x.owner = '' and t.status in ('good', 'promo') and t.sent > t.received + t.lost
    group by t.sku_id, x.to_node
)

select
    coalesce(g.sku_id, e.sku_id, c.sku_id) as sku_id,
    coalesce(g.node_id, e.node_id, c.node_id) as node_id,
    g.inbound,
    g.inbound_told,
    e.awaited,
    c.under_way
from stock.sku_node as g
full join expected as e on g.sku_id = e.sku_id and g.node_id = e.node_id
full join coming as c
    on
        coalesce(g.sku_id, e.sku_id) = c.sku_id
        and coalesce(g.node_id, e.node_id) = c.node_id
where coalesce(g.inbound, 0)
    <> coalesce(g.inbound_told, 0) + coalesce(e.awaited, 0) + coalesce(c.under_way, 0);
