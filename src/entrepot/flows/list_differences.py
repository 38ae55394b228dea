"""Where a copy does not say what it is a copy of."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.database import ReadTx
from entrepot.reconciliation import queries
from entrepot.reconciliation.types import Difference


@query(permission="reconciliation:read", callers=(ApiKey, Operator, Staff))
async def list_differences(
    tx: ReadTx,
    *,
    difference_id: UUID | None = None,
    state: str | None = None,
    kind: str | None = None,
    node: str | None = None,
    before: UUID | None = None,
    most: int,
) -> list[Difference]:
    """Newest first, before `before`, in the caller's warehouses."""
    return await queries.list_differences(
        tx, difference_id=difference_id, state=state, kind=kind, node=node, before=before, most=most
    )
