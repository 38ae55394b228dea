"""Periods: closing one freezes balances as of an instant; what comes later is booked later.

A period reaches from the end of the last closed one. Movements belong to it by when they were
posted; one that was still being written at the closing belongs to the next. Nobody who posts is
ever held up: a closing looks at the ledger as of one instant (`steady_flow`) and locks nothing of
stock. Closings and runs take turns.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Invalid
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.reconciliation import errors, late
from entrepot.reconciliation.operations import MEMORY, Outside
from entrepot.reconciliation.operations import SQL as RUNS
from entrepot.reconciliation.types import Closing, LateEntry, Period, PeriodLine
from entrepot.stock.scope import warehouses_of

SQL = load_sql(__file__, "periods.sql")


class _Last(msgspec.Struct, frozen=True):
    period_id: UUID
    code: str
    until_at: datetime
    closing_id: UUID
    mark: int


class _Found(msgspec.Struct, frozen=True):
    period_id: UUID
    state: str
    sequence: int


async def close(tx: Tx, *, new: Closing) -> Period:
    """Freeze what is dated before `until`, beginning with what the last closing froze.

    Raises Conflict `period_closed` when a period of this code is closed, `before_the_last` when
    `until` lies in a closed period, Invalid for an instant that has still to come.
    """
    await tx.value(RUNS["take_turn"])
    last = await tx.find(SQL["last_closed"], _Last)
    found = await tx.find(SQL["find_period"], _Found, code=new.code)
    if found is not None and found.state == "closed":
        raise Conflict("this period is closed", code="period_closed", period=new.code)
    if new.until > tx.now:
        message = "this moment has still to come"
        raise Invalid(message, errors=[FieldError("until", "in_the_future", message)])
    if last is not None and new.until <= last.until_at:
        raise Conflict("a later moment is closed already", code="before_the_last", period=last.code)
    period_id = new_id(tx.now) if found is None else found.period_id
    closing_id, from_at = new_id(tx.now), None if last is None else last.until_at
    sequence = await tx.value(
        SQL["put_period"], period_id=period_id, code=new.code, from_at=from_at,
        until_at=new.until, closing_id=closing_id,
    )  # fmt: skip
    await _freeze(tx, closing_id, period_id, new.until, last)
    await late.note_of_closing(tx, period_id=period_id)
    await _tell(tx, "period.closed", period_id, sequence, new.code)
    return await get(tx, code=new.code)


async def _freeze(
    tx: Tx, closing_id: UUID, period_id: UUID, until: datetime, last: _Last | None
) -> None:
    await tx.value(RUNS["bound_memory"], memory=MEMORY)
    from_at = None if last is None else last.until_at
    outside = [row.id for row in await tx.list(RUNS["list_outside"], Outside)]
    mark = await tx.value(RUNS["last_position"])
    await tx.execute(SQL["put_closing_ahead"], closing_id=closing_id)
    if last is not None:
        await tx.execute(
            SQL["put_late_documents"], mark=last.mark, from_at=from_at, closing_id=last.closing_id
        )
    rows = await tx.execute(
        SQL["freeze"], closing_id=closing_id, before=None if last is None else last.closing_id,
        from_at=from_at, until_at=until, outside=outside,
    )  # fmt: skip
    await tx.execute(RUNS["clear_arrived"])
    unexplained = await tx.value(
        SQL["count_unexplained"], closing_id=closing_id, until_at=until, outside=outside
    )
    await tx.execute(
        SQL["put_closing"], closing_id=closing_id, period_id=period_id, from_at=from_at,
        until_at=until, mark=mark, rows=rows, unexplained=unexplained, now=tx.now,
        actor=tx.principal.actor,
    )  # fmt: skip


async def reopen(tx: Tx, *, code: str) -> Period:
    """Open the last closed period again; what was frozen stays, but counts no more.

    Raises NotFound, Conflict `period_open` when it is open, `not_the_last` when a later one
    stands on it.
    """
    await tx.value(RUNS["take_turn"])
    found = await tx.find(SQL["find_period"], _Found, code=code)
    if found is None:
        raise errors.unknown_period(code)
    if found.state != "closed":
        raise Conflict("this period is open", code="period_open", period=code)
    last = await tx.find(SQL["last_closed"], _Last)
    if last is None or last.code != code:
        raise Conflict("a later period stands on this one", code="not_the_last", period=code)
    sequence = await tx.value(SQL["reopen"], code=code)
    await _tell(tx, "period.reopened", found.period_id, sequence, code)
    return await get(tx, code=code)


async def _tell(tx: Tx, name: str, period_id: UUID, sequence: object, code: str) -> None:
    body = msgspec.json.encode({"id": period_id, "code": code})
    await tx.value(
        SQL["put_event"], event_id=new_id(tx.now), name=name, period_id=period_id,
        sequence=sequence, now=tx.now, actor=tx.principal.actor, body=body,
    )  # fmt: skip


async def get(tx: ReadTx, *, code: str) -> Period:
    """A period; sums are of what the caller sees. NotFound."""
    found = await list_all(tx, code=code)
    if not found:
        raise errors.unknown_period(code)
    return found[0]


async def list_all(
    tx: ReadTx, *, code: str | None = None, before: str | None = None, most: int = 1
) -> list[Period]:
    """Periods, newest first."""
    return await tx.list(
        SQL["list_periods"], Period, code=code, before=before, most=most,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def list_balances(
    tx: ReadTx, *, code: str, node: str | None, sku: str | None, after: str, most: int
) -> list[PeriodLine]:
    """The frozen balances that the caller sees, by SKU; NotFound for an unknown period."""
    await get(tx, code=code)
    return await tx.list(
        SQL["list_balances"], PeriodLine, code=code, node=node, sku=sku, after=after, most=most,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def list_late(tx: ReadTx, *, code: str, after: str, most: int) -> list[LateEntry]:
    """What was told of a period after it was closed; NotFound for an unknown period."""
    await get(tx, code=code)
    return await tx.list(
        SQL["list_late"], LateEntry, code=code, after=after, most=most,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
