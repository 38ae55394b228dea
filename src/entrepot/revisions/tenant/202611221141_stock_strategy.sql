-- What stock is for, beside how much there is: promotions of lots, how long goods must still last
-- for a channel, how fast they sell.

-- A lot is promoted from one moment until another.
alter table stock.lot
add column promo_from timestamptz,
add column promo_until timestamptz,
add constraint lot_promotion check (
    (promo_from is null) = (promo_until is null) and promo_from < promo_until
);
grant update (promo_from, promo_until) on stock.lot to entrepot_app;

-- Goods of a channel (its market) must last so many days more, today included.
alter table stock.channel_rule
add column min_life_days integer not null default 0 check (min_life_days between 0 and 3650);
grant insert (min_life_days), update (min_life_days) on stock.channel_rule to entrepot_app;

-- How many units of a SKU were sold from a node in the 90 days before counted_at, from the
-- ledger. best_seller: the SKU is one of those that make the first 80 percent of all units sold.
create table stock.pace (
    sku_id uuid not null,
    node_id uuid not null,
    sold_90 bigint not null check (sold_90 >= 0),
    best_seller boolean not null,
    counted_at timestamptz not null,
    primary key (sku_id, node_id)
);
grant insert, update (sold_90, best_seller, counted_at) on stock.pace to entrepot_app;
