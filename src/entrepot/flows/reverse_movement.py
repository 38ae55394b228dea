"""Move a movement back: how a mistake in the ledger is corrected."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.counts.queries import find_limits
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import operations
from entrepot.stock.adjustment_rules import Limits
from entrepot.stock.adjustments import reversals
from entrepot.stock.feeds import operations as feeds
from entrepot.stock.transfers import operations as transfers
from entrepot.stock.types import Reversed


@flow(permission="stock:adjust", callers=(ApiKey, Staff, Job))
async def reverse_movement(tx: Tx, *, movement_id: UUID) -> Reversed:
    """The movement back. Raises NotFound, or Conflict when it was moved back before or the
    quantities of its node are told by another system, or a transfer moved it; Forbidden as
    `stock.adjustments.reversals.check_reversal`."""
    await feeds.refuse_reversal(tx, movement_id=movement_id)
    await transfers.refuse_reversal(tx, movement_id=movement_id)
    await _check(tx, movement_id)
    back = await operations.reverse(tx, movement_id=movement_id)
    await put_audit(
        tx, verb="reverse_movement", subject="stock_movement", subject_id=movement_id,
        facts={"by": back},
    )  # fmt: skip
    return Reversed(back, movement_id)


async def _check(tx: Tx, movement_id: UUID) -> None:
    found = await reversals.find_reversed(tx, movement_id=movement_id)
    if found is None:
        return
    limits = None
    if found.node_id is not None:
        own = await find_limits(tx, node_id=found.node_id)
        limits = Limits(own.four_eyes_units, own.four_eyes_minor)
    await reversals.check_reversal(tx, found=found, limits=limits)
