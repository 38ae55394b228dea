"""Watching feeds: silence and what becomes of the goods, lag, gaps, twins, accuracy."""

import asyncio
import random
from datetime import timedelta

import msgspec
import pytest

from entrepot.flows.change_node import change_node
from entrepot.flows.correct_alarm import correct_alarm
from entrepot.flows.get_accuracy import get_accuracy
from entrepot.flows.list_availability_changes import list_availability_changes
from entrepot.flows.list_feed_alarms import list_feed_alarms
from entrepot.flows.list_feed_states import list_feed_states
from entrepot.flows.list_sku_events import list_sku_events
from entrepot.flows.post_stock_events import post_stock_events
from entrepot.flows.post_stock_snapshots import post_stock_snapshots
from entrepot.flows.set_feed_policy import set_feed_policy
from entrepot.flows.sweep_feeds import sweep_feeds
from entrepot.jobs.watching import WATCH_S, watch_feeds
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from entrepot.nodes.working_types import ChangedNode
from entrepot.platform import faults
from entrepot.stock.feeds import watch as feeds_watch
from entrepot.stock.feeds.types import NewFeedEvents, NewSnapshot
from entrepot.stock.feeds.watch import GRACE, list_policies
from entrepot.stock.feeds.watch_types import Alarm, FeedPolicy, SkuError, Swept
from entrepot.stock.queries import routing_snapshot
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock

SECOND = 1 / 3600


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(autouse=True)
async def heard_again(stock: Stock):
    """Each test begins and ends with nothing held back."""
    yield
    faults._armed.clear()
    for node in ("N1", "N2", "N3"):
        await policy(stock, node, "ignore")
    await sweep(stock)
    assert await stock.violations() == {}


async def policy(
    stock: Stock, node: str, what: str, *, after: int = 60, buffer: int = 0, lag: int = 60
) -> None:
    given = {
        "stale_after_s": after, "stale_policy": what, "buffer": buffer, "lag_limit_s": lag,
    }  # fmt: skip
    new = msgspec.convert(given, FeedPolicy)
    await set_feed_policy(stock.db, stock.staff, stamp(), node=node, policy=new)


async def tell(
    stock: Stock, feed: str, *told: tuple[int, str, int], node: str = "N1", ago_s: float = 0,
    at: object = None,
) -> None:  # fmt: skip
    moment = at or later(stock.at[0] - ago_s * SECOND)
    events = [{"sequence": n, "sku": sku, "delta": d, "at": moment} for n, sku, d in told]
    new = msgspec.convert({"feed": feed, "node": node, "events": events}, NewFeedEvents)
    await post_stock_events(stock.db, stock.staff, stamp(), new=new)


async def sweep(stock: Stock) -> Swept:
    return await sweep_feeds(stock.db, stock.job, stamp())


async def alarms(stock: Stock, feed: str, by: Staff | None = None) -> list[Alarm]:
    found = await list_feed_alarms(
        stock.db, by or stock.staff, node=None, state=None, before=None, most=500
    )
    return [alarm for alarm in found if alarm.feed == feed]


async def errors(stock: Stock, sku: str) -> list[SkuError]:
    told = await get_accuracy(stock.db, stock.staff, node=None, sku=sku, most=100)
    return told.errors


async def routed(stock: Stock, sku: str) -> dict[str, int]:
    """What the router may take: atp less safety, where there is any."""
    async with stock.db.read(stock.staff) as tx:
        found = await routing_snapshot(tx, skus=[sku], channel="WEB")
    return {node: row[sku][0] - row[sku][1] for node, row in found.items() if row[sku][0]}


def a_feed() -> str:
    return "f" + new_token(9).replace("_", "x").replace("-", "y")


async def test_the_goods_of_a_silent_source_are_not_sold(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    await stock.receive(sku, 5, "N2")
    await tell(stock, feed, (1, sku, 10))
    await policy(stock, "N1", "stop")
    assert (await sweep(stock)).stale == []
    assert await stock.available(sku) == [15]
    stock.at[0] += 61 * SECOND
    assert (await sweep(stock)).stale == ["N1"]
    assert await stock.available(sku) == [5]
    assert (await routed(stock, sku))["N2"] == 5
    assert (await routed(stock, sku))["N1"] < 0
    with pytest.raises(Refusal) as told:
        await stock.reserve((sku, 1, "N1"))
    assert (told.value.status, told.value.code) == (409, "insufficient_stock")
    with pytest.raises(Refusal):
        await stock.reserve((sku, 6))
    guard = await stock.guard(sku)
    assert (guard.on_hand, guard.available, guard.safety, guard.withheld) == (10, 10, 0, 10)
    state = (await list_feed_states(stock.db, stock.staff, node="N1"))[-1]
    assert state.stale_since is not None
    await tell(stock, feed, (2, sku, 1))
    assert (await sweep(stock)).back == ["N1"]
    assert await stock.available(sku) == [16]
    assert (await stock.reserve((sku, 11, "N1"))).lines[0].qty == 11


async def test_whoever_follows_what_is_available_hears_of_a_silent_source(stock: Stock) -> None:
    """With what is held back any SKU of the node may have changed, in the channels that sell it."""
    feed, sku = a_feed(), await stock.sku()
    owner = await stock.server.owner(stock.tenant)
    cursor = 0

    async def everything() -> list[bool]:
        nonlocal cursor
        before = cursor
        drain = "select max(feed_position) from platform.drain_outbox_v1(100000)"
        cursor = await owner.fetchval(drain)
        return [
            (await list_availability_changes(
                stock.db, stock.staff, channel=channel, after=before
            )).everything for channel in ("WEB", "SHOP")
        ]  # fmt: skip

    try:
        await tell(stock, feed, (1, sku, 10), node="N3")
        await policy(stock, "N3", "stop")
        await everything()
        await sweep(stock)
        stock.at[0] += 61 * SECOND
        await sweep(stock)
        assert await everything() == [True, False], "SHOP does not sell from N3"
        await stock.receive(await stock.sku(), 1, "N3")
        await sweep(stock)
        assert await everything() == [True, False], "what came since is held back too"
        await stock.receive(sku, 1)
        await tell(stock, feed, (2, sku, 1), node="N3")
        await sweep(stock)
        assert await everything() == [True, False]
    finally:
        await owner.close()


async def test_a_buffer_is_kept_and_levels_that_are_set_meanwhile_stay(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    await tell(stock, feed, (1, sku, 10))
    await policy(stock, "N1", "degrade", buffer=3)
    await sweep(stock)
    stock.at[0] += 120 * SECOND
    await sweep(stock)
    assert await stock.available(sku) == [7]
    await stock.levels(sku, safety=2)
    assert await stock.available(sku) == [5]
    fresh = await stock.sku()
    await stock.receive(fresh, 4)
    assert (await sweep(stock)).stale == [], "it is silent already"
    assert await stock.available(fresh) == [1], "goods that came since are held back too"
    await policy(stock, "N1", "ignore")
    await sweep(stock)
    assert await stock.available(sku, fresh) == [8, 4]
    with pytest.raises(Invalid):
        await policy(stock, "N1", "degrade", buffer=0)


async def test_two_sweeps_at_once_and_one_that_crashes(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    await tell(stock, feed, (1, sku, 10))
    await policy(stock, "N1", "degrade", buffer=4)
    stock.at[0] += 120 * SECOND
    faults.arm(
        stock.server.settings, {"sweep_feeds.before_commit": faults.Fault(raises=True)},
        host="127.0.0.1", database_prefix="t_test_",
    )  # fmt: skip
    with pytest.raises(faults.InjectedFault):
        await sweep(stock)
    faults._armed.clear()
    assert await stock.available(sku) == [10]
    swept = await asyncio.gather(*(sweep(stock) for _ in range(4)))
    assert sorted(one.stale for one in swept) == [[], [], [], ["N1"]]
    assert await stock.available(sku) == [6]
    assert len([a for a in await alarms(stock, feed) if a.kind == "silent"]) == 1


async def test_lag_is_told_in_percentiles_and_alarmed_over_the_limit(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    for n in range(1, 21):
        await tell(stock, feed, (n, sku, 1), node="N3", ago_s=3 if n < 19 else 300)
    await policy(stock, "N3", "ignore", after=9999, lag=200)
    await sweep(stock)
    state = next(
        s for s in await list_feed_states(stock.db, stock.staff, node="N3") if s.feed == feed
    )
    assert state.lag_p50_s in (3, 4, 5)
    assert state.lag_p95_s in (300, 301, 302)
    assert (state.lagging, state.alarms) == (True, 1)
    (alarm,) = await alarms(stock, feed)
    assert (alarm.kind, alarm.cause, alarm.amount) == ("lagging", "late", state.lag_p95_s)
    await policy(stock, "N3", "ignore", after=9999, lag=400)
    await sweep(stock)
    assert [a.state for a in await alarms(stock, feed)] == ["gone"]


async def test_what_goes_wrong_is_noticed_within_a_minute_without_a_snapshot(
    stock: Stock,
) -> None:
    """Lost, reordered and doubled events: each named with its cause by the sweep 40 s later."""
    feed = a_feed()
    lost, short, twice = [await stock.stocked(5) for _ in range(3)]
    await tell(stock, feed, (1, lost, 1), (4, lost, 1))
    await tell(stock, feed, (5, short, -9))
    moment = later(stock.at[0] - 0.001)
    await tell(stock, feed, (6, twice, 2), at=moment)
    await tell(stock, feed, (7, twice, 2), at=moment)
    await sweep(stock)
    assert [a.kind for a in await alarms(stock, feed)] == ["doubled"], "the rest may still come"
    stock.at[0] += 40 * SECOND
    await sweep(stock)
    found = {a.kind: a for a in await alarms(stock, feed)}
    assert {k: (a.cause, a.sku, a.amount, a.correction) for k, a in found.items()} == {
        "gap": ("lost", None, 2, 0),
        "waiting": ("reordered", short, -9, 0),
        "doubled": ("doubled", twice, 2, -2),
    }
    assert (found["gap"].first_sequence, found["gap"].last_sequence) == (2, 3)
    assert [e.error for e in await errors(stock, short)] == [-9]
    assert [(e.ours, e.theirs, e.error) for e in await errors(stock, twice)] == [(9, 7, -2)]
    await tell(stock, feed, (2, lost, 1), (3, short, 8))
    told = await asyncio.gather(
        *(correct_alarm(stock.db, stock.staff, stamp(), alarm_id=found["doubled"].id)
          for _ in range(3)), return_exceptions=True,
    )  # fmt: skip
    assert [getattr(one, "code", "done") for one in told].count("alarm_closed") == 2
    await sweep(stock)
    assert {a.kind: a.state for a in await alarms(stock, feed)} == {
        "gap": "gone", "waiting": "gone", "doubled": "corrected",
    }  # fmt: skip
    for sku, units in ((lost, 8), (short, 4), (twice, 7)):
        assert (await stock.guard(sku)).on_hand == units
        assert await errors(stock, sku) == [], "at rest nothing differs"


async def test_who_may_see_and_correct_alarms(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.stocked(5)
    await tell(stock, feed, (1, sku, 1), (3, sku, -20))
    stock.at[0] += 40 * SECOND
    await sweep(stock)
    gap = next(a for a in await alarms(stock, feed) if a.kind == "gap")
    assert await alarms(stock, feed, stock.staff_of("N2")) == []
    with pytest.raises(NotFound):
        await correct_alarm(stock.db, stock.staff_of("N2"), stamp(), alarm_id=gap.id)
    with pytest.raises(Conflict) as told:
        await correct_alarm(stock.db, stock.staff, stamp(), alarm_id=gap.id)
    assert told.value.code == "source_must_mend"
    elsewhere = stock.staff_of("N2")
    events = await list_sku_events(stock.db, stock.staff, node="N1", feed=feed, sku=sku, most=9)
    assert [(e.sequence, e.delta, e.applied) for e in events] == [(3, -20, False), (1, 1, True)]
    assert await list_sku_events(
        stock.db, elsewhere, node="N1", feed=feed, sku=sku, most=9
    ) == []  # fmt: skip
    assert await list_feed_states(stock.db, elsewhere, node="N1") == []
    nodes = (await get_accuracy(stock.db, elsewhere, node=None, sku=None, most=9)).nodes
    assert "N1" not in [one.node for one in nodes]
    async with stock.db.read(elsewhere) as tx:
        assert await list_policies(tx, node="N1") == []
    one = FeedPolicy(60, "stop")
    with pytest.raises(NotFound):
        await set_feed_policy(stock.db, stock.staff_of("N2"), stamp(), node="N1", policy=one)
    nobody = Staff(stock.tenant.tenant, stock.staff.person_id, frozenset({"stock:read"}))
    with pytest.raises(Forbidden):
        await set_feed_policy(stock.db, nobody, stamp(), node="N1", policy=one)
    assert await watch_feeds(stock.db, tenant=stock.tenant.tenant) is False
    await tell(stock, feed, (2, sku, 30))


async def test_what_shops_see_is_what_may_be_promised_after_each_event(stock: Stock) -> None:
    chance = random.Random(30)
    feed, skus = a_feed(), [await stock.sku() for _ in range(4)]
    held = dict.fromkeys(skus, 0)
    for n in range(1, 121):
        sku = chance.choice(skus)
        delta = chance.choice([d for d in range(-4, 7) if d and held[sku] + d >= 0])
        held[sku] += delta
        await tell(stock, feed, (n, sku, delta))
        if n % 15 == 0:
            await stock.levels(sku, safety=chance.randrange(3))
        guard = await stock.guard(sku)
        atp = max(0, guard.on_hand - guard.reserved - guard.blocked - guard.safety)
        assert (guard.on_hand, await stock.available(sku)) == (held[sku], [atp])


async def test_the_error_is_there_while_it_lasts_and_gone_at_rest(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.stocked(10, "N2")
    line = {"feed": feed, "node": "N2", "counted": "gross"}
    one = {**line, "as_of": later(stock.at[0]), "lines": [{"sku": sku, "qty": 7}]}
    await post_stock_snapshots(
        stock.db, stock.staff, stamp(), new=msgspec.convert(one, NewSnapshot)
    )
    assert [(e.ours, e.theirs, e.error) for e in await errors(stock, sku)] == [(10, 7, -3)]
    told = await get_accuracy(stock.db, stock.staff, node="N2", sku=None, most=100)
    assert [(n.node, n.wrong, n.units) for n in told.nodes if n.wrong] == [("N2", 1, 3)]
    assert (await get_accuracy(stock.db, stock.staff_of("N1"), node=None, sku=sku, most=9)) \
        .errors == []  # fmt: skip
    change = ChangedNode(quantities_master="erp")
    await change_node(stock.db, stock.staff, stamp(), code="N2", change=change)
    stock.at[0] += 10 * SECOND
    two = {**line, "as_of": later(stock.at[0]), "lines": [{"sku": sku, "qty": 8}]}
    await post_stock_snapshots(
        stock.db, stock.staff, stamp(), new=msgspec.convert(two, NewSnapshot)
    )
    assert await errors(stock, sku) == []
    assert (await stock.guard(sku, "N2")).on_hand == 8


async def test_what_comes_a_third_time_after_a_correction_is_noticed_too(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = a_feed()
    sku = await stock.stocked(5)
    moment = later(stock.at[0] - 0.001)
    for sequence in (1, 2):
        await tell(stock, feed, (sequence, sku, 2), at=moment)
    await sweep(stock)
    (first,) = await alarms(stock, feed)
    await tell(stock, feed, (3, sku, 2), at=moment)
    await correct_alarm(stock.db, stock.staff, stamp(), alarm_id=first.id)
    assert (await stock.guard(sku)).on_hand == 9
    await sweep(stock)
    assert [(a.state, a.correction) for a in await alarms(stock, feed)] == [
        ("open", -2), ("corrected", -2),
    ]  # fmt: skip
    monkeypatch.setattr(feeds_watch, "MOST_ALARMS", 0)
    assert (await sweep(stock)).gone == 0, "what there was no room for is not gone"
    monkeypatch.undo()
    second = (await alarms(stock, feed))[0]
    await correct_alarm(stock.db, stock.staff, stamp(), alarm_id=second.id)
    await sweep(stock)
    assert (await stock.guard(sku)).on_hand == 7
    assert [a.state for a in await alarms(stock, feed)] == ["corrected", "corrected"]


def test_grace_is_shorter_than_a_minute_with_a_sweep() -> None:
    assert GRACE + timedelta(seconds=WATCH_S) < timedelta(minutes=1)
