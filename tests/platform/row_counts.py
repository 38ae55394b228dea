"""How many rows there are: in every table of a tenant's database and of the control database."""

from entrepot.tenancy.entrances import at, connect
from entrepot.tenancy.types import Tenant
from tests.postgres_fixture import InstalledServer

_TABLES = (
    "select schemaname || '.' || quote_ident(tablename) as name from pg_tables"
    " where schemaname not in ('pg_catalog', 'information_schema') order by 1"
)


async def rows_everywhere(server: InstalledServer, tenant: Tenant) -> dict[str, int]:
    """Table (with its schema; the control database's behind `control:`) → rows."""
    found: dict[str, int] = {}
    control = (await server.directory.control_login()).database
    for prefix, opened in (
        ("", server.owner(tenant)),
        ("control:", connect(at(server.superuser, control))),
    ):
        connection = await opened
        try:
            for row in await connection.fetch(_TABLES):
                count = await connection.fetchval(f"select count(*) from {row['name']}")
                found[prefix + row["name"]] = count
        finally:
            await connection.close()
    return found
