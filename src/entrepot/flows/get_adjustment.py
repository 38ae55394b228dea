"""An adjustment with its lines and notes."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.adjustment_types import Adjustment
from entrepot.stock.adjustments import queries as adjustment_queries


@query(permission="stock:read", callers=(ApiKey, Staff))
async def get_adjustment(tx: ReadTx, *, adjustment_id: UUID) -> Adjustment:
    """The adjustment whole. Raises NotFound."""
    return await adjustment_queries.get_adjustment(tx, adjustment_id=adjustment_id)
