"""Look at every feed: silence, lag, gaps, what waits, what came twice."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import Job
from entrepot.platform.database import Tx
from entrepot.stock.feeds import watch as feeds_watch
from entrepot.stock.feeds.watch_types import Swept


@flow(permission="feeds:read", callers=(Job,))
async def sweep_feeds(tx: Tx) -> Swept:
    """What the sweep did; see `stock.feeds.watch.sweep`."""
    return await feeds_watch.sweep(tx)
