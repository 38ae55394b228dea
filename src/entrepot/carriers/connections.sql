-- Named reads and writes of connections to live carriers.

-- name: list_connections
select c.connection_id as id, c.code, c.adapter, c.base_url, c.options, c.services, c.warehouses,
    c.sealed_version > 0 as has_credentials, c.enabled
from carriers.connection as c
where (:code::text is null or c.code = :code)
order by c.code;

-- name: list_live
select c.connection_id as id, c.code, c.adapter, c.base_url, c.options, c.services, c.sealed,
    c.sealed_version
from carriers.connection as c
where c.enabled and (c.warehouses is null or :warehouse = any(c.warehouses))
order by c.code;

-- name: lock_connection
select c.connection_id as id, c.adapter, c.base_url, c.options, c.sealed, c.sealed_version,
    c.sequence
from carriers.connection as c
where c.code = :code
for update;

-- name: insert_connection
insert into carriers.connection (
    connection_id, code, adapter, base_url, options, services, warehouses, sealed, sealed_version,
    enabled, sequence, changed_by, changed_at
)
values (
    :connection_id, :code, :adapter, :base_url, :options, :services, :warehouses, :sealed,
    :sealed_version, :enabled, 1, :changed_by, :now
)
on conflict (code) do nothing;

-- name: update_connection
update carriers.connection
set adapter = :adapter, base_url = :base_url, options = :options, services = :services,
    warehouses = :warehouses, sealed = :sealed, sealed_version = :sealed_version,
    enabled = :enabled, sequence = :sequence, changed_by = :changed_by, changed_at = :now
where connection_id = :connection_id;

-- name: switch_connection
update carriers.connection
set enabled = :enabled, sequence = sequence + 1, changed_by = :changed_by, changed_at = :now
where code = :code
returning connection_id as id, adapter, sequence;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, 'carrier_connection', :aggregate_id, :sequence, :now, :actor, :body
);
