-- name: find_entry
select
    t.tenant,
    t.slug,
    t.state,
    s.name as server,
    s.host,
    s.port,
    p.database_name,
    a.version as app_version,
    a.sealed as app_sealed,
    b.version as shopper_version,
    b.sealed as shopper_sealed
from tenancy.tenant as t
inner join tenancy.placement as p on t.tenant = p.tenant
inner join tenancy.server as s on p.server_id = s.server_id
inner join lateral (
    select
        c.version,
        c.sealed
    from tenancy.credential as c
    where c.owner = t.tenant and c.name = 'app'
    order by c.version desc
    limit 1
) as a on true
inner join lateral (
    select
        c.version,
        c.sealed
    from tenancy.credential as c
    where c.owner = t.tenant and c.name = 'shopper'
    order by c.version desc
    limit 1
) as b on true
where t.tenant = :tenant;

-- name: find_by_slug
select t.tenant
from tenancy.tenant as t
where t.slug = :slug and t.state in ('active', 'suspended');

-- name: find_by_host
select h.tenant
from tenancy.tenant_host as h
inner join tenancy.tenant as t on h.tenant = t.tenant
where h.host = :host and t.state in ('active', 'suspended');
