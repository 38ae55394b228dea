"""How far our numbers are from the sources', live."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.feeds import watch as feeds_watch
from entrepot.stock.feeds.watch_types import Accuracy


@query(permission="feeds:read", callers=(ApiKey, Staff))
async def get_accuracy(tx: ReadTx, *, node: str | None, sku: str | None, most: int) -> Accuracy:
    """By node, and SKU by SKU what differs, the worst first; nothing at rest."""
    return await feeds_watch.accuracy(tx, node=node, sku=sku, most=most)
