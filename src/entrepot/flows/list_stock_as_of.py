"""What lay where at a past instant."""

from collections.abc import Sequence
from datetime import datetime

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import history
from entrepot.stock.lots.types import StockAsOf


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_stock_as_of(
    tx: ReadTx, *, skus: Sequence[str], node: str | None, after: str, as_of: datetime, most: int
) -> StockAsOf:
    """Of these SKUs, or of the next `most` SKUs of a node behind `after`. Raises Invalid for an
    instant to come."""
    return await history.list_as_of(tx, skus=skus, node=node, after=after, as_of=as_of, most=most)
