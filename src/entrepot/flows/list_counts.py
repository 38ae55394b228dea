"""List counts: the sheets of a warehouse, live ones first asked for."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.counts import queries
from entrepot.counts.types import CountSummary
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="counts:read", callers=(Staff, ApiKey))
async def list_counts(
    tx: ReadTx,
    *,
    warehouse: str | None = None,
    status: str | None = None,
    live: bool = False,
    after: UUID | None = None,
    most: int = 50,
) -> list[CountSummary]:
    """Newest first, behind `after`; `live`: only those that are not closed."""
    return await queries.list_counts(
        tx,
        warehouse=warehouse,
        status=status,
        live=live,
        after=after,
        most=most,
        warehouses=scope_of(tx.principal).warehouses,
    )
