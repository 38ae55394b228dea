-- Checks of the catalogue, run by the migrator in the maintenance database: every login of a
-- tenant (:logins, with its own database in :own at the same place) against everything.

-- name: connect_pairs
-- Every login against every database: who can connect where it does not belong, by a grant to
-- itself, to PUBLIC, or to a role whose rights it has (from 16 on a membership may withhold them).
with recursive reach (login, role) as (
    select
        r.oid,
        r.oid
    from pg_catalog.pg_roles as r
    where r.rolcanlogin and not r.rolsuper
    union
    select
        reach.login,
        am.roleid
    from reach
    inner join pg_catalog.pg_auth_members as am on reach.role = am.member
    where coalesce((to_jsonb(am) ->> 'inherit_option')::boolean, true)
),

door as (
    select
        d.datname,
        acl.grantee
    from pg_catalog.pg_database as d
    cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as acl
    where d.datallowconn and acl.privilege_type = 'CONNECT'
),

tenant_login as (
    select
        t.login,
        t.own
    from unnest(:logins::text[], :own::text[]) as t (login, own)
)

select distinct
    r.rolname as login,
    door.datname as detail
from reach
inner join door on door.grantee in (reach.role, 0)
inner join pg_catalog.pg_roles as r on reach.login = r.oid
left join tenant_login as t on r.rolname = t.login
where (t.login is not null and door.datname <> t.own)
or (
    t.login is null and r.rolname <> 'entrepot_migrator'
    and door.datname in (select x.own from tenant_login as x)
);

-- name: open_databases
select
    'PUBLIC' as login,
    d.datname || ' ' || acl.privilege_type as detail
from pg_catalog.pg_database as d
cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as acl
where d.datallowconn and acl.grantee = 0;

-- name: powers
select
    r.rolname as login,
    'superuser, createdb, createrole, replication or bypassrls' as detail
from pg_catalog.pg_roles as r
where r.rolname = any(:logins::text[])
and (r.rolsuper or r.rolcreatedb or r.rolcreaterole or r.rolreplication or r.rolbypassrls);

-- name: memberships
-- A login may belong to its gate and to one group; nothing else, however far around.
with recursive reach (login, own, role) as (
    select
        t.login,
        t.own,
        r.oid
    from unnest(:logins::text[], :own::text[]) as t (login, own)
    inner join pg_catalog.pg_roles as r on t.login = r.rolname
    union
    select
        reach.login,
        reach.own,
        am.roleid
    from reach
    inner join pg_catalog.pg_auth_members as am on reach.role = am.member
)

select
    reach.login,
    'is a member of ' || g.rolname as detail
from reach
inner join pg_catalog.pg_roles as g on reach.role = g.oid
where g.rolname not in (
    reach.login, reach.own,
    case when right(reach.login, 2) = '_s' then 'entrepot_shopper' else 'entrepot_app' end
);

-- name: members
-- Nobody may become a tenant's login, except whoever made it.
select
    r.rolname as login,
    m.rolname || ' is a member of it' as detail
from pg_catalog.pg_auth_members as am
inner join pg_catalog.pg_roles as r on am.roleid = r.oid
inner join pg_catalog.pg_roles as m on am.member = m.oid
where r.rolname = any(:logins::text[])
and not m.rolsuper and m.rolname <> 'entrepot_provisioner';

-- name: owners
-- Who acts as owner of everybody's tables without asking for it.
with recursive reach (role) as (
    select r.oid
    from pg_catalog.pg_roles as r
    where r.rolname = 'entrepot_owner'
    union
    select am.member
    from reach
    inner join pg_catalog.pg_auth_members as am on reach.role = am.roleid
    where coalesce((to_jsonb(am) ->> 'inherit_option')::boolean, true)
)

select
    r.rolname as login,
    'has the rights of entrepot_owner' as detail
from reach
inner join pg_catalog.pg_roles as r on reach.role = r.oid
where r.rolname not in ('entrepot_owner', 'entrepot_migrator') and not r.rolsuper;

-- name: possessions
-- Tenants own nothing. (The array makes the index be used: statistics of new databases lag.)
select
    pg_get_userbyid(s.refobjid) as login,
    'owns something in ' || coalesce(
        (select d.datname from pg_catalog.pg_database as d where d.oid = s.dbid), 'the server'
    ) as detail
from pg_catalog.pg_shdepend as s
where s.refclassid = 'pg_catalog.pg_authid'::regclass
and s.refobjid = any(array(
    select r.oid
    from pg_catalog.pg_roles as r
    where r.rolname = any(:logins::text[] || :own::text[])
))
and s.deptype = 'o';

-- name: grants_elsewhere
-- Whatever is granted to a login is in its own database.
with entry as (
    select
        pg_get_userbyid(s.refobjid)::text as login,
        coalesce(nullif(s.dbid, 0), s.objid) as database_oid
    from pg_catalog.pg_shdepend as s
    where s.refclassid = 'pg_catalog.pg_authid'::regclass
    and s.refobjid = any(array(
        select r.oid
        from pg_catalog.pg_roles as r
        where r.rolname = any(:logins::text[])
    ))
    and s.deptype = 'a'
)

select
    entry.login,
    'has a grant in ' || d.datname as detail
from entry
inner join pg_catalog.pg_database as d on entry.database_oid = d.oid
inner join unnest(:logins::text[], :own::text[]) as t (login, own) on entry.login = t.login
where d.datname <> t.own;

-- name: strangers
-- Somebody else for a login to pry at: another tenant's login, else one of ours.
select
    r.rolname as other,
    r.oid::bigint as other_oid,
    d.datname as other_database,
    d.oid::bigint as other_database_oid
from pg_catalog.pg_roles as r
inner join pg_catalog.pg_database as d
    on d.datname = case
        when r.rolname = any(:logins::text[]) then left(r.rolname, -2) else 'postgres'
    end
where (r.rolname = any(:logins::text[]) or r.rolname = 'entrepot_migrator' or r.rolsuper)
and d.datname <> :own
order by (r.rolname = any(:logins::text[])) desc, r.oid desc
limit 1;

-- name: inside_shopper_tables
-- Inside a tenant's database: tables a shopper may read without row security.
select
    'shopper reads ' || c.oid::regclass::text as test,
    case when exists (
        select 1 from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and a.attname in ('customer_id', 'person_id', 'owner_id', 'email', 'phone')
    ) then 'open' else 'accepted' end as result,
    case when c.relkind = 'v' then 'a view that does not run as its reader'
    else 'no row security, and no column that tells whose a row is' end as detail
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where n.nspname not in ('pg_catalog', 'information_schema')
and has_schema_privilege('entrepot_shopper', n.oid, 'USAGE')
and (
    (c.relkind in ('r', 'p') and not c.relrowsecurity)
    or (
        c.relkind = 'v'
        and not coalesce('security_invoker=true' = any(c.reloptions), false)
        and not coalesce('security_invoker=on' = any(c.reloptions), false)
    )
    or c.relkind = 'm'
)
and has_any_column_privilege('entrepot_shopper', c.oid, 'SELECT')
order by 1;

-- name: inside_writable_records
-- Ledger, event and audit rows that somebody of the tenant could change afterwards.
select
    g.role || ' may ' || lower(p.privilege) || ' ' || c.oid::regclass::text as test,
    'open' as result,
    'records are only ever added' as detail
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
cross join (values ('entrepot_app'), ('entrepot_shopper')) as g (role)
cross join (values ('UPDATE'), ('DELETE'), ('TRUNCATE')) as p (privilege)
where c.relkind = 'r'
and (
    (n.nspname = 'platform' and c.relname in (
        'outbox', 'feed', 'audit', 'audit_seal', 'audit_sealed', 'inbox', 'tenant_identity'
    ))
    or n.nspname = 'revisions'
)
and case p.privilege
    when 'UPDATE' then has_any_column_privilege(g.role, c.oid, 'UPDATE')
    else has_table_privilege(g.role, c.oid, p.privilege)
end
order by 1;

-- name: inside_functions
-- Functions that run with their owner's rights: a way past row security. Each must say why it
-- may, in a comment on the function, and must not be led astray by a search path.
select
    'runs as owner: ' || p.oid::regprocedure::text as test,
    case when obj_description(p.oid, 'pg_proc') like 'runs as owner: _%'
        and exists (select 1 from unnest(p.proconfig) as c where c like 'search_path=%')
    then 'accepted' else 'open' end as result,
    coalesce(obj_description(p.oid, 'pg_proc'), 'does not say why') as detail
from pg_catalog.pg_proc as p
inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
where n.nspname not in ('pg_catalog', 'information_schema') and p.prosecdef
order by 1;

-- name: inside_public
-- Anything of ours that everybody may use.
select
    'PUBLIC may use ' || x.thing as test,
    'open' as result,
    '' as detail
from (
    select c.oid::regclass::text as thing from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    cross join lateral aclexplode(c.relacl) as acl
    where n.nspname not in ('pg_catalog', 'information_schema') and acl.grantee = 0
    union
    select n.nspname::text as thing from pg_catalog.pg_namespace as n
    cross join lateral aclexplode(n.nspacl) as acl
    where n.nspname not in ('pg_catalog', 'information_schema') and acl.grantee = 0
    union
    select p.oid::regprocedure::text as thing from pg_catalog.pg_proc as p
    inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
    where n.nspname not in ('pg_catalog', 'information_schema') and acl.grantee = 0
) as x
order by 1;
