"""Undo a consolidation: until packing starts, its parcels are free again as if nothing was."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.carriers.operations import supersede_quotes
from entrepot.consolidation import operations, queries
from entrepot.consolidation.types import Undone
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="consolidations:change", callers=(Staff, ApiKey, Shopper))
async def undo_consolidation(tx: Tx, *, consolidation_id: UUID) -> Undone:
    """Which parcels were let go. Undoing what is undone changes nothing.

    Raises Conflict (`wrong_state`) once packing has begun.
    """
    head = await queries.get_head(tx, consolidation_id=consolidation_id)
    if head.status == "cancelled":
        return Undone(head.id, head.code, [])
    head = await operations.take(tx, consolidation_id=consolidation_id, verb="cancel")
    claimed = await queries.list_claimed(tx, consolidation_id=consolidation_id)
    parcels = [row.parcel_id for row in claimed]
    await operations.cancel(tx, head)
    await supersede_quotes(tx, subject_kind="consolidation", subject_id=head.id)
    await operations.record(tx, head, "cancelled", {"parcels": parcels}, first=False)
    await put_audit(
        tx,
        verb="undo_consolidation",
        subject="consolidation",
        subject_id=head.id,
        facts={"parcels": parcels},
    )
    return Undone(head.id, head.code, parcels)
