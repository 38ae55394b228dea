"""Adjustments, those that wait for a decision among them."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.adjustment_types import AdjustmentSummary
from entrepot.stock.adjustments import queries as adjustment_queries


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_adjustments(
    tx: ReadTx, *, node: str | None, state: str | None, before: UUID | None, most: int
) -> list[AdjustmentSummary]:
    """Newest first, before `before`; of a node, in a state."""
    return await adjustment_queries.list_adjustments(
        tx, node=node, state=state, before=before, most=most
    )
