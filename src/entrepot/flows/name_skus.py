"""Name the SKUs that stock pages speak of."""

from collections.abc import Sequence

from entrepot.access.flow import query
from entrepot.catalog.queries import names_of
from entrepot.kernel.principals import Staff
from entrepot.platform.database import ReadTx


@query(permission="stock:read", callers=(Staff,))
async def name_skus(tx: ReadTx, *, skus: Sequence[str]) -> dict[str, dict[str, str]]:
    """Names by language of each SKU, by its code; unknown ones are left out."""
    return await names_of(tx, codes=skus)
