"""The feeds of outside sources and how good each is."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.feeds import operations as feeds
from entrepot.stock.feeds.types import FeedQuality


@query(permission="feeds:read", callers=(ApiKey, Staff))
async def list_feeds(tx: ReadTx, *, node: str | None) -> list[FeedQuality]:
    """By node and code; of one node."""
    return await feeds.list_feeds(tx, node=node)
