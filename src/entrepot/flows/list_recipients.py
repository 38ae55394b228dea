"""Who received goods of a recall, and how much."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.lots import recalls
from entrepot.stock.lots.recall_types import Recipient


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_recipients(tx: ReadTx, *, recall_id: UUID, after: int, most: int) -> list[Recipient]:
    """By reference, behind so many rows; from the caller's warehouses. Raises NotFound."""
    return await recalls.list_recipients(tx, recall_id=recall_id, after=after, most=most)
