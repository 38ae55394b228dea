"""The history of a SKU, with what lay there after each movement."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import history
from entrepot.stock.history import Wanted
from entrepot.stock.lots.types import HistoryRow


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_history(
    tx: ReadTx, *, sku: str, wanted: Wanted, before: UUID | None, most: int
) -> list[HistoryRow]:
    """Newest first, before `before`. Raises NotFound."""
    return await history.list_history(tx, sku=sku, wanted=wanted, before=before, most=most)
