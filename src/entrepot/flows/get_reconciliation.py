"""One run of the reconciliation."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.reconciliation import queries
from entrepot.reconciliation.types import Run


@query(permission="reconciliation:read", callers=(ApiKey, Staff))
async def get_reconciliation(tx: ReadTx, *, run_id: UUID) -> Run:
    """The run; NotFound."""
    return await queries.get_run(tx, run_id=run_id)
