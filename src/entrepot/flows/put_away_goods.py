"""Put goods away: from the dock, or any bin, into a bin."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.arrivals import put_away
from entrepot.stock.arrivals.types import NewPutAway, PutAwayDone


@flow(permission="stock:move", callers=(Staff, ApiKey))
async def put_away_goods(tx: Tx, *, new: NewPutAway) -> PutAwayDone:
    """The goods in their bin. See `stock.put_away.put_away` for the refusals."""
    done = await put_away.put_away(tx, new=new)
    await put_audit(
        tx, verb="put_away_goods", subject="stock_document", subject_id=done.document_id,
        facts={"sku": done.sku, "units": done.qty},
    )  # fmt: skip
    return done
