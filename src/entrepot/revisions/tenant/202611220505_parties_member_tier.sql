-- The member tier of a customer, a code of the tenant's own rules; null: none, so no discount.

alter table parties.customer
add column member_tier text check (member_tier ~ '^[A-Za-z0-9_-]{1,40}$');
grant update (member_tier) on parties.customer to entrepot_app;
grant select (member_tier) on parties.customer to entrepot_shopper;
