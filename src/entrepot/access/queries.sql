-- name: find_stored_key
select
    k.key_id,
    k.version,
    k.algorithm,
    k.sealed_secret,
    k.public_key,
    k.scopes,
    k.warehouses,
    k.state,
    k.not_before,
    k.expires_at
from access.api_key as k
where k.key_id = :key_id;

-- name: find_key
select
    k.key_id,
    k.credential_id,
    k.version,
    k.label,
    k.algorithm,
    k.scopes,
    k.warehouses,
    k.state,
    k.not_before,
    k.expires_at,
    k.made_at,
    k.made_by
from access.api_key as k
where k.key_id = :key_id;

-- name: list_keys
select
    k.key_id,
    k.credential_id,
    k.version,
    k.label,
    k.algorithm,
    k.scopes,
    k.warehouses,
    k.state,
    k.not_before,
    k.expires_at,
    k.made_at,
    k.made_by
from access.api_key as k
where :revoked::boolean or k.state <> 'revoked'
order by k.made_at, k.key_id;

-- name: find_person
select
    p.person_id,
    p.email,
    p.name,
    p.locale,
    p.state,
    p.password_hash is not null as has_password,
    p.added_at,
    coalesce(s.roles, '{}') as roles,
    s.warehouses,
    array(
        select m.customer_id from access.membership as m
        where m.person_id = p.person_id and m.customer_id is not null and m.ended_at is null
        order by m.added_at, m.membership_id
    ) as customer_ids
from access.person as p
left join access.membership as s
    on s.person_id = p.person_id and s.customer_id is null and s.ended_at is null
where p.person_id = :person_id;

-- name: find_person_by_email
select
    p.person_id,
    p.email,
    p.name,
    p.locale,
    p.state,
    p.password_hash is not null as has_password,
    p.added_at,
    coalesce(s.roles, '{}') as roles,
    s.warehouses,
    array(
        select m.customer_id from access.membership as m
        where m.person_id = p.person_id and m.customer_id is not null and m.ended_at is null
        order by m.added_at, m.membership_id
    ) as customer_ids
from access.person as p
left join access.membership as s
    on s.person_id = p.person_id and s.customer_id is null and s.ended_at is null
where lower(p.email) = lower(:email);

-- name: list_people
select
    p.person_id,
    p.email,
    p.name,
    p.locale,
    p.state,
    p.password_hash is not null as has_password,
    p.added_at,
    coalesce(s.roles, '{}') as roles,
    s.warehouses,
    array(
        select m.customer_id from access.membership as m
        where m.person_id = p.person_id and m.customer_id is not null and m.ended_at is null
        order by m.added_at, m.membership_id
    ) as customer_ids
from access.person as p
left join access.membership as s
    on s.person_id = p.person_id and s.customer_id is null and s.ended_at is null
where (not :staff_only::boolean or s.membership_id is not null)
    and (:after::uuid is null or p.person_id > :after)
order by p.person_id
limit :most;

-- name: find_log_in
select
    p.person_id,
    p.password_hash,
    m.membership_id,
    coalesce(m.customer_id is null, false) as staff
from access.person as p
left join access.membership as m
    on m.person_id = p.person_id and m.ended_at is null
where lower(p.email) = lower(:email) and p.state = 'active'
order by m.customer_id is null desc, m.added_at, m.membership_id
limit 1;

-- name: find_session
select
    s.session_id,
    s.person_id,
    p.email,
    p.name,
    p.locale,
    m.roles,
    m.warehouses,
    m.customer_id,
    s.seen_at,
    s.expires_at
from access.session as s
join access.person as p on p.person_id = s.person_id and p.state = 'active'
join access.membership as m on m.membership_id = s.membership_id and m.ended_at is null
where s.token_hash = :token_hash
    and s.ended_at is null
    and s.expires_at > :at
    and s.seen_at + make_interval(secs => s.idle_s) > :at;

-- name: list_sessions
select
    s.session_id,
    s.agent,
    s.made_at,
    s.seen_at,
    s.expires_at
from access.session as s
where s.person_id = :person_id
    and s.ended_at is null
    and s.expires_at > :at
    and s.seen_at + make_interval(secs => s.idle_s) > :at
order by s.seen_at desc, s.session_id;

-- name: find_link_owner
select
    p.person_id,
    p.email,
    p.name,
    p.locale
from access.login_link as l
join access.person as p on p.person_id = l.person_id and p.state = 'active'
where l.token_hash = :token_hash and l.used_at is null and l.expires_at > :at;
