"""Take a parcel out of a draft: it is free again, and the draft is priced anew."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.consolidation import operations
from entrepot.consolidation.repricing import reprice
from entrepot.consolidation.types import Consolidation
from entrepot.consolidation.viewing import show
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.kernel.refusals import NotFound
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="consolidations:change", callers=(Staff, ApiKey, Shopper))
async def remove_from_consolidation(
    tx: Tx, *, consolidation_id: UUID, parcel_id: UUID
) -> Consolidation:
    """The draft as it is then. Raises NotFound (`not_in_draft`), Conflict (`wrong_state`)."""
    head = await operations.take(tx, consolidation_id=consolidation_id)
    if not await operations.release(tx, consolidation_id=head.id, parcel_ids=[parcel_id]):
        raise NotFound("this parcel is not in the draft", code="not_in_draft")
    facts: dict[str, object] = {"parcels": [parcel_id], "why": "asked"}
    await operations.record(tx, head, "parcels_removed", facts, first=False)
    await reprice(tx, consolidation_id=head.id)
    await put_audit(
        tx,
        verb="remove_from_consolidation",
        subject="consolidation",
        subject_id=head.id,
        facts=facts,
    )
    return await show(tx, consolidation_id=head.id)
