"""Consolidations of a customer, a warehouse, or all that the caller may see."""

from collections.abc import Sequence
from uuid import UUID

from entrepot.access.flow import query
from entrepot.consolidation import queries
from entrepot.consolidation.types import ConsolidationSummary
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.platform.database import ReadTx


@query(permission="consolidations:read", callers=(ApiKey, Shopper, Staff))
async def list_consolidations(
    tx: ReadTx,
    *,
    customer_id: UUID | None = None,
    warehouse: str | None = None,
    statuses: Sequence[str] | None = None,
    after: UUID | None = None,
    most: int = 50,
) -> list[ConsolidationSummary]:
    """Newest first, behind `after`."""
    return await queries.list_consolidations(
        tx,
        customer_id=customer_id,
        warehouse=warehouse,
        statuses=statuses,
        after=after,
        most=most,
    )
