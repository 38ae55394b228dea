"""Get a parcel with its timeline."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.parcels import queries
from entrepot.parcels.types import ParcelDetail
from entrepot.platform.database import ReadTx


@query(permission="parcels:read", callers=(ApiKey, Shopper, Staff))
async def get_parcel(tx: ReadTx, *, parcel_id: UUID) -> ParcelDetail:
    """State, last event, place, time, items and everything that happened."""
    return await queries.get_parcel(tx, parcel_id=parcel_id)
