"""One SKU."""

from entrepot.access.flow import query
from entrepot.catalog import queries
from entrepot.catalog.types import Sku
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx


@query(permission="catalog:read", callers=(ApiKey, Staff))
async def get_sku(tx: ReadTx, *, code: str) -> Sku:
    """The SKU of this code, open or closed. Raises NotFound."""
    return await queries.get_sku(tx, code=code)
