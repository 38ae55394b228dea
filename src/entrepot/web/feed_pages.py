"""Feeds in the office: how late each is, how far its numbers are from ours, what was noticed."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.correct_alarm import correct_alarm
from entrepot.flows.get_accuracy import get_accuracy
from entrepot.flows.list_drifts import list_drifts
from entrepot.flows.list_feed_alarms import list_feed_alarms
from entrepot.flows.list_feed_states import list_feed_states
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_sku_events import list_sku_events
from entrepot.flows.set_feed_policy import set_feed_policy
from entrepot.kernel.refusals import NotFound, Refusal
from entrepot.platform.documents import convert
from entrepot.stock.feeds.watch_types import FeedPolicy
from entrepot.web import reconciliation_words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.files import csv_file
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.reconciliation_pages import HOME
from entrepot.web.refusals import SHOWN, by_field
from entrepot.web.staff_pages import staff_of, warehouses_of
from entrepot.web.visits import PageRequest, Visit

_PAGE, _MOVES = 100, 50
_FEEDS = f"{HOME}/feeds"


@get("/admin/reconciliation/feeds")
async def feeds(deps: Deps, visit: Visiting, node: FromQuery[str] = "") -> Response[str]:
    """All feeds, or those of one warehouse."""
    return await _feeds(deps, visit, node=node.strip()[:16])


async def _feeds(
    deps: Site,
    visit: Visit,
    *,
    node: str = "",
    refusal: Refusal | None = None,
    given: Form | None = None,
) -> Response[str]:
    by, place = staff_of(visit), node or None
    return page(
        visit,
        "admin/feeds.html",
        deps=deps,
        states=await list_feed_states(deps.db, by, node=place),
        alarms=await list_feed_alarms(
            deps.db, by, node=place, state="open", before=None, most=_PAGE
        ),
        accuracy=await get_accuracy(deps.db, by, node=place, sku=None, most=_PAGE),
        node=node,
        warehouses=await warehouses_of(deps, by),
        repairs=visit.allowed("reconciliation:repair"),
        changes=visit.allowed("nodes:change"),
        names=reconciliation_words,
        refusal=refusal,
        given=given.fields if given else {},
        errors=by_field(visit, refusal),
    )


@post("/admin/reconciliation/feeds")
async def set_policy(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """What becomes of a warehouse's goods when its source is silent."""
    form = await read_form(request)
    node = form.text("node")[:16]
    try:
        numbers = form.whole("stale_after_s", "buffer", "lag_limit_s")
        policy = convert({**numbers, "stale_policy": form.text("stale_policy")}, FeedPolicy)
        await set_feed_policy(
            deps.db, staff_of(visit), stamp_of(request, form), node=node, policy=policy
        )
    except SHOWN as refusal:
        return await _feeds(deps, visit, refusal=refusal, given=form)
    return see_other(visit, f"{visit.base}/{_FEEDS}")


@post("/admin/reconciliation/alarms/{alarm_id:uuid}")
async def correct(
    request: PageRequest, deps: Deps, visit: Visiting, alarm_id: FromPath[UUID]
) -> Response[str]:
    """Post what an alarm proposes, once."""
    form = await read_form(request)
    try:
        await correct_alarm(deps.db, staff_of(visit), stamp_of(request, form), alarm_id=alarm_id)
    except SHOWN as refusal:
        if refusal.code == "unknown_alarm":
            raise
        return await _feeds(deps, visit, refusal=refusal)
    return see_other(visit, f"{visit.base}/{_FEEDS}")


@get("/admin/reconciliation/feeds/{node:str}/{feed:str}/{sku:str}")
async def feed_sku(
    deps: Deps, visit: Visiting, node: FromPath[str], feed: FromPath[str], sku: FromPath[str]
) -> Response[str]:
    """Feed → node → SKU: the events that were told and the movements that were made of them."""
    by = staff_of(visit)
    states = await list_feed_states(deps.db, by, node=node)
    state = next((one for one in states if one.feed == feed), None)
    if state is None:
        raise NotFound("there is no such feed", code="no_such_page")
    return page(
        visit,
        "admin/feed_sku.html",
        deps=deps,
        state=state,
        sku=sku,
        events=await list_sku_events(deps.db, by, node=node, feed=feed, sku=sku, most=_PAGE),
        errors_of=(await get_accuracy(deps.db, by, node=node, sku=sku, most=_PAGE)).errors,
        drifts=[
            one for one in await list_drifts(
                deps.db, by, node=node, feed=feed, state=None, before=None, most=_PAGE
            ) if one.sku == sku
        ],
        moves=await list_movements(
            deps.db, by, sku=sku, reference=None, before=None, most=_MOVES
        ),
        names=reconciliation_words,
    )  # fmt: skip


@get("/admin/reconciliation/feeds/export")
async def export(deps: Deps, visit: Visiting) -> Response[bytes]:
    """Feeds with their lags as CSV."""
    rows = await list_feed_states(deps.db, staff_of(visit), node=None)
    return csv_file(
        "feeds", ("node", "feed", "heard_at", "silent_s", "lag_p50_s", "lag_p95_s",
                  "lag_limit_s", "stale_policy", "stale_since", "alarms"),
        [(r.node, r.feed, r.heard_at, r.silent_s, r.lag_p50_s, r.lag_p95_s, r.lag_limit_s,
          r.stale_policy, r.stale_since, r.alarms) for r in rows],
    )  # fmt: skip


FEED_PAGES = [feeds, set_policy, correct, feed_sku, export]
