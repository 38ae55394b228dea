"""Suggest bins for goods that wait on the dock."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.arrivals import put_away
from entrepot.stock.arrivals.types import SuggestedBin


@query(permission="stock:read", callers=(Staff, ApiKey))
async def suggest_bins(
    tx: ReadTx, *, node: str, code: str, qty: int | None = None, lot: str = ""
) -> list[SuggestedBin]:
    """The best first: where the lot lies, where the SKU lies, empty ones that are large enough."""
    return await put_away.suggest_bins(tx, node=node, code=code, qty=qty, lot=lot)
