"""How late each feed is."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.feeds import watch as feeds_watch
from entrepot.stock.feeds.watch_types import FeedState


@query(permission="feeds:read", callers=(ApiKey, Staff))
async def list_feed_states(tx: ReadTx, *, node: str | None) -> list[FeedState]:
    """Feeds of the caller's warehouses: silence, lag, alarms."""
    return await feeds_watch.list_states(tx, node=node)
