"""Recalls, open and closed."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.lots import recalls
from entrepot.stock.lots.recall_types import RecallSummary


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_recalls(
    tx: ReadTx, *, state: str | None, before: UUID | None, most: int
) -> list[RecallSummary]:
    """Newest first, before `before`; in a state."""
    return await recalls.list_recalls(tx, state=state, before=before, most=most)
