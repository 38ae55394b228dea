"""The document to which a movement belongs: everything that was posted with it."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import history
from entrepot.stock.lots.types import DocumentRow


@query(permission="stock:read", callers=(ApiKey, Staff))
async def get_document(tx: ReadTx, *, movement_id: UUID) -> list[DocumentRow]:
    """Its movements in the caller's warehouses, 500 at most. Raises NotFound."""
    return await history.get_document(tx, movement_id=movement_id)
