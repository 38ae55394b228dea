"""Goods that are not in order: damaged, in quarantine, on hold, expired."""

from collections.abc import Sequence

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.adjustment_types import KeptBackRow
from entrepot.stock.adjustments import queries as adjustment_queries


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_kept_back(
    tx: ReadTx, *, node: str | None, sku: str | None, statuses: Sequence[str],
    after: Sequence[str], most: int,
) -> list[KeptBackRow]:  # fmt: skip
    """By node, status, SKU, bin, lot and owner, behind the row `after`."""
    return await adjustment_queries.list_kept_back(
        tx, node=node, sku=sku, statuses=statuses, after=after, most=most
    )
