"""Watching feeds over the signed API: policies of nodes, lag, alarms, accuracy."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from entrepot.api.cursors import page_by_id
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import LongLimit, NodePath, SomeNode, SomeSku
from entrepot.flows.correct_alarm import correct_alarm
from entrepot.flows.get_accuracy import get_accuracy
from entrepot.flows.list_feed_alarms import list_feed_alarms
from entrepot.flows.list_feed_states import list_feed_states
from entrepot.flows.set_feed_policy import set_feed_policy
from entrepot.stock.feeds.watch_types import Accuracy, Alarm, FeedPolicy, FeedState, NodePolicy


@put("/nodes/{code:str}/feed-policy", tags=["stock"])
async def put_feed_policy(
    code: NodePath, data: JSONBody[FeedPolicy], caller: CallerOf, db: DatabaseOf
) -> NodePolicy:
    """How long the node's source may be silent, and what becomes of its goods then."""
    return await set_feed_policy(db, caller.principal, caller.stamp, node=code, policy=data)


@get("/stock/feeds/states", tags=["stock"])
async def get_feed_states(
    caller: CallerOf, db: DatabaseOf, node: SomeNode = None
) -> Listed[FeedState]:
    """Feeds: how long each has been silent, median and 95th percentile of its lag."""
    return Listed(await list_feed_states(db, caller.principal, node=node))


@get("/stock/feeds/alarms", tags=["stock"])
async def get_feed_alarms(
    caller: CallerOf,
    db: DatabaseOf,
    node: SomeNode = None,
    alarm_state: Annotated[
        Literal["open", "corrected", "gone"] | None, QueryParameter(name="state")
    ] = None,
    before: FromQuery[UUID | None] = None,
    limit: LongLimit = 200,
) -> Listed[Alarm]:
    """What sweeps noticed without waiting for a snapshot, newest first."""
    found = await list_feed_alarms(
        db, caller.principal, node=node, state=alarm_state, before=before, most=limit
    )
    return page_by_id(found, limit)


@post("/stock/feeds/alarms/{alarm_id:uuid}/correct", status_code=200, tags=["stock"])
async def post_correct_alarm(alarm_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Alarm:
    """Post the correction that an alarm proposes, once."""
    return await correct_alarm(db, caller.principal, caller.stamp, alarm_id=alarm_id)


@get("/stock/accuracy", tags=["stock"])
async def get_stock_accuracy(
    caller: CallerOf,
    db: DatabaseOf,
    node: SomeNode = None,
    sku: SomeSku = None,
    limit: LongLimit = 200,
) -> Accuracy:
    """Ours against the sources': node by node, and SKU by SKU what differs now."""
    return await get_accuracy(db, caller.principal, node=node, sku=sku, most=limit)


FEED_WATCH_ROUTES: list[HTTPRouteHandler] = [
    put_feed_policy, get_feed_states, get_feed_alarms, post_correct_alarm, get_stock_accuracy,
]  # fmt: skip
