-- Statements for the control database: operators, their one-time links and sessions.

-- name: add_operator
insert into access.operator (name, state, added_at)
values (:name, 'active', :at)
on conflict (name) do nothing;

-- name: find_operator
select
    o.name,
    o.state
from access.operator as o
where o.name = :name;

-- name: set_operator_state
update access.operator set state = :state
where name = :name;

-- name: add_operator_link
insert into access.operator_link (token_hash, operator, made_at, expires_at, used_at)
values (:token_hash, :operator, :at, :expires_at, null);

-- name: use_operator_link
update access.operator_link as l set used_at = :at
from access.operator as o
where l.token_hash = :token_hash
    and l.used_at is null
    and l.expires_at > :at
    and o.name = l.operator
    and o.state = 'active'
returning l.operator;

-- name: add_operator_session
insert into access.operator_session
    (session_id, token_hash, operator, agent, made_at, seen_at, idle_s, expires_at, ended_at)
values
    (:session_id, :token_hash, :operator, :agent, :at, :at, :idle_s, :expires_at, null);

-- name: find_operator_session
select
    s.session_id,
    s.operator,
    s.seen_at
from access.operator_session as s
join access.operator as o on o.name = s.operator and o.state = 'active'
where s.token_hash = :token_hash
    and s.ended_at is null
    and s.expires_at > :at
    and s.seen_at + make_interval(secs => s.idle_s) > :at;

-- name: note_operator_visit
update access.operator_session set seen_at = :at
where session_id = :session_id and seen_at < :at and ended_at is null;

-- name: end_operator_session
update access.operator_session set ended_at = :at
where token_hash = :token_hash and ended_at is null;

-- name: end_operator_sessions
update access.operator_session set ended_at = :at
where operator = :operator and ended_at is null;
