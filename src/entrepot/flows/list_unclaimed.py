"""List parcels without owner: the unclaimed queue."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.parcels import queries
from entrepot.parcels.types import UnclaimedParcel
from entrepot.platform.database import ReadTx


@query(permission="parcels:read", callers=(ApiKey, Shopper, Staff))
async def list_unclaimed(
    tx: ReadTx, *, warehouse: str | None = None, after: UUID | None = None, most: int = 50
) -> list[UnclaimedParcel]:
    """Newest first, behind `after`. Shoppers see masked numbers and nothing personal."""
    return await queries.list_unclaimed(tx, warehouse=warehouse, after=after, most=most)
