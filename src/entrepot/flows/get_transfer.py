"""Look at one transfer."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.transfers import queries as transfers_views
from entrepot.stock.transfers.types import Transfer


@query(permission="stock:read", callers=(ApiKey, Staff))
async def get_transfer(tx: ReadTx, *, transfer_id: UUID) -> Transfer:
    """The transfer; NotFound when neither of its ends is the caller's."""
    return await transfers_views.get_transfer(tx, transfer_id=transfer_id)
