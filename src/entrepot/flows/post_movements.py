"""Post movements of stock: receive, move, count, scrap … in documents of many lines."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import adjustment_rules, coming, operations, queries
from entrepot.stock.arrivals.returns import check_posted
from entrepot.stock.feeds import operations as feeds
from entrepot.stock.types import NewMovements, Posted


@flow(permission="stock:move", callers=(ApiKey, Staff, Job))
async def post_movements(tx: Tx, *, document: NewMovements) -> Posted:
    """All lines of the document, or none; see `stock.operations.post` for the refusals, and
    Conflict `master_is_outside` where another system tells the quantities of a node, and what
    `stock.adjustment_rules.check_document` leaves to adjustments. Kits come
    in as their parts, goods kept by date with it, under that date where they have no lot."""
    adjustment_rules.check_document(document.lines, tx.principal.permissions)
    lines = await coming.as_kept(tx, movements=document.lines)
    await queries.refuse_incomplete(tx, movements=lines)
    await feeds.refuse_edits(tx, movements=lines)
    await check_posted(tx, reference=document.reference, movements=lines)
    posted = await operations.post(tx, reference=document.reference, movements=lines)
    await put_audit(
        tx, verb="post_movements", subject="stock_document", subject_id=posted.document_id,
        facts={"lines": len(document.lines)},
    )  # fmt: skip
    return posted
