"""Receive goods at a dock, against an ASN or without one."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.arrivals import operations as arrivals
from entrepot.stock.arrivals.types import NewReceipt, Received


@flow(permission="stock:receive", callers=(ApiKey, Staff, Job))
async def receive_goods(tx: Tx, *, new: NewReceipt) -> Received:
    """All lines, or none. See `stock.arrivals.receive` for the refusals."""
    done = await arrivals.receive(tx, new=new)
    await put_audit(
        tx, verb="receive_goods", subject="stock_document", subject_id=done.document_id,
        facts={"asn": new.asn, "lines": len(new.lines), "accepted": new.accept},
    )  # fmt: skip
    return done
