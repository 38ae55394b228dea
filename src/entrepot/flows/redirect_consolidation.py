"""Say where a draft goes: every line is priced for it."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.consolidation import operations
from entrepot.consolidation.repricing import reprice
from entrepot.consolidation.types import Consolidation, Destination
from entrepot.consolidation.viewing import show
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="consolidations:change", callers=(Staff, ApiKey, Shopper))
async def redirect_consolidation(
    tx: Tx, *, consolidation_id: UUID, to: Destination
) -> Consolidation:
    """The draft as it is then. Raises Conflict (`wrong_state`) when it is a draft no longer."""
    head = await operations.take(tx, consolidation_id=consolidation_id)
    await operations.send_to(tx, consolidation_id=head.id, to=to)
    facts: dict[str, object] = {"country": to.country}
    await operations.record(tx, head, "redirected", facts, first=False)
    await reprice(tx, consolidation_id=head.id)
    await put_audit(
        tx,
        verb="redirect_consolidation",
        subject="consolidation",
        subject_id=head.id,
        facts=facts,
    )
    return await show(tx, consolidation_id=head.id)
