"""List parcels: by number, by customer, by status."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.kernel.refusals import Invalid
from entrepot.parcels import queries
from entrepot.parcels.payloads import read_payload
from entrepot.parcels.types import ParcelSummary
from entrepot.platform.database import ReadTx


@query(permission="parcels:read", callers=(ApiKey, Shopper, Staff))
async def list_parcels(
    tx: ReadTx,
    *,
    tracking_number: str | None = None,
    customer_id: UUID | None = None,
    status: str | None = None,
    after: UUID | None = None,
    most: int = 50,
) -> list[ParcelSummary]:
    """Newest first, behind `after`; a text that is no tracking number finds nothing."""
    number = None
    if tracking_number is not None:
        try:
            number = read_payload(tracking_number).number
        except Invalid:
            return []
    return await queries.list_parcels(
        tx, tracking_number=number, of_customer=customer_id, status=status, after=after, most=most
    )
