"""The control plane in one hand: the control database, the directory, the maintenance logins."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from entrepot.kernel.principals import Operator
from entrepot.platform.clock import Clock, clock_from
from entrepot.platform.database import Database, Tx
from entrepot.platform.pools import Login, Pools
from entrepot.platform.secrets import SealingKey, read_key
from entrepot.platform.settings import Settings
from entrepot.tenancy.directory import Directory
from entrepot.tenancy.entrances import StartupRefused, control_address
from entrepot.tenancy.queries import find_credential
from entrepot.tenancy.types import LOCAL_SERVER, MIGRATOR, PROVISIONER, Server


class Plane:
    """What every operation of the control plane needs; `open_plane` makes one."""

    def __init__(
        self, settings: Settings, key: SealingKey, database: Database, directory: Directory
    ) -> None:
        self.settings = settings
        self.key = key
        self.database = database
        self.directory = directory
        self._logins: dict[tuple[str, str], Login] = {}

    @property
    def clock(self) -> Clock:
        """The one clock."""
        return self.database.clock

    async def provisioner(self, server: Server, operator: Operator) -> Login:
        """The login that makes roles and databases on a server."""
        return await self._maintenance(server, PROVISIONER, operator)

    async def migrator(self, server: Server, operator: Operator) -> Login:
        """The login that enters every database of a server as member of the owner."""
        return await self._maintenance(server, MIGRATOR, operator)

    async def _maintenance(self, server: Server, name: str, operator: Operator) -> Login:
        known = self._logins.get((server.name, name))
        if known is None:
            async with self.database.control(operator) as tx:
                known = await self._read_login(tx, server, name)
            self._logins[(server.name, name)] = known
        return known

    async def _read_login(self, tx: Tx, server: Server, name: str) -> Login:
        found = await find_credential(tx, owner=server.name, name=name)
        if found is None:
            raise StartupRefused(f"server {server.name} has no credential for {name}")
        password = self.key.unseal(
            found.sealed, owner=found.owner, name=found.name, version=found.version
        )
        host, port = server.host, server.port
        if server.name == LOCAL_SERVER:
            host, port = control_address(self.settings)
        return Login(host, port, server.maintenance_database, found.login, password.decode())


@asynccontextmanager
async def open_plane(settings: Settings) -> AsyncIterator[Plane]:
    """The control plane of an installation that was prepared (`tenancy.bootstrap.prepare`)."""
    key = read_key(settings.key_file, env=settings.env)
    directory = Directory(settings, key)
    pools = Pools(directory, budget=min(settings.connection_budget, 20))
    try:
        yield Plane(settings, key, Database(pools, clock_from(settings)), directory)
    finally:
        await pools.close()
        await directory.close()
