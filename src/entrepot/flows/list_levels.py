"""Safety, protected and inbound quantities as they were set."""

from collections.abc import Sequence

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import reads
from entrepot.stock.reads import LevelSet


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_levels(
    tx: ReadTx,
    *,
    sku: str | None = None,
    node: str | None = None,
    behind: Sequence[str] = ("", ""),
    most: int = 200,
) -> list[LevelSet]:
    """By SKU and node behind the pair `behind`, in the caller's warehouses."""
    return await reads.list_levels(tx, sku=sku, node=node, behind=behind, most=most)
