-- Named reads of the parties room. customer_id is a scope where a shopper asks, else null.

-- name: get_customer
select c.customer_id as id, c.suite_code, c.name, c.email, c.phone, c.locale, c.created_at
from parties.customer as c
where c.customer_id = :customer_id
    and (:scope_customer_id::uuid is null or c.customer_id = :scope_customer_id);

-- name: find_customer_by_code
select c.customer_id as id, c.name, c.suite_code
from parties.customer as c
where c.suite_compact = :suite_compact
    and (:scope_customer_id::uuid is null or c.customer_id = :scope_customer_id);

-- name: list_customers
select c.customer_id as id, c.suite_code, c.name, c.email, c.phone, c.locale, c.created_at
from parties.customer as c
where (:suite_compact::text is null or c.suite_compact = :suite_compact)
    and (:after::uuid is null or c.customer_id < :after)
order by c.customer_id desc
limit :most;

-- name: get_suite_rule
select r.prefix, r.digits, r.first_number from parties.suite_rule as r;

-- name: get_languages
select s.languages from platform.tenant_setting as s;
