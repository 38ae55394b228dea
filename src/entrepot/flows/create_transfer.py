"""Draw up a transfer: goods that are to go from one node to another."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.transfers import operations as transfers
from entrepot.stock.transfers import queries as transfers_views
from entrepot.stock.transfers.types import NewTransfer, Transfer


@flow(permission="stock:move", callers=(ApiKey, Staff))
async def create_transfer(tx: Tx, *, new: NewTransfer) -> Transfer:
    """The draft; nothing moves yet. Who works at one end may draw it up; see
    `stock.transfers.draft` for the refusals."""
    transfer_id = await transfers.draft(tx, new=new)
    await put_audit(
        tx, verb="create_transfer", subject="transfer", subject_id=transfer_id,
        facts={"lines": len(new.lines)},
    )  # fmt: skip
    return await transfers_views.get_transfer(tx, transfer_id=transfer_id)
