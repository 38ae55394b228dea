"""List the goods categories."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.parcels import queries
from entrepot.parcels.types import Category
from entrepot.platform.database import ReadTx


@query(permission="settings:read", callers=(ApiKey, Shopper, Staff))
async def list_categories(tx: ReadTx) -> list[Category]:
    """Every category with its tags, by code."""
    return await queries.list_categories(tx)
