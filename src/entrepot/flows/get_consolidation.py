"""One consolidation: its parcels, what is predicted, every line side by side."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.consolidation import viewing
from entrepot.consolidation.types import Consolidation
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.platform.database import ReadTx


@query(permission="consolidations:read", callers=(ApiKey, Shopper, Staff))
async def get_consolidation(tx: ReadTx, *, consolidation_id: UUID) -> Consolidation:
    """As it is now; NotFound when it is unknown or not the caller's."""
    return await viewing.show(tx, consolidation_id=consolidation_id)
