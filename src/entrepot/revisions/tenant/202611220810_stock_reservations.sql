-- The stock room: reservations.

-- The machine of SAFETY 1, repeated from entrepot/stock/state_edges.tsv; a test compares them.
create function stock.reservation_may_change_v1(p_from text, p_to text)
returns boolean
language sql immutable as $$
    select p_from = p_to or p_from || '>' || p_to = any(array[
        'pending>fulfilled', 'pending>released', 'pending>expired'
    ]);
$$;

-- strength: a soft one lapses at expires_at; allocated and picked say how far the work is.
create table stock.reservation (
    reservation_id uuid primary key,
    channel_id uuid not null,
    reference text not null check (length(reference) between 1 and 80),
    state text not null check (state in ('pending', 'fulfilled', 'released', 'expired')),
    strength text not null check (strength in ('soft', 'hard', 'allocated', 'picked')),
    expires_at timestamptz,
    sequence bigint not null check (sequence > 0),
    created_at timestamptz not null,
    closed_at timestamptz,
    actor text not null,
    recorded_at timestamptz not null default now(),
    check ((strength = 'soft') = (expires_at is not null)),
    check ((state = 'pending') = (closed_at is null))
) with (fillfactor = 80);
-- One live reservation of a reference in a channel: a new one takes its place.
create unique index reservation_live on stock.reservation (channel_id, reference)
where state = 'pending';
create index reservation_lapsing on stock.reservation (expires_at)
where state = 'pending' and expires_at is not null;
grant insert, update (state, strength, expires_at, sequence, closed_at)
on stock.reservation to entrepot_app;

-- Every line names its node. quantity is held on the guarding row, backordered is promised of
-- what has still to come.
create table stock.reservation_line (
    reservation_id uuid not null,
    sku_id uuid not null,
    node_id uuid not null,
    quantity bigint not null check (quantity >= 0),
    backordered bigint not null check (backordered >= 0),
    open boolean not null default true,
    primary key (reservation_id, sku_id, node_id),
    check (quantity + backordered > 0)
) with (fillfactor = 80);
create index reservation_line_open on stock.reservation_line (sku_id, node_id) where open;
grant insert, update (quantity, backordered, open), delete
on stock.reservation_line to entrepot_app;

create function stock.check_reservation_v1()
returns trigger
language plpgsql as $$
begin
    if not stock.reservation_may_change_v1(old.state, new.state) then
        raise exception 'a reservation that is % cannot become %', old.state, new.state
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger reservation_state before update of state on stock.reservation
for each row when (old.state is distinct from new.state)
execute function stock.check_reservation_v1();
