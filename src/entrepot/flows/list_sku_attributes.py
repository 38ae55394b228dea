"""List the extra attributes that SKUs can have."""

from entrepot.access.flow import query
from entrepot.catalog import queries
from entrepot.kernel.attributes import Attribute
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx


@query(permission="catalog:read", callers=(ApiKey, Staff))
async def list_sku_attributes(tx: ReadTx) -> list[Attribute]:
    """Their definitions, by name."""
    return await queries.list_attributes(tx)
