"""Where an outside source and we differ."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.feeds import operations as feeds
from entrepot.stock.feeds.types import Drift


@query(permission="feeds:read", callers=(ApiKey, Staff))
async def list_drifts(
    tx: ReadTx, *, node: str | None, feed: str | None, state: str | None, before: UUID | None,
    most: int,
) -> list[Drift]:  # fmt: skip
    """Newest first, before `before`."""
    return await feeds.list_drifts(tx, node=node, feed=feed, state=state, before=before, most=most)
