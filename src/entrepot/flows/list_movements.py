"""The ledger of stock."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import queries
from entrepot.stock.types import Movement


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_movements(
    tx: ReadTx, *, sku: str | None, reference: str | None, before: UUID | None, most: int
) -> list[Movement]:
    """Newest first, before `before`; of a SKU or of a reference."""
    return await queries.list_movements(tx, sku=sku, reference=reference, before=before, most=most)
