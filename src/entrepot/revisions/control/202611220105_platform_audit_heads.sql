-- The newest seal of each tenant's audit chain, kept outside that tenant's database, so that
-- cutting off the end of a chain is found.
create table platform.audit_head (
    tenant text primary key,
    seal_number bigint not null check (seal_number > 0),
    hash bytea not null,
    kept_at timestamptz not null
);
grant select, insert, update (seal_number, hash, kept_at) on platform.audit_head
to entrepot_control;
