"""Runs of the reconciliation."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import ReadTx
from entrepot.reconciliation import queries
from entrepot.reconciliation.types import Run


@query(permission="reconciliation:read", callers=(ApiKey, Operator, Staff))
async def list_reconciliations(tx: ReadTx, *, before: UUID | None, most: int) -> list[Run]:
    """Newest first, before `before`."""
    return await queries.list_runs(tx, before=before, most=most)
