"""List SKUs: by search, by tag, open or closed."""

from entrepot.access.flow import query
from entrepot.catalog import queries
from entrepot.catalog.types import Sku
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx


@query(permission="catalog:read", callers=(ApiKey, Staff))
async def list_skus(
    tx: ReadTx,
    *,
    search: str | None = None,
    tag: str | None = None,
    closed: bool | None = False,
    after: str = "",
    most: int = 50,
) -> list[Sku]:
    """SKUs by code, behind `after`; `closed` None gives both."""
    return await queries.list_skus(
        tx, search=search, tag=tag, closed=closed, after=after, most=most
    )
