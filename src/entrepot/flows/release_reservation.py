"""Release a reservation: what it held may be promised to others."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import operations, queries
from entrepot.stock.types import Reservation


@flow(permission="reservations:change", callers=(ApiKey, Staff, Job))
async def release_reservation(tx: Tx, *, reservation_id: UUID) -> Reservation:
    """The reservation, released. Raises NotFound, or Conflict when it is over."""
    await operations.release(tx, reservation_id=reservation_id)
    await put_audit(
        tx, verb="release_reservation", subject="reservation", subject_id=reservation_id
    )
    return await queries.get_reservation(tx, reservation_id=reservation_id)
