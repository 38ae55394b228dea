"""Truth from outside over the signed API: deltas, snapshots, drifts and their correction."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from entrepot.api.cursors import page_by_id
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import LongLimit, SomeNode
from entrepot.flows.correct_drift import correct_drift
from entrepot.flows.list_drifts import list_drifts
from entrepot.flows.list_feeds import list_feeds
from entrepot.flows.post_stock_events import post_stock_events
from entrepot.flows.post_stock_snapshots import post_stock_snapshots
from entrepot.stock.feeds.types import (
    Drift,
    FeedPosted,
    FeedQuality,
    NewFeedEvents,
    NewSnapshot,
    SnapshotPosted,
)


@post("/stock/events", tags=["stock"])
async def post_events(
    data: JSONBody[NewFeedEvents], caller: CallerOf, db: DatabaseOf
) -> FeedPosted:
    """Changes that an outside source made, each with its own sequence and applied once.

    What was heard before is acknowledged without effect; unknown SKUs and deltas that would go
    below zero are kept and tried again with the next word about their SKU.
    """
    return await post_stock_events(db, caller.principal, caller.stamp, new=data)


@post("/stock/snapshots", tags=["stock"])
async def post_snapshots(
    data: JSONBody[NewSnapshot], caller: CallerOf, db: DatabaseOf
) -> SnapshotPosted:
    """What an outside source held at an instant, compared with ours as of that instant.

    Where the node's master of quantities is outside, its numbers become ours; where it is
    Entrepot, differences are kept as drifts.
    """
    return await post_stock_snapshots(db, caller.principal, caller.stamp, new=data)


@get("/stock/drifts", tags=["stock"])
async def get_drifts(
    caller: CallerOf,
    db: DatabaseOf,
    node: SomeNode = None,
    feed: Annotated[str | None, QueryParameter(max_length=40)] = None,
    drift_state: Annotated[
        Literal["open", "corrected", "dismissed"] | None, QueryParameter(name="state")
    ] = None,
    before: FromQuery[UUID | None] = None,
    limit: LongLimit = 200,
) -> Listed[Drift]:
    """Where sources and we differ, newest first, with the likely cause and one correction."""
    found = await list_drifts(
        db, caller.principal, node=node, feed=feed, state=drift_state, before=before, most=limit
    )
    return page_by_id(found, limit)


@post("/stock/drifts/{drift_id:uuid}/correct", status_code=200, tags=["stock"])
async def post_correct_drift(drift_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Drift:
    """Post the correction of a drift, once."""
    return await correct_drift(db, caller.principal, caller.stamp, drift_id=drift_id)


@get("/stock/feeds", tags=["stock"])
async def get_feeds(caller: CallerOf, db: DatabaseOf, node: SomeNode = None) -> Listed[FeedQuality]:
    """Feeds and how good each is, in per mille."""
    return Listed(await list_feeds(db, caller.principal, node=node))


FEED_ROUTES: list[HTTPRouteHandler] = [
    post_events, post_snapshots, get_drifts, post_correct_drift, get_feeds,
]  # fmt: skip
