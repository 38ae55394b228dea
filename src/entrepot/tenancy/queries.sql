-- name: list_tenants
select
    t.tenant,
    t.slug,
    t.kind,
    t.names,
    t.base_currency,
    t.zone,
    t.languages,
    t.units,
    t.state,
    t.created_at,
    t.state_since,
    coalesce(s.name, '') as server,
    coalesce(p.database_name, '') as database_name
from tenancy.tenant as t
left join tenancy.placement as p on t.tenant = p.tenant
left join tenancy.server as s on p.server_id = s.server_id
order by t.slug;

-- name: find_tenant
select
    t.tenant,
    t.slug,
    t.kind,
    t.names,
    t.base_currency,
    t.zone,
    t.languages,
    t.units,
    t.state,
    t.created_at,
    t.state_since,
    coalesce(s.name, '') as server,
    coalesce(p.database_name, '') as database_name
from tenancy.tenant as t
left join tenancy.placement as p on t.tenant = p.tenant
left join tenancy.server as s on p.server_id = s.server_id
where t.slug = :word or t.tenant = :word;

-- name: list_servers
select
    s.server_id,
    s.name,
    s.host,
    s.port,
    s.maintenance_database,
    s.major,
    s.open_for_new,
    (select count(*) from tenancy.placement as p where p.server_id = s.server_id)::integer
        as tenants
from tenancy.server as s
order by s.name;

-- name: list_placements
select
    p.tenant,
    s.name as server,
    s.host,
    s.port,
    p.database_name,
    p.connection_limit,
    t.state
from tenancy.placement as p
inner join tenancy.server as s on p.server_id = s.server_id
inner join tenancy.tenant as t on p.tenant = t.tenant
order by p.placed_at, p.tenant;

-- name: list_hosts
select h.host
from tenancy.tenant_host as h
where h.tenant = :tenant
order by h.host;

-- name: find_credential
select
    c.owner,
    c.name,
    c.version,
    c.login,
    c.sealed
from tenancy.credential as c
where c.owner = :owner and c.name = :name
order by c.version desc
limit 1;

-- name: last_isolation_run
select
    r.run_id,
    r.started_at,
    r.finished_at,
    r.tenants,
    r.checks,
    r.open_count,
    r.accepted_count
from tenancy.isolation_run as r
order by r.finished_at desc
limit 1;

-- name: list_isolation_layers
select
    l.layer,
    l.checks,
    l.open_count,
    l.accepted_count
from tenancy.isolation_layer as l
where l.run_id = :run_id
order by l.layer;

-- name: list_isolation_findings
select
    f.layer,
    f.tenant,
    f.login,
    f.test,
    f.result,
    f.detail
from tenancy.isolation_finding as f
where f.run_id = :run_id
order by f.place
limit :most;
