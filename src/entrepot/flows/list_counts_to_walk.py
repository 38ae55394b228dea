"""List the live sheets of a warehouse in the order of its bins."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.counts import queries
from entrepot.counts.types import CountSummary
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="counts:read", callers=(Staff, ApiKey))
async def list_counts_to_walk(
    tx: ReadTx, *, warehouse: str, after: UUID | None = None, most: int, code: str = ""
) -> list[CountSummary]:
    """Live sheets by bin, behind `after`; those that only wait for a decision come last.

    With a scanned `code` those of the bin or the SKU that it may stand for.
    """
    return await queries.list_to_walk(
        tx,
        warehouse=warehouse,
        after=after,
        most=most,
        code=code,
        warehouses=scope_of(tx.principal).warehouses,
    )
