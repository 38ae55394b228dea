"""A recall: its lots, where they lie, how much of them left."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.lots import recalls
from entrepot.stock.lots.recall_types import Recall


@query(permission="stock:read", callers=(ApiKey, Staff))
async def get_recall(tx: ReadTx, *, recall_id: UUID) -> Recall:
    """The recall, of goods in the caller's warehouses. Raises NotFound."""
    return await recalls.get_recall(tx, recall_id=recall_id)
