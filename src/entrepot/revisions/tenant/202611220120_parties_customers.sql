-- The parties room: customers and how their suite codes look.

create schema parties;
grant usage on schema parties to entrepot_app, entrepot_shopper;

-- How this tenant's suite codes look. Codes are made of a counter, so changing the row changes
-- only what comes after.
create table parties.suite_rule (
    only_row boolean primary key default true check (only_row),
    prefix text not null check (prefix ~ '^[A-Z]{1,4}$'),
    digits integer not null check (digits = 6),
    first_number integer not null check (first_number >= 0)
);
insert into parties.suite_rule (prefix, digits, first_number) values ('EP', 6, 100000);
grant update (prefix, first_number) on parties.suite_rule to entrepot_app;

-- One row a customer. Everything personal is nullable and goes by one update when erased;
-- nothing else in the database repeats it. name_key, phone_digits and phone_tail are the
-- comparable forms of name and phone (entrepot.parties.persons).
create table parties.customer (
    customer_id uuid primary key,
    suite_code text not null unique,
    suite_compact text not null unique check (suite_compact ~ '^[A-Z]{1,4}[0-9]{6}[0-9X]$'),
    locale text not null,
    name text,
    email text,
    phone text,
    name_key text,
    phone_digits text check (phone_digits ~ '^[0-9]{4,}$'),
    phone_tail text generated always as (right(phone_digits, 4)) stored,
    sequence bigint not null check (sequence > 0),
    created_at timestamptz not null,
    erased_at timestamptz,
    recorded_at timestamptz not null default now(),
    check (erased_at is not null or name is not null),
    check (
        erased_at is null
        or (name is null and email is null and phone is null and name_key is null
            and phone_digits is null)
    )
);
create index customer_by_phone_tail on parties.customer (phone_tail);
create index customer_by_name_key on parties.customer (name_key);
create index customer_by_age on parties.customer (created_at, customer_id);
grant insert (
    customer_id, suite_code, suite_compact, locale, name, email, phone, name_key, phone_digits,
    sequence, created_at
), update (
    locale, name, email, phone, name_key, phone_digits, sequence, erased_at
) on parties.customer to entrepot_app;

alter table parties.customer enable row level security;
create policy everyone_of_the_tenant on parties.customer for all to entrepot_app
using (true) with check (true);
create policy own_row on parties.customer for select to entrepot_shopper
using (customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid);
grant select (customer_id, suite_code, suite_compact, locale, name, email, phone, created_at)
on parties.customer to entrepot_shopper;

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view parties.violation_customer_event as
select
    c.customer_id,
    c.sequence,
    count(o.event_id) as events
from parties.customer as c
left join platform.outbox as o on o.aggregate = 'customer' and o.aggregate_id = c.customer_id
group by c.customer_id, c.sequence
having count(o.event_id) <> c.sequence;
