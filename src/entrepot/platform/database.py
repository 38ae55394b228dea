"""Blocks of work on a tenant's database: `read` for looking, `begin` for changing.

The two have types of their own, so a query cannot write by mistake. Every block belongs to a
principal; the connection has proven whose database it is, and a mismatch stops the block.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
import msgspec

from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Principal, Shopper
from entrepot.kernel.refusals import FieldError, Invalid, NotFound
from entrepot.platform.clock import Clock
from entrepot.platform.pools import CONTROL, Pools, Seat, away
from entrepot.platform.sqlfile import Statement

R = TypeVar("R", bound=msgspec.Struct)

_parameter_types: dict[Statement, tuple[str, ...]] = {}
_WHOLE = frozenset({"int2", "int4", "int8"})
_Arguments = list[object]


class WrongTenant(Exception):
    """A connection of another tenant was handed out: a bug, stopped by the second wall."""


class ReadTx:
    """A block that looks. `now` is the block's instant, `principal` whose block it is."""

    def __init__(self, seat: Seat, principal: Principal, now: datetime, request_id: str) -> None:
        self._seat = seat
        self.principal = principal
        self.now = now
        self.request_id = request_id

    async def find(self, statement: Statement, record: type[R], /, **given: object) -> R | None:
        """The one row as `record`, or None."""
        row = await self._seat.connection.fetchrow(
            statement.sql, *await self._arguments(statement, given)
        )
        return None if row is None else record(*row)

    async def one(self, statement: Statement, record: type[R], /, **given: object) -> R:
        """The one row as `record`; NotFound when there is none."""
        found = await self.find(statement, record, **given)
        if found is None:
            raise NotFound("there is nothing by that name here")
        return found

    async def list(self, statement: Statement, record: type[R], /, **given: object) -> list[R]:
        """All rows as `record`, in the statement's order."""
        rows = await self._seat.connection.fetch(
            statement.sql, *await self._arguments(statement, given)
        )
        return [record(*row) for row in rows]

    async def value(self, statement: Statement, /, **given: object) -> object:
        """The first column of the first row, or None."""
        return await self._seat.connection.fetchval(
            statement.sql, *await self._arguments(statement, given)
        )

    async def _arguments(self, statement: Statement, given: dict[str, object]) -> _Arguments:
        arguments = statement.arguments(given)
        types = _parameter_types.get(statement)
        if types is None:
            prepared = await self._seat.connection.prepare(statement.sql)
            types = tuple(kind.name for kind in prepared.get_parameters())
            _parameter_types[statement] = types
        for name, kind, value in zip(statement.params, types, arguments, strict=True):
            _fits(statement.name, name, kind, value)
        return arguments


class Tx(ReadTx):
    """A block that changes things; all of it is kept, or nothing."""

    _depth = 0

    async def execute(self, statement: Statement, /, **given: object) -> int:
        """Run a statement for its effect; how many rows it touched."""
        tag = await self._seat.connection.execute(
            statement.sql, *await self._arguments(statement, given)
        )
        last = tag.rsplit(" ", 1)[-1]
        return int(last) if last.isdecimal() else 0

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part of the block that can fail alone."""
        connection = self._seat.connection
        self._depth += 1
        name = f"part_{self._depth}"
        await connection.execute(f"savepoint {name}")
        try:
            yield
        except BaseException:
            if not connection.is_closed():
                await connection.execute(f"rollback to {name}")
            raise
        await connection.execute(f"release {name}")


def _fits(statement: str, name: str, kind: str, value: object) -> None:
    """The driver turns 1.5 into 1 and True into 1 and takes naive times; we do not."""
    if value is None:
        return
    if kind in _WHOLE and type(value) is not int:
        raise TypeError(f"{statement}: {name} must be a whole number, not {type(value).__name__}")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise TypeError(f"{statement}: {name} needs a time zone")


def unstorable(error: BaseException) -> Invalid | None:
    """The refusal for text PostgreSQL cannot hold (NUL, lone surrogates), or None."""
    if isinstance(
        error, asyncpg.CharacterNotInRepertoireError | asyncpg.UntranslatableCharacterError
    ):
        reason = FieldError("", "unstorable_text", "a text holds a character that cannot be kept")
        return Invalid("a text holds a character that cannot be kept", errors=[reason])
    if isinstance(error, UnicodeEncodeError):
        reason = FieldError("", "unstorable_text", "a text is not valid Unicode")
        return Invalid("a text is not valid Unicode", errors=[reason])
    return None


class Database:
    """The way to every tenant's database and to the control database."""

    def __init__(
        self, pools: Pools, clock: Clock, wrote: Callable[[TenantId], None] | None = None
    ) -> None:
        self.pools = pools
        self.clock = clock
        self._wrote = wrote

    @asynccontextmanager
    async def read(self, principal: Principal, *, request_id: str = "") -> AsyncIterator[ReadTx]:
        """A block that only looks."""
        async with self._seat(principal) as seat:
            tx = ReadTx(seat, principal, self.clock(), request_id)
            if not isinstance(principal, Shopper):
                yield tx
                return
            async with _transaction(seat, principal, read_only=True):
                yield tx

    @asynccontextmanager
    async def begin(
        self,
        principal: Principal,
        *,
        request_id: str = "",
        steady: bool = False,
        quiet: bool = False,
    ) -> AsyncIterator[Tx]:
        """A block that changes things: committed at its end, rolled back when it raises.

        A `steady` one sees the database as it was at its first statement, all the way. A `quiet`
        one promises to write no event, so nobody is told of it: the drain's own blocks are,
        or each round of it would ask for the next.
        """
        async with (
            self._seat(principal) as seat,
            _transaction(seat, principal, read_only=False, steady=steady),
        ):
            yield Tx(seat, principal, self.clock(), request_id)
        if not quiet:
            self._note(principal)

    @asynccontextmanager
    async def autocommit(self, principal: Principal, *, request_id: str = "") -> AsyncIterator[Tx]:
        """A block of exactly one statement, its own transaction: one round trip.

        Not for shoppers, whose row security needs a transaction to hold their customer id.
        """
        if isinstance(principal, Shopper):
            raise TypeError("a shopper's statement needs a transaction")
        async with self._seat(principal) as seat:
            yield Tx(seat, principal, self.clock(), request_id)
        self._note(principal)

    @asynccontextmanager
    async def control(self, principal: Principal) -> AsyncIterator[Tx]:
        """A block on the control database; who may open one is for the caller to check."""
        async with self._taken(CONTROL, shopper=False) as seat, seat.connection.transaction():
            yield Tx(seat, principal, self.clock(), "")

    @asynccontextmanager
    async def _seat(self, principal: Principal) -> AsyncIterator[Seat]:
        tenant = principal.tenant
        if tenant is None:
            raise WrongTenant("this principal belongs to no tenant")
        shopper = isinstance(principal, Shopper)
        async with self._taken(tenant, shopper=shopper) as seat:
            if seat.tenant != tenant or seat.shopper != shopper:
                raise WrongTenant(f"a connection of another login was handed out for {tenant}")
            yield seat

    @asynccontextmanager
    async def _taken(self, tenant: TenantId, *, shopper: bool) -> AsyncIterator[Seat]:
        seat = await self.pools.take(tenant, shopper=shopper)
        broken = True
        try:
            yield seat
            broken = False
        except Exception as error:
            refusal = away(error) or unstorable(error)
            broken = refusal is not None and refusal.status == 503
            if refusal is not None:
                raise refusal from error
            raise
        finally:
            self.pools.give(tenant, seat, broken=broken)

    def _note(self, principal: Principal) -> None:
        if self._wrote is not None and principal.tenant is not None:
            self._wrote(principal.tenant)


@asynccontextmanager
async def _transaction(
    seat: Seat, principal: Principal, *, read_only: bool, steady: bool = False
) -> AsyncIterator[None]:
    """BEGIN and, for a shopper, the customer id that row security reads, in one round trip."""
    connection = seat.connection
    opening = "begin read only" if read_only else "begin"
    opening += " isolation level repeatable read" if steady else ""
    if isinstance(principal, Shopper):
        customer: UUID = principal.customer_id
        opening += f"; select set_config('entrepot.customer_id', '{customer}', true)"
    await connection.execute(opening)
    try:
        yield
    except BaseException:
        if not connection.is_closed():
            await connection.execute("rollback")
        raise
    await connection.execute("commit")
