"""The stock of one SKU: by node, by channel, by status."""

from entrepot.access.flow import query
from entrepot.kernel.principals import Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import levels
from entrepot.stock.levels import SkuStock


@query(permission="stock:read", callers=(Staff,))
async def get_sku_stock(tx: ReadTx, *, sku: str) -> SkuStock:
    """Levels as the guarding rows have them; empty for what never lay in the caller's sight."""
    return await levels.get_sku_stock(tx, sku=sku)
