"""Makes, opens, suspends, turns and deletes tenants.

Each step can be repeated: a tenant whose making was cut off is finished by creating it again.
Nothing here is done as superuser. What is inside a tenant's database comes from the template.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Literal

from entrepot.kernel.ids import TenantId, new_tenant_id
from entrepot.kernel.principals import Operator
from entrepot.kernel.refusals import Invalid, Unavailable
from entrepot.platform.database import Tx
from entrepot.tenancy import operations, queries
from entrepot.tenancy.bootstrap import TEMPLATE_LOCK
from entrepot.tenancy.directory import role_name
from entrepot.tenancy.entrances import Connection, at, connect
from entrepot.tenancy.plane import Plane
from entrepot.tenancy.rules import check_tenant, checked_host
from entrepot.tenancy.scram import new_password, verifier
from entrepot.tenancy.types import (
    APP_LOGIN,
    SHOPPER_LOGIN,
    TEMPLATE,
    Entry,
    Kind,
    Server,
    Tenant,
    TenantSettings,
    TenantState,
)

CONNECTION_LIMIT = 80
"""How many connections one login of a tenant may hold, over all processes."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"

Verify = Callable[[Plane, Operator, TenantId], Awaitable[None]]
"""Checks one tenant's isolation; raises when something is open."""

Progress = Callable[[str], None]
Copying = Literal["wal_log", "file_copy"]


def _silent(_: str) -> None:
    return None


async def create_tenant(
    plane: Plane,
    operator: Operator,
    *,
    slug: str,
    kind: Kind,
    names: dict[str, str],
    settings: TenantSettings,
    verify: Verify,
    progress: Progress = _silent,
    database_prefix: str = "t_",
    copying: Copying = "wal_log",
) -> Tenant:
    """Make a tenant and open it once its isolation is verified.

    `names` maps language tags to the tenant's name. A tenant left `provisioning` by a crash is
    finished. `copying` is how PostgreSQL copies the template: `wal_log` disturbs nobody,
    `file_copy` makes two checkpoints and is quicker on a server that does nothing else.
    Raises Invalid with every wrong field, Conflict when the slug is taken.
    """
    wrong = check_tenant(slug=slug, kind=kind, names=names, settings=settings)
    if wrong:
        raise Invalid("this tenant cannot be made", errors=wrong)
    progress("writing the tenant down")
    tenant = await _write_down(
        plane, operator, slug=slug, kind=kind, names=names, settings=settings,
        database_prefix=database_prefix,
    )  # fmt: skip
    entry = await plane.directory.entry(tenant)
    server = await _server_of(plane, operator, entry)
    progress("making its database and logins")
    await _make(plane, operator, entry, server, copying)
    await _introduce(plane, operator, entry, server)
    progress("verifying its isolation")
    await verify(plane, operator, tenant)
    return await _open(plane, operator, tenant)


async def _write_down(
    plane: Plane,
    operator: Operator,
    *,
    slug: str,
    kind: Kind,
    names: dict[str, str],
    settings: TenantSettings,
    database_prefix: str,
) -> TenantId:
    now = plane.clock()
    async with plane.database.control(operator) as tx:
        known = await queries.find_tenant(tx, word=slug)
        if known is not None and known.state == TenantState.PROVISIONING:
            return known.tenant
        tenant = new_tenant_id()
        await operations.add_tenant(
            tx, tenant=tenant, slug=slug, kind=kind.value, names=names, settings=settings, now=now
        )
        server = _roomiest(await queries.list_servers(tx))
        random = "".join(secrets.choice(_ALPHABET) for _ in range(20))
        await operations.place_tenant(
            tx,
            tenant=tenant,
            server_id=server.server_id,
            database_name=f"{database_prefix}{random}",
            connection_limit=CONNECTION_LIMIT,
            now=now,
        )
        for name in (APP_LOGIN, SHOPPER_LOGIN):
            await _add_password(
                plane, tx, tenant, name, version=1, database=f"{database_prefix}{random}"
            )
        await operations.note_operation(tx, verb="tenant.create", subject=tenant, now=now)
    return tenant


def _roomiest(servers: list[Server]) -> Server:
    """The open server with the fewest tenants."""
    open_ones = [server for server in servers if server.open_for_new]
    if not open_ones:
        raise Unavailable("no server takes new tenants", code="no_server")
    return min(open_ones, key=lambda server: (server.tenants, server.name))


async def _add_password(
    plane: Plane, tx: Tx, tenant: TenantId, name: str, *, version: int, database: str
) -> str:
    password = new_password()
    sealed = plane.key.seal(password.encode(), owner=tenant, name=name, version=version)
    await operations.add_credential(
        tx, owner=tenant, name=name, version=version, login=role_name(database, name),
        sealed=sealed, now=plane.clock(),
    )  # fmt: skip
    return password


async def _server_of(plane: Plane, operator: Operator, entry: Entry) -> Server:
    async with plane.database.control(operator) as tx:
        servers = await queries.list_servers(tx)
    return next(server for server in servers if server.name == entry.server)


async def _make(
    plane: Plane, operator: Operator, entry: Entry, server: Server, copying: Copying
) -> None:
    """Roles, database, and who may connect; closed until that is decided."""
    name = entry.database_name
    connection = await connect(await plane.provisioner(server, operator))
    try:
        await connection.execute("select pg_advisory_lock_shared($1)", TEMPLATE_LOCK)
        await _make_roles(plane, connection, entry)
        opened = await connection.fetchval(
            "select datallowconn from pg_database where datname = $1", name
        )
        if opened is False:
            # Cut off before anybody could enter, perhaps copied from an older template.
            await _as_owner(connection, f"drop database {name}")
        if not opened:
            await connection.execute(
                f"create database {name} template {TEMPLATE} strategy {copying}"
                " owner entrepot_owner allow_connections false"
            )
        logins = ", ".join(role_name(name, login) for login in (APP_LOGIN, SHOPPER_LOGIN))
        await connection.execute(
            f"set role entrepot_owner; revoke all on database {name} from public;"
            f"grant connect on database {name} to {logins};"
            f"alter database {name} allow_connections true; reset role"
        )
    finally:
        await connection.close(timeout=5)


async def _make_roles(plane: Plane, connection: Connection, entry: Entry) -> None:
    """The gate role and its two members, with the passwords of the control database."""
    name = entry.database_name
    known = {
        row[0]
        for row in await connection.fetch(
            "select rolname from pg_roles where rolname = any($1)", [name, f"{name}_a", f"{name}_s"]
        )
    }
    statements = [] if name in known else [f"create role {name} nologin"]
    for login, group in ((APP_LOGIN, "entrepot_app"), (SHOPPER_LOGIN, "entrepot_shopper")):
        role = role_name(name, login)
        word = plane.directory.login_of(entry, shopper=login == SHOPPER_LOGIN).password
        verb = "alter" if role in known else "create"
        statements += [
            f"{verb} role {role} login inherit connection limit {CONNECTION_LIMIT}"
            f" password '{verifier(word)}'",
            f"grant {name}, {group} to {role}",
        ]
    await connection.execute(";".join(statements))


async def _introduce(plane: Plane, operator: Operator, entry: Entry, server: Server) -> None:
    """Tell the database whose it is, and the settings its rooms read."""
    async with plane.database.control(operator) as tx:
        tenant = await queries.get_tenant(tx, word=entry.tenant)
    migrator = await plane.migrator(server, operator)
    connection = await connect(at(migrator, entry.database_name), role="entrepot_owner")
    try:
        await connection.execute(
            "insert into platform.tenant_identity (tenant) values ($1) on conflict do nothing",
            tenant.tenant,
        )
        await connection.execute(
            "insert into platform.tenant_setting"
            " (kind, slug, names, base_currency, zone, languages, units)"
            " values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
            tenant.kind, tenant.slug, tenant.names.decode(), tenant.base_currency, tenant.zone,
            tenant.languages, tenant.units,
        )  # fmt: skip
    finally:
        await connection.close(timeout=5)


async def _open(plane: Plane, operator: Operator, tenant: TenantId) -> Tenant:
    now = plane.clock()
    async with plane.database.control(operator) as tx:
        await operations.set_state(
            tx,
            tenant=tenant,
            state=TenantState.ACTIVE,
            from_states=(TenantState.PROVISIONING,),
            now=now,
        )
        await operations.note_operation(tx, verb="tenant.open", subject=tenant, now=now)
        opened = await queries.get_tenant(tx, word=tenant)
    plane.directory.forget_all()
    return opened


async def add_host(plane: Plane, operator: Operator, *, tenant: TenantId, host: str) -> None:
    """Let a host name lead to the tenant's pages."""
    async with plane.database.control(operator) as tx:
        await operations.add_host(tx, tenant=tenant, host=checked_host(host))
        await operations.note_operation(
            tx, verb="tenant.add_host", subject=tenant, now=plane.clock()
        )
    plane.directory.forget_all()


async def suspend_tenant(plane: Plane, operator: Operator, *, tenant: TenantId) -> None:
    """Shut a tenant out: no new connection, and the open ones are ended."""
    await _change_state(
        plane, operator, tenant, TenantState.SUSPENDED, (TenantState.ACTIVE, TenantState.SUSPENDED)
    )
    await _shut(plane, operator, tenant)


async def resume_tenant(plane: Plane, operator: Operator, *, tenant: TenantId) -> None:
    """Let a suspended tenant in again."""
    entry = await plane.directory.entry(tenant)
    provisioner = await plane.provisioner(await _server_of(plane, operator, entry), operator)
    name = entry.database_name
    connection = await connect(provisioner)
    try:
        await connection.execute(f"alter role {name}_a login; alter role {name}_s login")
    finally:
        await connection.close(timeout=5)
    await _change_state(plane, operator, tenant, TenantState.ACTIVE, (TenantState.SUSPENDED,))


async def delete_tenant(plane: Plane, operator: Operator, *, tenant: TenantId) -> None:
    """Delete a suspended tenant's database and logins for good; repeat it when it was cut off.

    The order matters: no log-in, no connections, end the open ones, drop the database, drop
    the roles.
    """
    entry = await plane.directory.entry(tenant)
    await _change_state(
        plane, operator, tenant, TenantState.DELETING,
        (TenantState.SUSPENDED, TenantState.PROVISIONING, TenantState.DELETING),
    )  # fmt: skip
    name = entry.database_name
    provisioner = await plane.provisioner(await _server_of(plane, operator, entry), operator)
    await _shut(plane, operator, tenant)
    connection = await connect(provisioner)
    try:
        if await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await _as_owner(connection, f"alter database {name} allow_connections false")
            await _end_sessions(connection, name)
            await _as_owner(connection, f"drop database {name}")
        await connection.execute(f"drop role if exists {name}_a, {name}_s, {name}")
    finally:
        await connection.close(timeout=5)
    async with plane.database.control(operator) as tx:
        await operations.remove_tenant(tx, tenant=tenant, now=plane.clock())
    plane.directory.forget_all()


async def rotate_password(plane: Plane, operator: Operator, *, tenant: TenantId) -> int:
    """Give a tenant's two logins new passwords; the new version. Nobody else is touched.

    Open connections go on. If we are cut off between the two databases, rotate again.
    """
    plane.directory.forget(tenant)
    entry = await plane.directory.entry(tenant)
    provisioner = await plane.provisioner(await _server_of(plane, operator, entry), operator)
    version = max(entry.app_version, entry.shopper_version) + 1
    connection = await connect(provisioner)
    try:
        async with plane.database.control(operator) as tx, connection.transaction():
            for name in (APP_LOGIN, SHOPPER_LOGIN):
                password = await _add_password(
                    plane, tx, tenant, name, version=version, database=entry.database_name
                )
                role = role_name(entry.database_name, name)
                await connection.execute(f"alter role {role} password '{verifier(password)}'")
            await operations.note_operation(
                tx, verb="tenant.rotate", subject=tenant, now=plane.clock(), version=version
            )
    finally:
        await connection.close(timeout=5)
    plane.directory.forget(tenant)
    return version


async def _change_state(
    plane: Plane,
    operator: Operator,
    tenant: TenantId,
    state: TenantState,
    from_states: tuple[TenantState, ...],
) -> None:
    now = plane.clock()
    async with plane.database.control(operator) as tx:
        await operations.set_state(tx, tenant=tenant, state=state, from_states=from_states, now=now)
        await operations.note_operation(tx, verb=f"tenant.{state}", subject=tenant, now=now)
    plane.directory.forget_all()


async def _shut(plane: Plane, operator: Operator, tenant: TenantId) -> None:
    entry = await plane.directory.entry(tenant)
    name = entry.database_name
    provisioner = await plane.provisioner(await _server_of(plane, operator, entry), operator)
    connection = await connect(provisioner)
    try:
        for role in (f"{name}_a", f"{name}_s"):
            if await connection.fetchval("select 1 from pg_roles where rolname = $1", role):
                await connection.execute(f"alter role {role} nologin")
        await _end_sessions(connection, name)
    finally:
        await connection.close(timeout=5)


async def _as_owner(connection: Connection, statement: str) -> None:
    """One statement with the owner's rights; DROP DATABASE must stand alone."""
    await connection.execute("set role entrepot_owner")
    try:
        await connection.execute(statement)
    finally:
        await connection.execute("reset role")


async def _end_sessions(connection: Connection, database: str) -> None:
    """End the tenant's sessions; NOLOGIN alone leaves the open ones working."""
    await connection.fetch(
        "select pg_terminate_backend(a.pid, 5000) from pg_stat_activity as a"
        " where a.datname = $1 and a.usename = any($2)",
        database, [f"{database}_a", f"{database}_s"],
    )  # fmt: skip
