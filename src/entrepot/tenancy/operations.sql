-- name: add_tenant
insert into tenancy.tenant (
    tenant, slug, kind, names, base_currency, zone, languages, units, state, created_at,
    state_since
)
values (
    :tenant, :slug, :kind, :names, :base_currency, :zone, :languages, :units, 'provisioning',
    :now, :now
)
on conflict (slug) do nothing;

-- name: place_tenant
insert into tenancy.placement (tenant, server_id, database_name, connection_limit, placed_at)
values (:tenant, :server_id, :database_name, :connection_limit, :now);

-- name: set_state
update tenancy.tenant as t
set state = :state, state_since = :now
where t.tenant = :tenant and t.state = any(:from_states);

-- name: forget_names
update tenancy.tenant as t
set names = '{}', state = 'deleted', state_since = :now
where t.tenant = :tenant;

-- name: remove_placement
delete from tenancy.placement as p
where p.tenant = :tenant;

-- name: remove_hosts
delete from tenancy.tenant_host as h
where h.tenant = :tenant;

-- name: add_host
insert into tenancy.tenant_host (host, tenant)
values (:host, :tenant)
on conflict (host) do nothing;

-- name: add_credential
insert into tenancy.credential (owner, name, version, login, sealed, made_at)
values (:owner, :name, :version, :login, :sealed, :now);

-- name: remove_old_credentials
delete from tenancy.credential as c
where c.owner = :owner and c.name = :name and c.version < :version;

-- name: remove_credentials
delete from tenancy.credential as c
where c.owner = :owner;

-- name: note_operation
insert into tenancy.operation (operation_id, at, actor, verb, subject, facts)
values (:operation_id, :at, :actor, :verb, :subject, :facts);

-- name: add_isolation_run
insert into tenancy.isolation_run (
    run_id, started_at, finished_at, tenants, checks, open_count, accepted_count
)
values (
    :run_id, :started_at, :finished_at, :tenants, :checks, :open_count, :accepted_count
);

-- name: add_isolation_layer
insert into tenancy.isolation_layer (run_id, layer, checks, open_count, accepted_count)
values (:run_id, :layer, :checks, :open_count, :accepted_count);

-- name: add_isolation_findings
insert into tenancy.isolation_finding (
    run_id, place, layer, tenant, login, test, result, detail
)
select
    :run_id,
    f.place,
    f.layer,
    f.tenant,
    f.login,
    f.test,
    f.result,
    f.detail
from unnest(
    :layers::text[], :tenants::text[], :logins::text[], :tests::text[], :results::text[],
    :details::text[]
) with ordinality as f (layer, tenant, login, test, result, detail, place);
