"""What lies where."""

from collections.abc import Sequence

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import queries
from entrepot.stock.types import StockRow


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_stock(
    tx: ReadTx,
    *,
    skus: Sequence[str],
    node: str | None,
    behind: Sequence[str] = ("", "", "", "", ""),
    most: int = 200,
) -> list[StockRow]:
    """Of these SKUs (in a node, if one is named), else all of a node, else all; by SKU and place
    behind the row of key `behind`."""
    return await queries.list_stock(tx, skus=skus, node=node, behind=behind, most=most)
