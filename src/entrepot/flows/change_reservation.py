"""Change a pending reservation: extend a cart, make it firm, say how far the work is."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import operations, queries
from entrepot.stock.types import Confirmed, Reservation


@flow(permission="reservations:change", callers=(ApiKey, Staff, Job))
async def change_reservation(tx: Tx, *, reservation_id: UUID, wanted: Confirmed) -> Reservation:
    """The reservation as it is now. Raises NotFound, Conflict when it is over or would weaken."""
    await operations.change(tx, reservation_id=reservation_id, wanted=wanted)
    await put_audit(
        tx, verb="change_reservation", subject="reservation", subject_id=reservation_id,
        facts={"strength": wanted.strength},
    )  # fmt: skip
    return await queries.get_reservation(tx, reservation_id=reservation_id)
