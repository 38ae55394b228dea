"""Connections: opened when first needed, kept per login, closed least-recently-used first.

One budget bounds all connections of the process; a cap bounds what one tenant may use at a
time, so a noisy tenant waits for itself and not others for it. A connection keeps no session
state between uses, hence no reset (which would cost a second round trip for every request).
"""

import asyncio
from collections import OrderedDict, deque
from typing import Protocol

import asyncpg
import msgspec

from entrepot.kernel.ids import TenantId
from entrepot.kernel.refusals import TooMany, Unavailable

CONTROL = TenantId("")
"""Stands for the control database where a tenant is expected."""

WAIT_S = 5.0
"""How long a request waits for a connection before it is told to come back."""


class Login(msgspec.Struct, frozen=True):
    """How to enter one database."""

    host: str
    port: int
    database: str
    user: str
    password: str


class Directory(Protocol):
    """Tells where a tenant's database is. `tenancy` keeps it."""

    async def login(self, tenant: TenantId, *, shopper: bool) -> Login:
        """The tenant's login; NotFound when there is no such active tenant."""
        ...

    async def control_login(self) -> Login:
        """The login of the control database."""
        ...

    def forget(self, tenant: TenantId) -> None:
        """Look this tenant up anew next time."""
        ...


class Seat(msgspec.Struct, eq=False):
    """One open connection and the tenant that its database proved to be."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    tenant: TenantId
    shopper: bool


_AWAY = (
    ConnectionError,
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.InternalClientError,  # the driver lost its place when a backend was killed
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)

DRIVER_ERRORS = (
    OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError,
)  # fmt: skip
"""All that the driver raises: of a connection that is cut in mid-question any of them may tell."""

_LIMITS = {
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}
"""A request's statement that takes longer is ended and answered 503; migrations have their own."""

_LOOK_AGAIN = (
    asyncpg.InvalidAuthorizationSpecificationError,  # a turned password, a login shut out
    asyncpg.InvalidCatalogNameError,
)


def away(error: BaseException) -> Unavailable | None:
    """The refusal for an error that means the database is away just now, or None."""
    closed = isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
    if closed or isinstance(error, _AWAY):
        return Unavailable("the database is away for a moment", retry_after_s=1)
    return None


async def open_seat(login: Login, tenant: TenantId, *, shopper: bool, cache: int = 256) -> Seat:
    """Open one connection, set its codecs and let the database say whose it is."""
    connection = await asyncpg.connect(
        host=login.host,
        port=login.port,
        database=login.database,
        user=login.user,
        password=login.password,
        timeout=WAIT_S,
        statement_cache_size=cache,
        command_timeout=40,
        server_settings={"application_name": "entrepot", **_LIMITS},
    )
    try:
        await connection.set_type_codec(
            "jsonb",
            schema="pg_catalog",
            format="binary",
            encoder=lambda text: b"\x01" + text,
            decoder=lambda raw: raw[1:],
        )
        proven = CONTROL
        if tenant != CONTROL:
            proven = await connection.fetchval("select tenant from platform.tenant_identity")
    except BaseException:
        connection.terminate()
        raise
    return Seat(connection, TenantId(proven), shopper)


class Pools:
    """All connections of this process."""

    def __init__(self, directory: Directory, *, budget: int = 60, in_flight: int = 24) -> None:
        self._directory = directory
        self._budget = budget
        self._cap = in_flight
        self._open = 0
        self._idle: OrderedDict[tuple[TenantId, bool], list[Seat]] = OrderedDict()
        self._in_flight: dict[TenantId, int] = {}
        self._taken = 0
        self._closed = False
        self._waiting: deque[tuple[TenantId, asyncio.Future[None]]] = deque()

    @property
    def open_connections(self) -> int:
        """How many connections are open or being opened."""
        return self._open

    async def take(self, tenant: TenantId, *, shopper: bool = False) -> Seat:
        """A connection of this tenant's login, for one block.

        Raises TooMany when the tenant already has its share in use and none came free in
        time, Unavailable when the database is away or the budget is used up.
        """
        if self._may_take(tenant):
            self._count_in(tenant)
        else:
            await self._wait(tenant)
        try:
            return self._pop(tenant, shopper) or await self._connect(tenant, shopper)
        except BaseException as error:
            self._leave(tenant)
            refusal = away(error)
            if refusal is not None:
                raise refusal from error
            raise

    def give(self, tenant: TenantId, seat: Seat, *, broken: bool) -> None:
        """Take a connection back; one that broke or is still in a transaction is closed."""
        connection = seat.connection
        if broken or self._closed or connection.is_closed() or connection.is_in_transaction():
            self._drop(seat)
        else:
            key = (tenant, seat.shopper)
            self._idle.setdefault(key, []).append(seat)
            self._idle.move_to_end(key)
        self._leave(tenant)

    async def close(self) -> None:
        """Close what is idle; blocks in use close theirs when they end."""
        self._closed = True
        seats = [seat for seats in self._idle.values() for seat in seats]
        self._idle.clear()
        for seat in seats:
            self._open -= 1
            await seat.connection.close(timeout=2)

    def forget(self, tenant: TenantId) -> None:
        """Close a tenant's idle connections (it moved, was suspended, its password turned)."""
        for shopper in (False, True):
            for seat in self._idle.pop((tenant, shopper), []):
                self._drop(seat)

    def _may_take(self, tenant: TenantId) -> bool:
        """Whether share and budget allow one more. Below the budget there is always a seat: an
        idle one, room for a new one, or another's idle one to close."""
        return self._in_flight.get(tenant, 0) < self._cap and self._taken < self._budget

    def _count_in(self, tenant: TenantId) -> None:
        self._in_flight[tenant] = self._in_flight.get(tenant, 0) + 1
        self._taken += 1

    async def _wait(self, tenant: TenantId) -> None:
        """Wait for a turn; whoever gives it counts us in, so that nobody can slip in between."""
        if sum(1 for waiter, _ in self._waiting if waiter == tenant) >= 8 * self._cap:
            raise TooMany("too many requests of this tenant are waiting", retry_after_s=1)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (tenant, turn)
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(WAIT_S):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._leave(tenant)  # our turn had come, and we are gone: the next one's
            if not isinstance(error, TimeoutError):
                raise
            if self._in_flight.get(tenant, 0) >= self._cap:
                raise TooMany("this tenant's share is in use", retry_after_s=1) from None
            raise Unavailable("all database connections are in use", retry_after_s=1) from None
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    def _leave(self, tenant: TenantId) -> None:
        self._taken -= 1
        self._in_flight[tenant] -= 1
        if not self._in_flight[tenant]:
            del self._in_flight[tenant]
        for entry in self._waiting:
            waiter, turn = entry
            if not turn.done() and self._may_take(waiter):
                self._waiting.remove(entry)
                self._count_in(waiter)
                turn.set_result(None)
                return

    def _pop(self, tenant: TenantId, shopper: bool) -> Seat | None:
        seats = self._idle.get((tenant, shopper), [])
        while seats:
            seat = seats.pop()
            if not seats:
                del self._idle[(tenant, shopper)]
            if not seat.connection.is_closed():
                return seat
            self._open -= 1
        return None

    async def _connect(self, tenant: TenantId, shopper: bool) -> Seat:
        if self._open >= self._budget:
            self._evict()
        self._open += 1
        try:
            try:
                return await self._enter(tenant, shopper)
            except _LOOK_AGAIN:
                # Turned, suspended, moved or deleted since the directory looked: look once more.
                self._directory.forget(tenant)
                return await self._enter(tenant, shopper)
        except BaseException:
            self._open -= 1
            raise

    async def _enter(self, tenant: TenantId, shopper: bool) -> Seat:
        if tenant == CONTROL:
            login = await self._directory.control_login()
        else:
            login = await self._directory.login(tenant, shopper=shopper)
        return await open_seat(login, tenant, shopper=shopper)

    def _evict(self) -> None:
        if not self._idle:
            raise Unavailable("all database connections are in use", retry_after_s=1)
        key, seats = next(iter(self._idle.items()))
        self._drop(seats.pop(0))
        if not seats:
            del self._idle[key]

    def _drop(self, seat: Seat) -> None:
        self._open -= 1
        seat.connection.terminate()
