"""What the stock of some SKUs is for: pools by node and channel, lots, owners."""

from collections.abc import Sequence

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import strategy
from entrepot.stock.strategy import Strategy


@query(permission="stock:read", callers=(ApiKey, Staff))
async def get_stock_strategy(tx: ReadTx, *, skus: Sequence[str]) -> Strategy:
    """Empty for what is unknown or never lay in the caller's sight."""
    return await strategy.get_strategy(tx, skus=skus)
