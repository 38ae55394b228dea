-- The access room of a tenant's database: people, what they may do, keys, links, sessions.

create schema access;
grant usage on schema access to entrepot_app, entrepot_shopper;

-- Somebody who logs in. E-mail, name and password are personal and may be blanked; the id stays.
create table access.person (
    person_id uuid primary key,
    email text not null check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(email) <= 254),
    name text not null check (length(name) between 1 and 200),
    locale text not null check (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    password_hash text,
    password_set_at timestamptz,
    state text not null check (state in ('active', 'disabled')),
    added_at timestamptz not null
);
create unique index person_one_email on access.person (lower(email));
grant insert, update (email, name, locale, password_hash, password_set_at, state)
on access.person to entrepot_app;

-- What a person is here: staff with roles (warehouses null: every one), or the log-in of a
-- customer. Customers live on a higher floor: no foreign key.
create table access.membership (
    membership_id uuid primary key,
    person_id uuid not null references access.person,
    roles text[] not null,
    warehouses text[],
    customer_id uuid,
    added_at timestamptz not null,
    ended_at timestamptz,
    check ((cardinality(roles) > 0) <> (customer_id is not null)),
    check (customer_id is null or warehouses is null)
);
create unique index membership_one_staff on access.membership (person_id)
where customer_id is null and ended_at is null;
create unique index membership_one_customer on access.membership (person_id, customer_id)
where customer_id is not null and ended_at is null;
create index membership_by_customer on access.membership (customer_id)
where customer_id is not null;
grant insert, update (roles, warehouses, ended_at) on access.membership to entrepot_app;

-- A shopper's login sees who logs in for its own customer, and nothing secret of them.
alter table access.membership enable row level security;
create policy membership_app on access.membership for all to entrepot_app
using (true) with check (true);
create policy membership_own on access.membership for select to entrepot_shopper
using (customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid);
alter table access.person enable row level security;
create policy person_app on access.person for all to entrepot_app
using (true) with check (true);
create policy person_own on access.person for select to entrepot_shopper
using (exists (
    select 1 from access.membership as m
    where m.person_id = person.person_id and m.ended_at is null
));
grant select (membership_id, person_id, customer_id, ended_at)
on access.membership to entrepot_shopper;
grant select (person_id, email, name, locale) on access.person to entrepot_shopper;

-- Keys of programs. A credential is one program's right; it may hold several live keys, so that
-- one can replace another without a gap. The version grows with every change that processes
-- must notice; sealed_secret is bound to tenant, key and version.
create table access.api_key (
    key_id text primary key check (key_id ~ '^ek_[a-z2-7]{12}_[a-z2-7]{16}$'),
    credential_id uuid not null,
    version integer not null check (version > 0),
    label text not null check (length(label) between 1 and 100),
    algorithm text not null check (algorithm in ('hmac-sha256', 'ed25519')),
    sealed_secret bytea,
    public_key bytea check (octet_length(public_key) = 32),
    scopes text[] not null check (cardinality(scopes) > 0),
    warehouses text[],
    state text not null check (state in ('pending', 'active', 'retiring', 'revoked')),
    not_before timestamptz not null,
    expires_at timestamptz,
    made_at timestamptz not null,
    made_by text not null,
    state_since timestamptz not null,
    check ((algorithm = 'hmac-sha256') = (sealed_secret is not null)),
    check ((algorithm = 'ed25519') = (public_key is not null)),
    check (expires_at is null or expires_at > not_before)
);
create index api_key_by_credential on access.api_key (credential_id);
grant insert, update (version, sealed_secret, scopes, warehouses, state, expires_at, state_since)
on access.api_key to entrepot_app;

-- One-time log-in links: only the token's hash, used once, then the password is set.
create table access.login_link (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    person_id uuid not null references access.person,
    made_by text not null,
    made_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index login_link_by_person on access.login_link (person_id);
grant insert, update (used_at), delete on access.login_link to entrepot_app;

-- Sessions of pages: only the token's hash. Ends by log-out, after idle_s without a visit, or at
-- expires_at. agent: the browser's own words, cut.
create table access.session (
    session_id uuid primary key,
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    person_id uuid not null references access.person,
    membership_id uuid not null references access.membership,
    agent text not null check (length(agent) <= 200),
    made_at timestamptz not null,
    seen_at timestamptz not null,
    idle_s integer not null check (idle_s > 0),
    expires_at timestamptz not null,
    ended_at timestamptz
);
create index session_by_person on access.session (person_id);
create index session_by_age on access.session (expires_at);
grant insert, update (seen_at, ended_at), delete on access.session to entrepot_app;

-- Guesses of passwords: how many for a subject (hashes of e-mail, of peer) in a stretch of time.
create table access.login_guess (
    subject text not null,
    stretch_start timestamptz not null,
    guesses integer not null check (guesses > 0),
    primary key (subject, stretch_start)
);
create index login_guess_by_age on access.login_guess (stretch_start);
grant insert, update (guesses), delete on access.login_guess to entrepot_app;
