-- The stock room: the ledger of movements, balances, guarding rows, what channels may sell.

create schema stock;
grant usage on schema stock to entrepot_app;

-- Everything that can hold goods. A bin's place has the bin's own id. Bins and transits are
-- physical: their balances never go below zero. Of the other kinds there is one place each, and
-- no balance is kept: what went there is the sum of its movements.
create table stock.place (
    place_id uuid primary key,
    kind text not null check (kind in (
        'bin', 'transit', 'supplier', 'customer', 'adjustment', 'partner'
    )),
    code text not null,
    node_id uuid references nodes.node,
    check ((kind = 'bin') = (node_id is not null))
);
create unique index place_one_of_a_kind on stock.place (kind)
where kind in ('supplier', 'customer', 'adjustment', 'partner');
create unique index place_transit on stock.place (code) where kind = 'transit';
grant insert on stock.place to entrepot_app;
insert into stock.place (place_id, kind, code) values
('00000000-0000-7000-8000-000000000001', 'supplier', 'SUPPLIER'),
('00000000-0000-7000-8000-000000000002', 'customer', 'CUSTOMER'),
('00000000-0000-7000-8000-000000000003', 'adjustment', 'ADJUSTMENT'),
('00000000-0000-7000-8000-000000000004', 'partner', 'PARTNER'),
('00000000-0000-7000-8000-000000000005', 'transit', 'TRANSIT');

-- Lots. An expired one is emptied of sellable goods by the job that sets expired_at.
create table stock.lot (
    sku_id uuid not null,
    lot text not null check (length(lot) between 1 and 60),
    expires_on date,
    expired_at timestamptz,
    created_at timestamptz not null,
    primary key (sku_id, lot)
);
create index lot_by_expiry on stock.lot (expires_on) where expired_at is null;
grant insert, update (expires_on, expired_at) on stock.lot to entrepot_app;

-- The ledger. A movement takes a quantity from one end to another; an end is a place and a
-- status. Rows are never changed: a mistake is moved back, and the movement back names it.
-- owner is '' for the tenant's own goods, lot '' for goods without lot.
create table stock.movement (
    movement_id uuid primary key,
    document_id uuid not null,
    sku_id uuid not null,
    quantity bigint not null check (quantity > 0),
    from_place uuid not null,
    from_status text not null,
    to_place uuid not null,
    to_status text not null,
    lot text not null,
    serial text,
    owner text not null,
    reason text not null check (reason in (
        'receipt', 'put_away', 'move', 'transfer_out', 'transfer_in', 'transfer_lost', 'sale',
        'return', 'scrap', 'loss', 'found', 'count_less', 'count_more', 'reclassify', 'expire',
        'opening', 'partner_out', 'partner_in', 'supplier_return', 'reversal'
    )),
    reference text not null,
    reverses uuid,
    at timestamptz not null,
    actor text not null,
    recorded_at timestamptz not null default now(),
    check (from_place <> to_place or from_status <> to_status),
    check (serial is null or quantity = 1),
    check (from_status in ('good', 'promo', 'damaged', 'quarantine', 'hold', 'expired')),
    check (to_status in ('good', 'promo', 'damaged', 'quarantine', 'hold', 'expired'))
);
create index movement_by_sku on stock.movement (sku_id, movement_id);
create index movement_by_document on stock.movement (document_id);
create unique index movement_reversed_once on stock.movement (reverses)
where reverses is not null;
create index movement_by_reference on stock.movement (reference) where reference <> '';
grant insert on stock.movement to entrepot_app;

-- Documents group movements that were posted together; their sequence counts their events.
create table stock.document (
    document_id uuid primary key,
    reference text not null,
    lines integer not null check (lines > 0),
    sequence bigint not null check (sequence > 0),
    at timestamptz not null,
    actor text not null,
    recorded_at timestamptz not null default now()
);
grant insert on stock.document to entrepot_app;

-- What lies where, kept by the statement that writes the movements.
create table stock.balance (
    place_id uuid not null,
    sku_id uuid not null,
    lot text not null,
    owner text not null,
    status text not null check (
        status in ('good', 'promo', 'damaged', 'quarantine', 'hold', 'expired')
    ),
    on_hand bigint not null check (on_hand >= 0),
    node_id uuid,
    first_at timestamptz not null,
    primary key (sku_id, place_id, lot, owner, status)
) with (fillfactor = 85);
create index balance_by_place on stock.balance (place_id) where on_hand > 0;
grant insert, update (on_hand, first_at) on stock.balance to entrepot_app;

-- Where each serial is; its key makes it be in one place at most.
create table stock.serial (
    sku_id uuid not null,
    serial text not null check (length(serial) between 1 and 60),
    place_id uuid not null,
    lot text not null,
    owner text not null,
    status text not null,
    primary key (sku_id, serial)
);
grant insert, update (place_id, lot, owner, status) on stock.serial to entrepot_app;

-- The guarding rows: what may still be promised of a SKU at a node is decided on this row alone,
-- and the last CHECK makes overselling impossible whatever the code does.
-- safety is never sold; protected is left for channels that may use it; inbound may be sold
-- ahead where sells_inbound, backorder_extra beyond it; backordered is what was so promised.
create table stock.sku_node (
    sku_id uuid not null,
    node_id uuid not null,
    on_hand bigint not null default 0 check (on_hand >= 0),
    reserved bigint not null default 0 check (reserved >= 0),
    blocked bigint not null default 0 check (blocked >= 0),
    safety bigint not null default 0 check (safety >= 0),
    protected bigint not null default 0 check (protected >= 0),
    inbound bigint not null default 0 check (inbound >= 0),
    sells_inbound boolean not null default false,
    backorder_extra bigint not null default 0 check (backorder_extra >= 0),
    backordered bigint not null default 0 check (backordered >= 0),
    available bigint not null generated always as (on_hand - reserved - blocked) stored,
    primary key (sku_id, node_id),
    constraint never_oversold check (on_hand - reserved - blocked >= 0)
) with (fillfactor = 80);
create index sku_node_by_node on stock.sku_node (node_id, sku_id);
grant insert, update (
    on_hand, reserved, blocked, safety, protected, inbound, sells_inbound, backorder_extra,
    backordered
) on stock.sku_node to entrepot_app;

-- What a channel may sell: the one permitted copy. pooled sums over the channel's nodes
-- max(0, available - safety - protected, the last unless uses_protected). buffer is left in the
-- pool, quota bounds what the channel may ever take; both are decided on this row, locked.
create table stock.channel_available (
    channel_id uuid not null,
    sku_id uuid not null,
    pooled bigint not null default 0 check (pooled >= 0),
    uses_protected boolean not null default false,
    buffer bigint not null default 0 check (buffer >= 0),
    quota bigint check (quota >= 0),
    quota_used bigint not null default 0 check (quota_used >= 0),
    shown bigint not null generated always as (
        greatest(0, least(pooled - buffer, coalesce(quota - quota_used, pooled)))
    ) stored,
    primary key (channel_id, sku_id)
) with (fillfactor = 80);
create index channel_available_by_sku on stock.channel_available (sku_id, channel_id);
grant insert, delete, update (pooled, uses_protected, buffer, quota, quota_used)
on stock.channel_available to entrepot_app;

-- What new rows of a channel start with.
create table stock.channel_rule (
    channel_id uuid primary key references nodes.channel,
    uses_protected boolean not null,
    buffer bigint not null check (buffer >= 0),
    sequence bigint not null check (sequence > 0)
);
grant insert, update (uses_protected, buffer, sequence) on stock.channel_rule to entrepot_app;
