"""Post what an outside source holds: compared with ours, taken over where it is the master."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.feeds import snapshots as feeds_snapshots
from entrepot.stock.feeds.types import NewSnapshot, SnapshotPosted


@flow(permission="feeds:post", callers=(ApiKey, Staff, Job))
async def post_stock_snapshots(tx: Tx, *, new: NewSnapshot) -> SnapshotPosted:
    """What became of the lines; see `stock.feeds.snapshots.post_snapshot` for the refusals."""
    posted = await feeds_snapshots.post_snapshot(tx, new=new)
    await put_audit(
        tx, verb="post_stock_snapshots", subject="stock_snapshot", subject_id=posted.snapshot_id,
        facts={"drifts": posted.drifts, "overwritten": posted.overwritten},
    )  # fmt: skip
    return posted
