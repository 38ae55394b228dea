"""Trace a reference back: which lots moved with it, and by which receipts they had come."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.lots import queries as lots
from entrepot.stock.lots.types import TracedLine


@query(permission="stock:read", callers=(ApiKey, Staff))
async def trace_reference(
    tx: ReadTx, *, reference: str, before: UUID | None, most: int
) -> list[TracedLine]:
    """Newest first, before `before`; of an order, a reservation, a shipment or a receipt."""
    return await lots.trace_reference(tx, reference=reference, before=before, most=most)
