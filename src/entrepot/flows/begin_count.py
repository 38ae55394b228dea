"""Begin a count: the counter stands at the bin, the book of this moment is kept."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.counts import operations, queries
from entrepot.counts.types import CountSummary
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="counts:count", callers=(Staff, ApiKey))
async def begin_count(tx: Tx, *, count_id: UUID) -> CountSummary:
    """The sheet without the book. Raises Conflict (`wrong_state`) when no round is open."""
    scope = scope_of(tx.principal).warehouses
    taken = await operations.take_count(tx, count_id=count_id, warehouses=scope)
    await operations.begin(tx, taken=taken)
    await put_audit(tx, verb="begin_count", subject="count", subject_id=count_id)
    return await queries.get_summary(tx, count_id=count_id, warehouses=scope)
