-- name: add_key
insert into access.api_key
    (key_id, credential_id, version, label, algorithm, sealed_secret, public_key, scopes,
     warehouses, state, not_before, expires_at, made_at, made_by, state_since)
values
    (:key_id, :credential_id, 1, :label, :algorithm, :sealed_secret, :public_key, :scopes,
     :warehouses, :state, :at, :expires_at, :at, :made_by, :at);

-- name: move_key
update access.api_key set
    state = :to_state,
    state_since = :at,
    expires_at = least(expires_at, :expires_at::timestamptz)
where key_id = :key_id and state = :from_state;

-- name: narrow_key
update access.api_key set
    version = :next_version,
    sealed_secret = :sealed_secret,
    scopes = :scopes,
    warehouses = :warehouses
where key_id = :key_id and version = :next_version - 1 and state <> 'revoked';

-- name: add_person
insert into access.person
    (person_id, email, name, locale, password_hash, password_set_at, state, added_at)
values
    (:person_id, :email, :name, :locale, null, null, 'active', :at)
on conflict (lower(email)) do nothing;

-- name: add_membership
insert into access.membership
    (membership_id, person_id, roles, warehouses, customer_id, added_at, ended_at)
values
    (:membership_id, :person_id, :roles, :warehouses, :customer_id, :at, null)
on conflict do nothing;

-- name: end_staff_membership
update access.membership set ended_at = :at
where person_id = :person_id and customer_id is null and ended_at is null;

-- name: set_person_state
update access.person set state = :state
where person_id = :person_id;

-- name: set_password
update access.person set password_hash = :password_hash, password_set_at = :at
where person_id = :person_id and state = 'active';

-- name: erase_person
update access.person set
    email = :blank_email, name = '-', password_hash = null, state = 'disabled'
where person_id = :person_id;

-- name: add_link
insert into access.login_link (token_hash, person_id, made_by, made_at, expires_at, used_at)
values (:token_hash, :person_id, :made_by, :at, :expires_at, null);

-- name: use_link
update access.login_link set used_at = :at
where token_hash = :token_hash and used_at is null and expires_at > :at
returning person_id;

-- name: end_links
update access.login_link set used_at = :at
where person_id = :person_id and used_at is null;

-- name: add_session
insert into access.session
    (session_id, token_hash, person_id, membership_id, agent, made_at, seen_at, idle_s,
     expires_at, ended_at)
values
    (:session_id, :token_hash, :person_id, :membership_id, :agent, :at, :at, :idle_s,
     :expires_at, null);

-- name: note_visit
update access.session set seen_at = :at
where session_id = :session_id and seen_at < :at and ended_at is null;

-- name: end_session
update access.session set ended_at = :at
where token_hash = :token_hash and ended_at is null
returning person_id;

-- name: end_session_by_id
update access.session set ended_at = :at
where session_id = :session_id and person_id = :person_id and ended_at is null;

-- name: end_sessions
update access.session set ended_at = :at
where person_id = :person_id and ended_at is null;

-- name: count_guesses
insert into access.login_guess as g (subject, stretch_start, guesses)
select s.subject, :stretch_start, 1
from unnest(:subjects::text[]) as s (subject)
order by s.subject
on conflict (subject, stretch_start) do update set guesses = g.guesses + 1
returning g.subject, g.guesses;

-- name: forget_guesses
delete from access.login_guess
where subject = any(:subjects::text[]) and stretch_start = :stretch_start;

-- name: forget_old_guesses
delete from access.login_guess where stretch_start < :before;

-- name: forget_old_sessions
delete from access.session where expires_at < :before;

-- name: forget_old_links
delete from access.login_link where expires_at < :before;
