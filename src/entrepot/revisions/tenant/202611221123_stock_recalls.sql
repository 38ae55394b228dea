-- The stock room: recalls of lots.

-- The machine of entrepot/stock/recall_edges.tsv; a test compares them.
create function stock.recall_may_change_v1(p_from text, p_to text)
returns boolean
language sql immutable as $$
    select p_from || '>' || p_to = any(array['open>released', 'open>scrapped']);
$$;

-- While a recall is open nothing of its lots is good: what lay there was taken into quarantine by
-- document_id, what arrives is taken there at once. reference: the maker's or authority's number.
create table stock.recall (
    recall_id uuid primary key,
    cause text not null check (cause ~ '^[a-z][a-z_]{0,39}$'),
    reference text not null check (length(reference) between 1 and 60),
    state text not null check (state in ('open', 'released', 'scrapped')),
    units bigint not null check (units >= 0),
    document_id uuid,
    closing_document_id uuid,
    opened_at timestamptz not null,
    opened_by text not null,
    closed_at timestamptz,
    closed_by text,
    sequence bigint not null check (sequence > 0),
    recorded_at timestamptz not null default now(),
    check ((state = 'open') = (closed_at is null)),
    check ((closed_at is null) = (closed_by is null)),
    check ((document_id is not null) = (units > 0))
);
grant insert, update (
    state, units, document_id, closing_document_id, closed_at, closed_by, sequence
) on stock.recall to entrepot_app;

-- What is called back: one lot of a SKU, or (lot null) all of its lots that expire in a stretch of
-- days, an open end being null. Lots of that stretch that come later are called back as well.
create table stock.recall_lot (
    recall_id uuid not null references stock.recall,
    line integer not null,
    sku_id uuid not null,
    lot text check (length(lot) between 1 and 60),
    expires_from date,
    expires_until date,
    open boolean not null,
    primary key (recall_id, line),
    check (lot is null or (expires_from is null and expires_until is null)),
    check (lot is not null or expires_from is not null or expires_until is not null),
    check (expires_from <= expires_until)
);
create index recall_lot_open on stock.recall_lot (sku_id, lot) where open;
create unique index recall_lot_once on stock.recall_lot (sku_id, lot)
where open and lot is not null;
grant insert, update (open) on stock.recall_lot to entrepot_app;

-- What lay in quarantine already when the recall began: it stays there when the recall ends.
create table stock.recall_before (
    recall_id uuid not null references stock.recall,
    sku_id uuid not null,
    lot text not null,
    place_id uuid not null,
    owner text not null,
    serial text not null,
    units bigint not null check (units > 0),
    primary key (recall_id, sku_id, lot, place_id, owner, serial)
);
grant insert on stock.recall_before to entrepot_app;

create function stock.check_recall_v1()
returns trigger
language plpgsql as $$
begin
    if not stock.recall_may_change_v1(old.state, new.state) then
        raise exception 'a recall that is % cannot become %', old.state, new.state
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger recall_state before update of state on stock.recall
for each row when (old.state is distinct from new.state)
execute function stock.check_recall_v1();

-- Goods in order of a lot that is called back.
create view stock.violation_recalled_good as
select
    r.recall_id,
    b.sku_id,
    b.lot,
    b.place_id,
    b.on_hand
from stock.recall_lot as r
inner join stock.balance as b
    on r.sku_id = b.sku_id and b.status in ('good', 'promo') and b.on_hand > 0
    and b.node_id is not null
left join stock.lot as l on b.sku_id = l.sku_id and b.lot = l.lot
where r.open and b.lot <> '' and (
    b.lot = r.lot or (
        r.lot is null and l.expires_on between coalesce(r.expires_from, '-infinity')
        and coalesce(r.expires_until, 'infinity')
    )
);

create view stock.violation_recall_open as
select
    l.recall_id,
    l.line
from stock.recall_lot as l
inner join stock.recall as r on l.recall_id = r.recall_id
where l.open <> (r.state = 'open');

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view stock.violation_recall_event as
select
    r.recall_id,
    r.sequence,
    count(o.event_id) as events
from stock.recall as r
left join platform.outbox as o on o.aggregate = 'recall' and r.recall_id = o.aggregate_id
group by r.recall_id, r.sequence
having count(o.event_id) <> r.sequence;
