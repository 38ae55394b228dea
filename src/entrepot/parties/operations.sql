-- Named writes of the parties room.

-- name: next_suite_number
select platform.next_number_v1('suite_code');

-- name: insert_customer
insert into parties.customer (
    customer_id, suite_code, suite_compact, locale, name, email, phone, name_key, phone_digits,
    sequence, created_at
)
values (
    :customer_id, :suite_code, :suite_compact, :locale, :name, :email, :phone, :name_key,
    :phone_digits, 1, :now
)
on conflict do nothing;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, 'customer', :customer_id, :sequence, :now, :actor, :body
);

-- name: set_suite_rule
update parties.suite_rule set prefix = :prefix, first_number = :first_number;
