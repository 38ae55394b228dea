"""Look at one reservation."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import queries
from entrepot.stock.types import Reservation


@query(permission="reservations:read", callers=(ApiKey, Staff))
async def get_reservation(tx: ReadTx, *, reservation_id: UUID) -> Reservation:
    """The reservation; NotFound when a line of it lies outside the caller's warehouses."""
    return await queries.get_reservation(tx, reservation_id=reservation_id)
