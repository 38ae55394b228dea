"""The history of a SKU as a CSV file."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import history
from entrepot.stock.history import Wanted


@query(permission="stock:read", callers=(ApiKey, Staff))
async def export_history(tx: ReadTx, *, sku: str, wanted: Wanted) -> bytes:
    """The newest 20,000 rows. Raises NotFound."""
    return await history.write_history(tx, sku=sku, wanted=wanted)
