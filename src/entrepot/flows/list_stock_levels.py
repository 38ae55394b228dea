"""How much there is of each SKU, and what of it may still be promised."""

from entrepot.access.flow import query
from entrepot.kernel.principals import Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import levels
from entrepot.stock.levels import SkuLevel


@query(permission="stock:read", callers=(Staff,))
async def list_stock_levels(
    tx: ReadTx, *, search: str | None = None, node: str | None = None, after: str = "", most: int
) -> list[SkuLevel]:
    """By SKU code, behind `after`, over the nodes in the caller's sight."""
    return await levels.list_levels(tx, search=search, node=node, after=after, most=most)
