"""Migrates the fleet: the template of each server first, then its tenants, some at a time.

Cut off at any moment, the next run takes up the rest; each database is exactly old or new.
"""

from collections.abc import AsyncIterator

from entrepot.kernel.principals import Operator
from entrepot.platform.revisions import History, Outcome, migrate_fleet, read_history
from entrepot.platform.settings import Settings
from entrepot.tenancy import queries
from entrepot.tenancy.bootstrap import migrate_template
from entrepot.tenancy.entrances import at, connect
from entrepot.tenancy.plane import Plane, open_plane
from entrepot.tenancy.types import TEMPLATE, Server, TenantState

AT_ONCE = 4


async def migrate_tenants(
    plane: Plane, operator: Operator, *, history: History | None = None, at_once: int = AT_ONCE
) -> AsyncIterator[Outcome]:
    """Bring templates and tenants up to date; yields each database's outcome as it is done.

    Suspended tenants and those being made are migrated too. One that fails is told in its
    outcome (`trouble`) and does not stop the others. Raises what the template's migration
    raises: then no tenant is touched.
    """
    history = read_history("tenant") if history is None else history
    async with plane.database.control(operator) as tx:
        servers = await queries.list_servers(tx)
    for server in servers:
        migrator = await plane.migrator(server, operator)
        yield Outcome(TEMPLATE, await migrate_template(migrator, history))
        # Looked up only now: whatever was copied from the old template is there by now, and
        # whatever is copied from now on is new.
        logins = [at(migrator, name) for name in await _databases(plane, operator, server)]
        async for outcome in migrate_fleet(logins, history, at_once=at_once):
            yield outcome


async def _databases(plane: Plane, operator: Operator, server: Server) -> list[str]:
    """The tenants' databases on a server, also of those not yet or no longer open."""
    async with plane.database.control(operator) as tx:
        placements = await queries.list_placements(tx)
    placed = [
        p.database_name
        for p in placements
        if p.server == server.name and p.state != TenantState.DELETING
    ]
    connection = await connect(await plane.migrator(server, operator))
    try:
        rows = await connection.fetch(
            "select datname::text from pg_database where datname = any($1) and datallowconn",
            placed,
        )
    finally:
        await connection.close(timeout=5)
    there = {row[0] for row in rows}
    return [name for name in placed if name in there]


async def bring_up_to_date(settings: Settings, operator: Operator) -> list[Outcome]:
    """Migrate all tenants of a prepared installation; for a launcher, before it serves."""
    async with open_plane(settings) as plane:
        return [outcome async for outcome in migrate_tenants(plane, operator)]
