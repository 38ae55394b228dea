-- The stock room: what was picked for a reservation and lies ready in a bin of its node.

-- Open while the reservation is pending: these units are its own, nobody else takes them. They
-- stay part of what the reservation holds at the node. from_place is where they came from.
create table stock.picked (
    reservation_id uuid not null references stock.reservation,
    sku_id uuid not null,
    node_id uuid not null,
    place_id uuid not null references stock.place,
    lot text not null,
    status text not null check (status in ('good', 'promo')),
    serial text not null,
    from_place uuid not null references stock.place,
    quantity bigint not null check (quantity >= 0),
    open boolean not null default true,
    picked_at timestamptz not null,
    picked_by text not null,
    primary key (reservation_id, sku_id, place_id, lot, status, serial),
    check (not open or quantity > 0),
    check (serial = '' or quantity <= 1)
) with (fillfactor = 85);
create index picked_open on stock.picked (place_id, sku_id) where open;
create unique index picked_serial_once on stock.picked (sku_id, serial) where open and serial <> '';
grant insert, update (quantity, open, from_place, picked_at, picked_by)
on stock.picked to entrepot_app;

-- However a reservation ends (fulfilled, released, expired, replaced by another of its
-- reference), what was picked for it is nobody's from then on. Only firm ones are ever picked.
create function stock.end_picks_v1()
returns trigger
language plpgsql as $$
begin
    update stock.picked as k set open = false
    where k.reservation_id = new.reservation_id and k.open;
    return new;
end
$$;
create trigger reservation_picks after update of state on stock.reservation
for each row when (new.state <> 'pending' and old.strength in ('allocated', 'picked'))
execute function stock.end_picks_v1();

-- What is picked lies there, once.
create view stock.violation_picked_there as
select
    k.place_id,
    k.sku_id,
    k.lot,
    k.status,
    sum(k.quantity) as picked,
    b.on_hand
from stock.picked as k
left join stock.balance as b
    on
        k.place_id = b.place_id and k.sku_id = b.sku_id and k.lot = b.lot
        and k.status = b.status and b.owner = ''
where k.open
group by k.place_id, k.sku_id, k.lot, k.status, b.on_hand
having sum(k.quantity) > coalesce(b.on_hand, 0);

-- What is picked is part of what its pending reservation holds at that node.
create view stock.violation_picked_held as
select
    k.reservation_id,
    k.sku_id,
    k.node_id,
    sum(k.quantity) as picked,
    l.quantity as held,
    r.state,
    r.strength
from stock.picked as k
left join stock.reservation as r on k.reservation_id = r.reservation_id
left join stock.reservation_line as l
    on
        k.reservation_id = l.reservation_id and k.sku_id = l.sku_id
        and k.node_id = l.node_id
where k.open
group by k.reservation_id, k.sku_id, k.node_id, l.quantity, r.state, r.strength
having sum(k.quantity) > coalesce(l.quantity, 0) or r.state is distinct from 'pending'
    or r.strength not in ('allocated', 'picked');

-- A serial that is picked lies where it was put.
create view stock.violation_picked_serial as
select
    k.sku_id,
    k.serial,
    k.place_id
from stock.picked as k
left join stock.serial as s on k.sku_id = s.sku_id and k.serial = s.serial
where k.open and k.serial <> '' and s.place_id is distinct from k.place_id;
