"""Call off a transfer that has not left."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.transfers import operations as transfers
from entrepot.stock.transfers import queries as transfers_views
from entrepot.stock.transfers.types import Transfer


@flow(permission="stock:move", callers=(ApiKey, Staff))
async def cancel_transfer(tx: Tx, *, transfer_id: UUID) -> Transfer:
    """The transfer, cancelled. Raises NotFound, or Conflict `wrong_state` when it was sent."""
    await transfers.cancel(tx, transfer_id=transfer_id)
    await put_audit(tx, verb="cancel_transfer", subject="transfer", subject_id=transfer_id)
    return await transfers_views.get_transfer(tx, transfer_id=transfer_id)
