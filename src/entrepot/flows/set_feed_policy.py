"""Say how long a node's source may be silent, and what becomes of its goods then."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.feeds import watch as feeds_watch
from entrepot.stock.feeds.watch_types import FeedPolicy, NodePolicy


@flow(permission="nodes:change", callers=(ApiKey, Operator, Staff))
async def set_feed_policy(tx: Tx, *, node: str, policy: FeedPolicy) -> NodePolicy:
    """The policy in force; the next sweep goes by it. NotFound outside the caller's warehouses."""
    made = await feeds_watch.set_policy(tx, node=node, policy=policy)
    await put_audit(
        tx, verb="set_feed_policy", subject="node", subject_id=None,
        facts={"node": node, "stale_after_s": made.stale_after_s, "policy": made.stale_policy},
    )  # fmt: skip
    return made
