"""Who received goods of a recall, as a file to take along."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.lots import recalls


@query(permission="stock:read", callers=(ApiKey, Staff))
async def export_recipients(tx: ReadTx, *, recall_id: UUID, form: str) -> bytes:
    """Up to 20,000 rows as `csv` or `xlsx`. Raises NotFound."""
    return await recalls.write_recipients(tx, recall_id=recall_id, form=form)
