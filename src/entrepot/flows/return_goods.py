"""Take goods back from a customer: good, damaged or in quarantine."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.arrivals import returns
from entrepot.stock.arrivals.types import NewReturn, Returned


@flow(permission="stock:receive", callers=(Staff, ApiKey))
async def return_goods(tx: Tx, *, new: NewReturn) -> Returned:
    """All lines, or none; never more than was shipped. See `stock.returns.take_back`."""
    done = await returns.take_back(tx, new=new)
    await put_audit(
        tx, verb="return_goods", subject="stock_document", subject_id=done.document_id,
        facts={"lines": len(new.lines), "without_sale": new.without_sale},
    )  # fmt: skip
    return done
