"""Lots and serials: where they came from, where they lie, with which references they left."""

from datetime import date
from uuid import UUID

import msgspec

from entrepot.kernel.refusals import NotFound
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.lots.types import Crossing, LotRow, Trace, TracedLine
from entrepot.stock.queries import Body
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import StockRow

SQL = load_sql(__file__, "queries.sql")
LAST = UUID(int=(1 << 128) - 1)
"""Behind every movement."""
MOST_CAME = 50
MOST_PLACES = 200


class _Head(msgspec.Struct, frozen=True):
    sku_id: UUID
    lot: str
    expires_on: date | None
    expired: bool
    recall_id: UUID | None


class NamedGoods(msgspec.Struct, frozen=True):
    """A SKU that has a lot or a serial of a name."""

    sku: str
    is_serial: bool


async def list_lots(
    tx: ReadTx,
    *,
    sku: str | None,
    lot: str | None,
    expires_until: date | None,
    lying: bool,
    after: tuple[str, str],
    most: int,
) -> list[LotRow]:
    """Lots by SKU and name, behind the lot `after`; `lying`: only those that lie somewhere."""
    return await tx.list(
        SQL["list_lots"], LotRow, sku=sku, lot=lot, expires_until=expires_until, lying=lying,
        after_sku=after[0], after_lot=after[1], most=most, warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def list_goods_named(tx: ReadTx, *, name: str) -> list[NamedGoods]:
    """SKUs that have a lot or a serial of this name, within the caller's warehouses; 50 at most."""
    return await tx.list(
        SQL["list_skus_of_name"], NamedGoods, name=name, warehouses=warehouses_of(tx.principal)
    )


async def trace_lot(tx: ReadTx, *, sku: str, lot: str, before: UUID | None, most: int) -> Trace:
    """A lot both ways, within the caller's warehouses. Raises NotFound for what never was there."""
    head = await tx.find(SQL["find_lot"], _Head, sku=sku, lot=lot)
    if head is None:
        raise NotFound("there is no such lot", code="unknown_lot", sku=sku, lot=lot)
    scope = warehouses_of(tx.principal)
    came = await tx.list(
        SQL["list_came_of_lot"], Crossing, sku_id=head.sku_id, lot=lot, most=MOST_CAME,
        warehouses=scope,
    )  # fmt: skip
    left = await tx.list(
        SQL["list_left_of_lot"], Crossing, sku_id=head.sku_id, lot=lot, before=before or LAST,
        most=most, warehouses=scope,
    )  # fmt: skip
    lies = await tx.list(
        SQL["list_lies"], StockRow, sku_id=head.sku_id, lot=lot, most=MOST_PLACES,
        warehouses=scope,
    )  # fmt: skip
    if not (came or left or lies or scope is None):
        raise NotFound("there is no such lot", code="unknown_lot", sku=sku, lot=lot)
    return _trace(sku, head, None, came, lies, left, most)


async def trace_serial(
    tx: ReadTx, *, sku: str, serial: str, before: UUID | None, most: int
) -> Trace:
    """A serial both ways, within the caller's warehouses. Raises NotFound."""
    head = await tx.find(SQL["find_serial"], _Head, sku=sku, serial=serial)
    if head is None:
        raise _unknown_serial(sku, serial)
    scope = warehouses_of(tx.principal)
    came = await tx.list(
        SQL["list_came_of_serial"], Crossing, sku_id=head.sku_id, serial=serial, most=MOST_CAME,
        warehouses=scope,
    )  # fmt: skip
    left = await tx.list(
        SQL["list_left_of_serial"], Crossing, sku_id=head.sku_id, serial=serial,
        before=before or LAST, most=most, warehouses=scope,
    )  # fmt: skip
    lies = await tx.list(
        SQL["list_lies_of_serial"], StockRow, sku_id=head.sku_id, serial=serial,
        warehouses=scope,
    )  # fmt: skip
    if not (came or left or lies or scope is None):
        raise _unknown_serial(sku, serial)
    return _trace(sku, head, serial, came, lies, left, most)


def _unknown_serial(sku: str, serial: str) -> NotFound:
    return NotFound("there is no such serial", code="unknown_serial", sku=sku, serial=serial)


def _trace(
    sku: str,
    head: _Head,
    serial: str | None,
    came: list[Crossing],
    lies: list[StockRow],
    left: list[Crossing],
    most: int,
) -> Trace:
    return Trace(
        sku, head.lot, serial, head.expires_on, head.expired, head.recall_id, came, lies, left,
        left[-1].id if len(left) == most else None,
    )  # fmt: skip


async def trace_reference(
    tx: ReadTx, *, reference: str, before: UUID | None, most: int
) -> list[TracedLine]:
    """What moved with a reference (an order, a reservation, a receipt), newest first, each line
    with the receipts its goods had come by."""
    rows = await tx.list(
        SQL["list_of_reference"], Body, reference=reference, before=before or LAST, most=most,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    return [msgspec.json.decode(row.body, type=TracedLine) for row in rows]
