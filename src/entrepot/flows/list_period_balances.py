"""The frozen balances of a period."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.reconciliation import periods
from entrepot.reconciliation.types import PeriodLine


@query(permission="reconciliation:read", callers=(ApiKey, Staff))
async def list_period_balances(
    tx: ReadTx, *, code: str, node: str | None, sku: str | None, after: str, most: int
) -> list[PeriodLine]:
    """By SKU, behind the cursor `after`, in the caller's warehouses; NotFound."""
    return await periods.list_balances(tx, code=code, node=node, sku=sku, after=after, most=most)
