"""Close a transfer short: what is still under way will not come."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import transfers, transfers_views
from entrepot.stock.transfers_types import ClosedShort, Transfer


@flow(permission="stock:receive", callers=(ApiKey, Staff))
async def close_transfer(tx: Tx, *, transfer_id: UUID, short: ClosedShort) -> Transfer:
    """The transfer, short. Raises NotFound unless the caller works where it should have arrived,
    Conflict `wrong_state` when nothing of it is under way."""
    document_id = await transfers.close_short(tx, transfer_id=transfer_id, reason=short.reason)
    await put_audit(
        tx, verb="close_transfer", subject="transfer", subject_id=transfer_id,
        facts={"document_id": document_id, "reason": short.reason},
    )  # fmt: skip
    return await transfers_views.get_transfer(tx, transfer_id=transfer_id)
