"""What sweeps noticed of feeds."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.feeds import watch as feeds_watch
from entrepot.stock.feeds.watch_types import Alarm


@query(permission="feeds:read", callers=(ApiKey, Staff))
async def list_feed_alarms(
    tx: ReadTx, *, node: str | None, state: str | None, before: UUID | None, most: int
) -> list[Alarm]:
    """Newest first, before `before`, in the caller's warehouses."""
    return await feeds_watch.list_alarms(tx, node=node, state=state, before=before, most=most)
