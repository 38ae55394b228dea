"""What a feed told about a SKU."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.feeds import watch as feeds_watch
from entrepot.stock.feeds.watch_types import ToldEvent


@query(permission="feeds:read", callers=(ApiKey, Staff))
async def list_sku_events(
    tx: ReadTx, *, node: str, feed: str, sku: str, most: int
) -> list[ToldEvent]:
    """The newest first, with what became of each; empty outside the caller's warehouses."""
    return await feeds_watch.list_events(tx, node=node, feed=feed, sku=sku, most=most)
