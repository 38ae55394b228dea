-- The stock room: what other nodes took over of an order after a short pick, so that the node it
-- left can say where it went.
create table stock.taken_over (
    reservation_id uuid not null,
    sku_id uuid not null,
    from_node uuid not null,
    to_node uuid not null,
    quantity bigint not null check (quantity > 0),
    at timestamptz not null,
    actor text not null,
    primary key (reservation_id, from_node, sku_id, to_node),
    check (from_node <> to_node)
);
grant insert, update (quantity, at, actor) on stock.taken_over to entrepot_app;
