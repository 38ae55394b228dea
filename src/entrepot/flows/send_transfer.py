"""Send a transfer: its goods leave their bins and are under way."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.transfers import operations as transfers
from entrepot.stock.transfers import queries as transfers_views
from entrepot.stock.transfers.types import Loaded, Transfer


@flow(permission="stock:move", callers=(ApiKey, Staff))
async def send_transfer(tx: Tx, *, transfer_id: UUID, loaded: Loaded) -> Transfer:
    """The transfer, sent. What is promised at the sender stays there; what leaves is inbound of
    the receiver. See `stock.transfers.send` for the refusals."""
    document_id = await transfers.send(tx, transfer_id=transfer_id, loaded=loaded)
    await put_audit(
        tx, verb="send_transfer", subject="transfer", subject_id=transfer_id,
        facts={"document_id": document_id},
    )  # fmt: skip
    return await transfers_views.get_transfer(tx, transfer_id=transfer_id)
