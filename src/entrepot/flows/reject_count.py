"""Reject a count: nothing is posted, the sheet is closed."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.counts import operations, queries
from entrepot.counts.types import CountSummary
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="counts:approve", callers=(Staff, ApiKey))
async def reject_count(tx: Tx, *, count_id: UUID) -> CountSummary:
    """The closed sheet. Raises Conflict (`wrong_state`) when it is closed already."""
    scope = scope_of(tx.principal).warehouses
    taken = await operations.take_count(tx, count_id=count_id, warehouses=scope)
    await operations.close(tx, taken=taken, verb="reject")
    await put_audit(tx, verb="reject_count", subject="count", subject_id=count_id)
    return await queries.get_summary(tx, count_id=count_id, warehouses=scope)
