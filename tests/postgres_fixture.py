"""One real PostgreSQL for the whole test session, prepared like a real installation.

    async def test_something(server):
        tenant = await server.tenant()                     # fresh database from the template
        async with server.database.begin(principal) as tx: ...
        connection = await server.owner(tenant)            # owner of the objects, for arranging

`server.database` is the application's way in (pools, tenant's own logins).
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from entrepot.kernel.ids import TenantId, new_token
from entrepot.kernel.principals import Operator
from entrepot.platform.binaries import Binaries
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database
from entrepot.platform.pools import Login, Pools
from entrepot.platform.postgres import Server as PostgresServer
from entrepot.platform.settings import Settings
from entrepot.tenancy.bootstrap import prepare
from entrepot.tenancy.entrances import Connection, at, connect
from entrepot.tenancy.plane import Plane, open_plane
from entrepot.tenancy.provisioning import create_tenant
from entrepot.tenancy.queries import list_servers
from entrepot.tenancy.types import LOCAL_SERVER, MIGRATOR, Kind, Tenant, TenantSettings

OPERATOR = Operator(name="tests")


class InstalledServer:
    """A prepared server with its control plane and an application's database pools."""

    def __init__(self, settings: Settings, postgres: PostgresServer, plane: Plane) -> None:
        self.settings = settings
        self.postgres = postgres
        self.plane = plane
        self.directory = plane.directory
        self.pools = Pools(plane.directory, budget=60)
        self.database = Database(self.pools, system_clock)

    @property
    def superuser(self) -> Login:
        """May do everything; for arranging only."""
        return self.postgres.superuser

    async def tenant(
        self,
        slug: str | None = None,
        *,
        kind: Kind = Kind.FORWARDER,
        names: dict[str, str] | None = None,
        settings: TenantSettings | None = None,
    ) -> Tenant:
        """A fresh, open tenant in about a tenth of a second (isolation is not verified)."""
        slug = slug or "t" + new_token(9).lower().replace("_", "x").replace("-", "y") + "z"
        return await create_tenant(
            self.plane, OPERATOR, slug=slug, kind=kind, names=names or {"en": f"Test {slug}"},
            settings=settings or TenantSettings(), verify=_unverified,
            database_prefix="t_test_", copying="file_copy",
        )  # fmt: skip

    async def owner(self, tenant: Tenant) -> Connection:
        """A connection to the tenant's database as owner of its objects; close it yourself."""
        async with self.plane.database.control(OPERATOR) as tx:
            here = next(s for s in await list_servers(tx) if s.name == LOCAL_SERVER)
        login = await self.plane.migrator(here, OPERATOR)
        assert login.user == MIGRATOR
        return await connect(at(login, tenant.database_name), role="entrepot_owner")

    async def invariants(self, tenant: Tenant, *rooms: str) -> dict[str, list[str]]:
        """The rows that each invariant view returns; of these rooms, or of all."""
        owner = await self.owner(tenant)
        try:
            views = await owner.fetch(
                "select schemaname || '.' || viewname as name from pg_views"
                " where viewname like 'violation_%' and (schemaname = any($1) or $1 = '{}')",
                rooms,
            )
            return {
                view["name"]: [str(row) for row in await owner.fetch(f"table {view['name']}")]
                for view in views
            }
        finally:
            await owner.close()

    async def login(self, tenant: Tenant, *, shopper: bool = False) -> Login:
        """The tenant's own login, as the app uses it."""
        return await self.directory.login(tenant.tenant, shopper=shopper)


async def _unverified(_: Plane, __: Operator, ___: TenantId) -> None:
    return None


_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30


def new_home() -> Path:
    """A folder for one installation that the server's user can pass through.

    In memory where there is room: a shared disk makes every test database wait for every other.
    """
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    home = Path(tempfile.mkdtemp(prefix="entrepot-test-", dir=_MEMORY if in_memory else None))
    home.chmod(0o711)
    return home


@asynccontextmanager
async def turned_off(superuser: Login, setting: str) -> AsyncIterator[None]:
    """A switch of the server turned off; every session that begins inside or after sees how it is.

    The server reads its settings again in its own time: whoever goes on before tests nothing.
    """
    connection = await connect(superuser)
    try:
        await connection.execute(f"alter system set {setting} = off")
        await _read_again(connection, superuser, setting, "off")
        yield
    finally:
        await connection.execute(f"alter system reset {setting}")
        await _read_again(connection, superuser, setting, "on")
        await connection.close()


async def _read_again(connection: Connection, superuser: Login, setting: str, told: str) -> None:
    await connection.execute("select pg_reload_conf()")
    for _ in range(500):
        fresh = await connect(superuser)
        seen = await fresh.fetchval(f"show {setting}")
        await fresh.close()
        if seen == told:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{setting} is not {told}")


@asynccontextmanager
async def installation(
    *, binaries: Binaries | None = None, external: bool = False
) -> AsyncIterator[InstalledServer]:
    """A server of its own, prepared; for tests that break or change one.

    `binaries` are other programs than the wheel's. `external`: reached by a URL, with an
    entrance that lets everybody in who has a password, as somebody else's server would have.
    """
    home = new_home()
    postgres = PostgresServer(home / "elsewhere" if external else home, binaries=binaries)
    try:
        postgres.start()
        if external:
            (postgres.folder / "pg_hba.conf").write_text(
                "host all all 127.0.0.1/32 scram-sha-256\n"
            )
            connection = await connect(postgres.superuser)
            await connection.execute("select pg_reload_conf()")
            await connection.close()
        settings = Settings(home=home, env="test", database_url=postgres.dsn if external else None)
        await prepare(settings, postgres.superuser, system_clock())
        async with open_plane(settings) as plane:
            installed = InstalledServer(settings, postgres, plane)
            yield installed
            await installed.pools.close()
    finally:
        postgres.stop(at_once=True)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[InstalledServer]:
    """The session's server."""
    async with installation() as installed:
        yield installed
