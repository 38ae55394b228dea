"""The directory: from a slug, a host or a public id to the tenant and the way into its database.

Every process keeps what it has looked up for a few seconds, so that a change (suspended,
moved, password turned) is everywhere soon without a message.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import asyncpg

from entrepot.kernel.ids import TenantId, is_tenant_id
from entrepot.kernel.refusals import Forbidden, NotFound, Unavailable
from entrepot.platform.pools import Login, away
from entrepot.platform.secrets import SealingKey
from entrepot.platform.settings import Settings
from entrepot.platform.sqlfile import Statement, load_sql
from entrepot.tenancy.entrances import Connection, connect, control_address, control_login
from entrepot.tenancy.types import APP_LOGIN, LOCAL_SERVER, SHOPPER_LOGIN, Entry, TenantState

SQL = load_sql(__file__, "directory.sql")

KEEP_S = 5.0
"""How long a look-up is believed."""

_MOST_KEPT = 10_000
_Finder = Callable[[str], Awaitable[object]]


class Directory:
    """Looks tenants up in the control database over one connection of its own."""

    def __init__(self, settings: Settings, key: SealingKey) -> None:
        self._settings = settings
        self._key = key
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[float, object]] = OrderedDict()

    async def login(self, tenant: TenantId, *, shopper: bool) -> Login:
        """The login of the tenant's database, for the app or for shoppers.

        Raises NotFound when there is no such tenant, Forbidden when it is suspended,
        Unavailable while it is being made or the control database is away.
        """
        entry = await self.entry(tenant)
        if entry.state == TenantState.SUSPENDED:
            raise Forbidden("this tenant is suspended", code="tenant_suspended")
        if entry.state != TenantState.ACTIVE:
            raise Unavailable("this tenant is not open yet", code="tenant_not_open")
        return self.login_of(entry, shopper=shopper)

    def login_of(self, entry: Entry, *, shopper: bool) -> Login:
        """The login that an entry describes, whatever the tenant's state."""
        name = SHOPPER_LOGIN if shopper else APP_LOGIN
        version = entry.shopper_version if shopper else entry.app_version
        sealed = entry.shopper_sealed if shopper else entry.app_sealed
        password = self._key.unseal(sealed, owner=entry.tenant, name=name, version=version)
        host, port = entry.host, entry.port
        if entry.server == LOCAL_SERVER:
            host, port = control_address(self._settings)
        return Login(
            host, port, entry.database_name, role_name(entry.database_name, name), password.decode()
        )

    async def control_login(self) -> Login:
        """The login of the control database."""
        return control_login(self._settings)

    async def entry(self, tenant: TenantId) -> Entry:
        """All that is known of where a tenant lives. Raises NotFound."""
        found = await self._keep(("tenant", tenant), self._find_entry)
        if not isinstance(found, Entry):
            raise NotFound("there is no such tenant", code="no_such_tenant")
        return found

    async def tenant_of_slug(self, slug: str) -> TenantId:
        """The tenant whose pages are under `/t/<slug>/`. Raises NotFound."""
        return self._tenant(await self._keep(("slug", slug), self._find_slug))

    async def tenant_of_host(self, host: str) -> TenantId:
        """The tenant that a host name (lower case, without port) leads to. Raises NotFound."""
        return self._tenant(await self._keep(("host", host), self._find_host))

    async def tenant_from(self, *, host: str, path: str) -> TenantId:
        """The tenant of a page: the prefix `/t/<slug>/` always works, else the host decides."""
        parts = path.split("/", 3)
        if len(parts) > 2 and parts[1] == "t" and parts[2]:
            return await self.tenant_of_slug(parts[2])
        return await self.tenant_of_host(host.rsplit(":", 1)[0].lower())

    def forget(self, tenant: TenantId) -> None:
        """Look this tenant up anew next time."""
        self._kept.pop(("tenant", tenant), None)

    def forget_all(self) -> None:
        """Look everything up anew."""
        self._kept.clear()

    async def close(self) -> None:
        """Close the connection; the next look-up opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close(timeout=2)

    @staticmethod
    def _tenant(found: object) -> TenantId:
        if not isinstance(found, str):
            raise NotFound("there is no such tenant", code="no_such_tenant")
        return TenantId(found)

    async def _keep(self, key: tuple[str, str], find: _Finder) -> object:
        kept = self._kept.get(key)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        found = await find(key[1])
        self._kept[key] = (time.monotonic() + KEEP_S, found)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    async def _find_entry(self, tenant: str) -> Entry | None:
        if not is_tenant_id(tenant):
            return None
        row = await self._row(SQL["find_entry"], tenant)
        return None if row is None else Entry(*row)

    async def _find_slug(self, slug: str) -> str | None:
        return await self._first(SQL["find_by_slug"], slug)

    async def _find_host(self, host: str) -> str | None:
        return await self._first(SQL["find_by_host"], host)

    async def _first(self, statement: Statement, word: str) -> str | None:
        if "\0" in word or len(word) > 253:
            return None
        row = await self._row(statement, word)
        return None if row is None else str(row[0])

    async def _row(self, statement: Statement, word: str) -> asyncpg.Record | None:
        """One row, on the one connection; a connection that broke is replaced once."""
        async with self._turn:
            for attempt in (1, 2):
                try:
                    if self._connection is None or self._connection.is_closed():
                        self._connection = await connect(await self.control_login())
                    return await self._connection.fetchrow(statement.sql, word)
                except UnicodeEncodeError:
                    return None
                except Exception as error:
                    refusal = away(error)
                    if refusal is None:
                        raise
                    if self._connection is not None:
                        self._connection.terminate()
                        self._connection = None
                    if attempt == 2:
                        raise refusal from error
        return None


def role_name(database_name: str, login: str) -> str:
    """The login role of a tenant's database: `t_x_a` for the app, `t_x_s` for shoppers."""
    return f"{database_name}_{'a' if login == APP_LOGIN else 's'}"
