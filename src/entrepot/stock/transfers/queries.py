"""Reads of transfers. Whoever works at one end sees the whole transfer."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.catalog.queries import skus_of
from entrepot.kernel.refusals import NotFound
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.scope import warehouses_of
from entrepot.stock.transfers.types import Transfer, TransferLine, TransferSummary, UnderWay

SQL = load_sql(__file__, "operations.sql")


class Short(msgspec.Struct, frozen=True):
    """Why a transfer was closed short, or the request to do so that waits."""

    reason: str | None
    asked: UUID | None


def unknown_transfer() -> NotFound:
    """The refusal for a transfer that is not there or not the caller's."""
    return NotFound("there is no such transfer", code="unknown_transfer")


async def list_transfers(
    tx: ReadTx,
    *,
    states: Sequence[str] | None = None,
    node: str | None = None,
    from_node: str | None = None,
    to_node: str | None = None,
    overdue: bool = False,
    before: UUID | None = None,
    most: int,
    code: str = "",
) -> list[TransferSummary]:
    """Newest first, before `before`; of a node: whichever end it is; of a scanned `code`: whatever
    it may stand for."""
    skus = await skus_of(tx, scanned=code) if code else []
    return await tx.list(
        SQL["list_transfers"], TransferSummary, now=tx.now, id=None, before=before,
        states=None if states is None else list(states), node=node, from_node=from_node,
        to_node=to_node, overdue=overdue, most=most, code=code, skus=skus,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def get_transfer(tx: ReadTx, *, transfer_id: UUID) -> Transfer:
    """One transfer with its lines; NotFound when neither end is the caller's."""
    row = await tx.find(
        SQL["list_transfers"], TransferSummary, now=tx.now, id=transfer_id, before=None,
        states=None, node=None, from_node=None, to_node=None, overdue=False, most=1,
        code="", skus=[], warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    if row is None:
        raise unknown_transfer()
    short = await find_short(tx, transfer_id=transfer_id)
    return Transfer(
        id=row.id, code=row.code, reference=row.reference, from_=row.from_, to_=row.to_,
        owner=row.owner, state=row.state, short_reason=short.reason, created_at=row.created_at,
        sent_at=row.sent_at, expected_at=row.expected_at, closed_at=row.closed_at,
        overdue=row.overdue,
        lines=await tx.list(SQL["list_shown_lines"], TransferLine, id=transfer_id),
        goods=await tx.list(SQL["list_goods"], UnderWay, id=transfer_id),
        short_asked=short.asked,
    )  # fmt: skip


async def find_short(tx: ReadTx, *, transfer_id: UUID) -> Short:
    """What is known of closing a transfer short."""
    return await tx.one(SQL["find_short"], Short, id=transfer_id)
