"""Closing a transfer short: a loss by somebody's word, so it obeys the limits of adjustments.

Within them it is closed at once; above one the transfer stays under way, and an adjustment waits
for a second pair of eyes, whose approval closes it. When everything arrives after all, that ends.
Locks: the transfer, then the adjustment, then the node.
"""

from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import adjustment_rules
from entrepot.stock.adjustment_types import NewAdjustmentLine
from entrepot.stock.adjustments import operations as adjustments
from entrepot.stock.adjustments.operations import Asked, Place
from entrepot.stock.transfers import operations as transfers
from entrepot.stock.transfers import rules as transfers_rules
from entrepot.stock.transfers.queries import find_short
from entrepot.stock.transfers.types import ShortReason, TakenTransfer
from entrepot.stock.types import Status

SQL = load_sql(__file__, "transfers/operations.sql")
CAUSE = "lost_on_the_way"


class _Worth(msgspec.Struct, frozen=True):
    sku: str
    sku_id: UUID
    lot: str
    serial: str
    status: Status
    rest: int
    value_minor: int | None


class _Ended(msgspec.Struct, frozen=True):
    id: UUID
    sequence: int
    node: str


class AskedShort(msgspec.Struct, frozen=True):
    """The adjustment that says so; without a document it waits."""

    adjustment_id: UUID
    document_id: UUID | None


async def close(
    tx: Tx, *, taken: TakenTransfer, reason: ShortReason, limits: adjustment_rules.Limits
) -> AskedShort:
    """Close a taken transfer short, or ask for it. `limits`: of the node where it should arrive.

    Raises Conflict `wrong_state`, or `short_asked` while somebody's request waits.
    """
    transfers_rules.transfers().follow(taken.state, "close_short")
    waiting = (await find_short(tx, transfer_id=taken.transfer_id)).asked
    if waiting is not None:
        raise Conflict(
            "closing it short waits for somebody's approval", code="short_asked",
            adjustment=str(waiting),
        )  # fmt: skip
    asked = await _asked(tx, taken, reason)
    before = await adjustments.find_before(tx, node_id=taken.to_id)
    over = adjustment_rules.limit_passed(
        asked.units, asked.value_minor, limits=limits, before=before
    )
    adjustment_id, document_id = new_id(tx.now), None
    if over is None:
        document_id = await transfers.close_short(tx, taken=taken, reason=reason)
    await adjustments.keep(tx, adjustment_id, asked=asked, over=over, document_id=document_id)
    return AskedShort(adjustment_id, document_id)


async def end_asked(tx: Tx, *, transfer_id: UUID) -> UUID | None:
    """Withdraw what was asked of a transfer that the caller holds, once all of it has arrived;
    which adjustment that was, None where none waited or something is still under way."""
    state = adjustment_rules.adjustments().follow("requested", "withdraw")
    ended = await tx.find(
        SQL["end_asked"], _Ended, id=transfer_id, state=state, now=tx.now,
        actor=tx.principal.actor,
    )  # fmt: skip
    if ended is None:
        return None
    body = {"id": ended.id, "warehouse": ended.node, "state": state, "because": "all_arrived"}
    await tx.value(
        adjustments.SQL["put_event"], event_id=new_id(tx.now), name=f"adjustment.{state}",
        id=ended.id, sequence=ended.sequence, now=tx.now, actor=tx.principal.actor,
        body=msgspec.json.encode(body),
    )  # fmt: skip
    return ended.id


async def _asked(tx: Tx, taken: TakenTransfer, reason: ShortReason) -> Asked:
    goods = await tx.list(SQL["list_worth"], _Worth, id=taken.transfer_id)
    lines = [
        NewAdjustmentLine(
            one.sku, one.rest, "transfer_lost", status=one.status, lot=one.lot,
            serial=one.serial or None, owner=taken.owner,
        ) for one in goods
    ]  # fmt: skip
    places = [Place(one.sku_id, taken.transfer_id, taken.code, one.value_minor) for one in goods]
    return Asked(
        "adjust", taken.to_id, taken.to_code, CAUSE, None, lines, places, taken.transfer_id, reason
    )
