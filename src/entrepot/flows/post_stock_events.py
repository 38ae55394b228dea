"""Post what an outside source changed: deltas with its own sequence, applied once each."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.feeds import operations as feeds
from entrepot.stock.feeds.types import FeedPosted, NewFeedEvents


@flow(permission="feeds:post", callers=(ApiKey, Staff, Job))
async def post_stock_events(tx: Tx, *, new: NewFeedEvents) -> FeedPosted:
    """What became of every event; see `stock.feeds.post_events` for the refusals."""
    posted = await feeds.post_events(tx, new=new)
    await put_audit(
        tx, verb="post_stock_events", subject="stock_document", subject_id=posted.document_id,
        facts={"feed": posted.feed, "warehouse": posted.node, "applied": posted.applied},
    )  # fmt: skip
    return posted
