"""Receive a transfer, in parts or all of it."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import transfers_short
from entrepot.stock.transfers import operations as transfers
from entrepot.stock.transfers import queries as transfers_views
from entrepot.stock.transfers.types import Arrived, Transfer


@flow(permission="stock:receive", callers=(ApiKey, Staff))
async def receive_transfer(tx: Tx, *, transfer_id: UUID, arrived: Arrived) -> Transfer:
    """The transfer as it stands; what came goes to the oldest backorders of its node first. With
    the last of it a request to close it short is withdrawn. See `stock.transfers.receive` for the
    refusals."""
    document_id = await transfers.receive(tx, transfer_id=transfer_id, arrived=arrived)
    ended = await transfers_short.end_asked(tx, transfer_id=transfer_id)
    await put_audit(
        tx, verb="receive_transfer", subject="transfer", subject_id=transfer_id,
        facts={"document_id": document_id, "request_ended": ended},
    )  # fmt: skip
    return await transfers_views.get_transfer(tx, transfer_id=transfer_id)
