-- The access room of the control database: who runs the platform, and their sessions.

create schema access;
grant usage on schema access to entrepot_control;

-- Operators log in by one-time links that the local command line makes; they have no password.
create table access.operator (
    name text primary key check (name ~ '^[a-z][a-z0-9._-]{0,62}$'),
    state text not null check (state in ('active', 'disabled')),
    added_at timestamptz not null
);
grant select, insert, update (state) on access.operator to entrepot_control;

create table access.operator_link (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    operator text not null references access.operator,
    made_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index operator_link_by_operator on access.operator_link (operator);
grant select, insert, update (used_at), delete on access.operator_link to entrepot_control;

create table access.operator_session (
    session_id uuid primary key,
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    operator text not null references access.operator,
    agent text not null check (length(agent) <= 200),
    made_at timestamptz not null,
    seen_at timestamptz not null,
    idle_s integer not null check (idle_s > 0),
    expires_at timestamptz not null,
    ended_at timestamptz
);
create index operator_session_by_operator on access.operator_session (operator);
create index operator_session_by_age on access.operator_session (expires_at);
grant select, insert, update (seen_at, ended_at), delete on access.operator_session
to entrepot_control;
