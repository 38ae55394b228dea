"""Get a count: the sheet, and for those who approve what the book says."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.counts import queries
from entrepot.counts.types import Count
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="counts:read", callers=(Staff, ApiKey))
async def get_count(tx: ReadTx, *, count_id: UUID) -> Count:
    """One sheet. A count is blind: book and differences only with `counts:approve`."""
    return await queries.get_count(
        tx,
        count_id=count_id,
        sees_book="counts:approve" in tx.principal.permissions,
        warehouses=scope_of(tx.principal).warehouses,
    )
