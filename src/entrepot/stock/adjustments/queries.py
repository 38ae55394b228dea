"""Reads of adjustments and of goods that are not in order."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.adjustment_types import (
    Adjustment,
    AdjustmentLine,
    AdjustmentSummary,
    KeptBackRow,
)
from entrepot.stock.adjustments.operations import unknown_adjustment
from entrepot.stock.scope import warehouses_of

SQL = load_sql(__file__, "operations.sql")
KEPT_BACK = ("damaged", "expired", "hold", "quarantine")
_START = ("",) * 6


class _Note(msgspec.Struct, frozen=True):
    about: str
    note: str


async def list_adjustments(
    tx: ReadTx, *, node: str | None, state: str | None, before: UUID | None, most: int
) -> list[AdjustmentSummary]:
    """Newest first, before `before`."""
    return await tx.list(
        SQL["list_adjustments"], AdjustmentSummary, node=node, state=state, before=before,
        most=most, warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def get_summary(tx: ReadTx, *, adjustment_id: UUID) -> AdjustmentSummary:
    """An adjustment without its lines and notes; NotFound."""
    found = await tx.find(
        SQL["find_summary"], AdjustmentSummary, id=adjustment_id,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    if found is None:
        raise unknown_adjustment()
    return found


async def get_adjustment(tx: ReadTx, *, adjustment_id: UUID) -> Adjustment:
    """An adjustment whole; NotFound."""
    summary = await get_summary(tx, adjustment_id=adjustment_id)
    notes = {row.about: row.note for row in await tx.list(SQL["list_notes"], _Note,
                                                          id=adjustment_id)}  # fmt: skip
    return Adjustment(
        **msgspec.structs.asdict(summary),
        lines=await tx.list(SQL["list_lines"], AdjustmentLine, id=adjustment_id),
        note=notes.get("asked"),
        decision_note=notes.get("decided"),
    )


async def list_kept_back(
    tx: ReadTx,
    *,
    node: str | None,
    sku: str | None,
    statuses: Sequence[str],
    after: Sequence[str] = _START,
    most: int,
) -> list[KeptBackRow]:
    """Goods that are not in order, behind the row `after` (node, status, SKU, bin, lot, owner)."""
    at = after if len(after) == len(_START) else _START
    return await tx.list(
        SQL["list_kept_back"],
        KeptBackRow,
        node=node,
        sku=sku,
        statuses=[status for status in statuses if status in KEPT_BACK] or list(KEPT_BACK),
        after_node=at[0],
        after_status=at[1],
        after_sku=at[2],
        after_bin=at[3],
        after_lot=at[4],
        after_owner=at[5],
        most=most,
        warehouses=warehouses_of(tx.principal),
    )


def key_of(row: KeptBackRow) -> list[str]:
    """The row as a cursor."""
    return [row.node, row.status, row.sku, row.bin, row.lot, row.owner]
