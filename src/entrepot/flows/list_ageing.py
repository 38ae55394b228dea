"""How long stock has lain: the report of its age."""

from collections.abc import Sequence

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import strategy
from entrepot.stock.strategy import Ageing


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_ageing(
    tx: ReadTx,
    *,
    skus: Sequence[str] | None = None,
    node: str | None = None,
    after: str = "",
    most: int = 100,
) -> list[Ageing]:
    """By SKU behind `after` and node, of at most `most` SKUs."""
    return await strategy.list_ageing(tx, skus=skus, node=node, after=after, most=most)
