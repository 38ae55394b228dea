"""Fulfil a reservation: its goods leave their bins for the customer."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import operations, queries
from entrepot.stock.types import Reservation


@flow(permission="stock:pick", callers=(ApiKey, Staff, Job))
async def fulfil_reservation(tx: Tx, *, reservation_id: UUID) -> Reservation:
    """The reservation, fulfilled. What expires first leaves first.

    Raises NotFound, or Conflict when it is over, waits for goods, or bins hold too little.
    """
    document_id = await operations.fulfil(tx, reservation_id=reservation_id)
    await put_audit(
        tx, verb="fulfil_reservation", subject="reservation", subject_id=reservation_id,
        facts={"document_id": document_id},
    )  # fmt: skip
    return await queries.get_reservation(tx, reservation_id=reservation_id)
