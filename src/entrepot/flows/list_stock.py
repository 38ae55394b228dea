"""What lies where."""

from collections.abc import Sequence

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import queries
from entrepot.stock.types import StockRow


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_stock(
    tx: ReadTx, *, skus: Sequence[str], node: str | None, after: str = "", most: int = 200
) -> list[StockRow]:
    """Of these SKUs (in a node, if one is named), or all of a node by SKU behind `after`."""
    if skus or node is None:
        return await queries.list_stock(tx, skus=skus, node=node, most=most)
    return await queries.list_stock_of_node(tx, node=node, after=after, most=most)
