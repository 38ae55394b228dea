"""The history of a SKU with its running balance, and what lay where at a past instant.

Both count back from what lies there now, by index: the way is as long as what moved since.
Ids of movements begin with their millisecond (RFC 9562), so a stretch of time is one of ids.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid, NotFound
from entrepot.platform.database import ReadTx
from entrepot.platform.sheets import Cell, write_csv
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.lots.queries import LAST
from entrepot.stock.lots.types import DocumentRow, HistoryRow, StockAsOf
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import StockRow

SQL = load_sql(__file__, "history.sql")
MOST_ROWS_OF_A_FILE = 20_000
MOST_OF_A_DOCUMENT = 500
COLUMNS = (
    "at", "reason", "qty", "from", "from_status", "to", "to_status", "lot", "serial", "owner",
    "reference", "actor", "change", "balance", "movement", "reverses", "reversed_by",
)  # fmt: skip


class Wanted(msgspec.Struct, frozen=True):
    """What of a SKU's history is looked at; None: everything. `since` counts, `until` does not."""

    node: str | None = None
    reason: str | None = None
    lot: str | None = None
    serial: str | None = None
    bin: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class _SkuId(msgspec.Struct, frozen=True):
    sku_id: UUID


class _Code(msgspec.Struct, frozen=True):
    node: str


class _SkuCode(msgspec.Struct, frozen=True):
    sku: str


class _Balance(msgspec.Struct, frozen=True):
    id: UUID
    balance: int


def first_id(at: datetime) -> UUID:
    """The smallest id of this instant's millisecond."""
    return UUID(int=max(int(at.timestamp() * 1000), 0) << 80)


async def list_history(
    tx: ReadTx, *, sku: str, wanted: Wanted, before: UUID | None, most: int
) -> list[HistoryRow]:
    """Newest first, before `before`; within the caller's warehouses. Raises NotFound."""
    found = await tx.find(SQL["find_sku"], _SkuId, sku=sku)
    if found is None:
        raise NotFound("there is no such SKU", code="unknown_sku", sku=sku)
    nodes = await _nodes(tx, found.sku_id, wanted.node)
    until = LAST if wanted.until is None else first_id(wanted.until)
    rows = await tx.list(
        SQL["list_history"],
        HistoryRow,
        sku_id=found.sku_id,
        nodes=nodes,
        first=first_id(wanted.since) if wanted.since else UUID(int=0),
        before=min(before or LAST, until),
        reason=wanted.reason,
        lot=wanted.lot,
        serial=wanted.serial,
        bin=wanted.bin,
        actor=wanted.actor,
        most=most,
    )
    if not rows:
        return []
    balances = await tx.list(
        SQL["list_balances"], _Balance, sku_id=found.sku_id, nodes=nodes, last=rows[-1].id,
        ids=[row.id for row in rows],
    )  # fmt: skip
    at = {row.id: row.balance for row in balances}
    return [msgspec.structs.replace(row, balance=at[row.id]) for row in rows]


async def _nodes(tx: ReadTx, sku_id: UUID, node: str | None) -> list[str]:
    rows = await tx.list(
        SQL["list_nodes_of_sku"], _Code, sku_id=sku_id, warehouses=warehouses_of(tx.principal)
    )
    return [row.node for row in rows if node is None or row.node == node]


async def write_history(tx: ReadTx, *, sku: str, wanted: Wanted) -> bytes:
    """The newest 20,000 rows as a CSV file."""
    rows = await list_history(tx, sku=sku, wanted=wanted, before=None, most=MOST_ROWS_OF_A_FILE)
    return write_csv(COLUMNS, [_cells(row) for row in rows])


def _cells(row: HistoryRow) -> list[Cell]:
    return [
        row.at.isoformat(), row.reason, row.qty, row.from_, row.from_status, row.to_,
        row.to_status, row.lot, row.serial, row.owner, row.reference, row.actor, row.change,
        row.balance, str(row.id), _text(row.reverses), _text(row.reversed_by),
    ]  # fmt: skip


def _text(found: UUID | None) -> str | None:
    return None if found is None else str(found)


async def list_as_of(
    tx: ReadTx, *, skus: Sequence[str], node: str | None, after: str, as_of: datetime, most: int
) -> StockAsOf:
    """What lay where when `as_of` had passed: of these SKUs, or of the next `most` SKUs of a node
    behind `after`. Raises Invalid for an instant to come, and where neither is named."""
    if as_of > tx.now:
        message = "nobody knows yet what lies there then"
        raise Invalid(message, errors=[FieldError("as_of", "in_the_future", message)])
    if not skus and node is None:
        message = "name SKUs or a node"
        raise Invalid(message, errors=[FieldError("node", "missing", message)])
    scope = warehouses_of(tx.principal)
    looked_at, more = list(skus), None
    if not looked_at:
        rows = await tx.list(
            SQL["list_skus_of_node"], _SkuCode, node=node, after=after, most=most,
            warehouses=scope,
        )  # fmt: skip
        looked_at = [row.sku for row in rows]
        more = looked_at[-1] if len(looked_at) == most else None
    lay = await tx.list(
        SQL["list_as_of"], StockRow, skus=looked_at, node=node, as_of=as_of,
        first=first_id(as_of), most=MOST_ROWS_OF_A_FILE, warehouses=scope,
    )  # fmt: skip
    return StockAsOf(lay, more)


async def get_document(tx: ReadTx, *, movement_id: UUID) -> list[DocumentRow]:
    """The movements that were posted with one, in the caller's warehouses. Raises NotFound."""
    rows = await tx.list(
        SQL["list_document"], DocumentRow, movement_id=movement_id, most=MOST_OF_A_DOCUMENT,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    if not rows:
        raise NotFound("there is no such movement", code="unknown_movement")
    return rows
