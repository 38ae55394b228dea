"""Periods and what they closed with."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.reconciliation import periods
from entrepot.reconciliation.types import Period


@query(permission="reconciliation:read", callers=(ApiKey, Staff))
async def list_periods(tx: ReadTx, *, before: str | None, most: int) -> list[Period]:
    """Newest first, before the one with the code `before`; sums are of the caller's warehouses."""
    return await periods.list_all(tx, before=before, most=most)
