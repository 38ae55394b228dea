"""Undo a put-away of goods: they go back to where they lay."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.arrivals import put_away
from entrepot.stock.types import Reversed


@flow(permission="stock:move", callers=(Staff, ApiKey))
async def undo_put_away(tx: Tx, *, movement_id: UUID) -> Reversed:
    """The movement back. Raises NotFound for what is no put-away, Conflict when it was undone
    before, the goods went on or were picked for somebody."""
    back = await put_away.undo(tx, movement_id=movement_id)
    await put_audit(
        tx, verb="undo_put_away", subject="stock_movement", subject_id=movement_id,
        facts={"by": back},
    )  # fmt: skip
    return Reversed(back, movement_id)
