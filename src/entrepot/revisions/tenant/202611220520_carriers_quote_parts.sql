-- The parcels that a quote priced, so that accepting it can look whether they are what they were.

alter table carriers.quote add column parts uuid[] not null default '{}';
grant insert (parts) on carriers.quote to entrepot_app, entrepot_shopper;
grant select (parts) on carriers.quote to entrepot_shopper;
