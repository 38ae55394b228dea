"""What was told of a period after it was closed."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.reconciliation import periods
from entrepot.reconciliation.types import LateEntry


@query(permission="reconciliation:read", callers=(ApiKey, Staff))
async def list_late_entries(tx: ReadTx, *, code: str, after: str, most: int) -> list[LateEntry]:
    """By document, behind the cursor `after`, in the caller's warehouses; NotFound."""
    return await periods.list_late(tx, code=code, after=after, most=most)
