"""One process's parts, wired: directory, connections, listener, flusher."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Operator
from entrepot.platform.clock import clock_from
from entrepot.platform.database import Database
from entrepot.platform.live import Live
from entrepot.platform.pools import Pools
from entrepot.platform.secrets import SealingKey, read_key
from entrepot.platform.settings import Settings
from entrepot.platform.wakeups import Wakeups
from entrepot.tenancy.directory import Directory
from entrepot.tenancy.entrances import refuse_unless_durable
from entrepot.tenancy.queries import list_tenants
from entrepot.tenancy.types import TenantState


class House(msgspec.Struct, frozen=True, eq=False):
    """What a process has in its hands."""

    settings: Settings
    key: SealingKey
    directory: Directory
    pools: Pools
    database: Database
    live: Live

    async def active_tenants(self) -> list[TenantId]:
        """Every tenant that is open."""
        async with self.database.control(Operator(name="wiring")) as tx:
            found = await list_tenants(tx)
        return [tenant.tenant for tenant in found if tenant.state == TenantState.ACTIVE]


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Open the parts and keep listener and flusher running meanwhile.

    Raises tenancy.entrances.StartupRefused when the database may lose acknowledged work.
    """
    key = read_key(settings.key_file, env=settings.env)
    directory = Directory(settings, key)
    await refuse_unless_durable(await directory.control_login())
    pools = Pools(
        directory, budget=settings.connection_budget, in_flight=settings.in_flight_per_tenant
    )
    wakeups = Wakeups()
    database = Database(pools, clock_from(settings), wakeups.note)
    live = Live(directory)
    tasks = [asyncio.create_task(live.run()), asyncio.create_task(wakeups.run(database))]
    try:
        yield House(settings, key, directory, pools, database, live)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pools.close()
        await directory.close()
