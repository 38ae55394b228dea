"""Truth from outside: deltas and snapshots of sources, drifts and their one correction."""

import asyncio
import random
from datetime import datetime, timedelta

import msgspec
import pytest

from entrepot.access.flow import Stamp
from entrepot.flows.change_node import change_node
from entrepot.flows.correct_drift import correct_drift
from entrepot.flows.list_drifts import list_drifts
from entrepot.flows.list_feeds import list_feeds
from entrepot.flows.post_stock_events import post_stock_events
from entrepot.flows.post_stock_snapshots import post_stock_snapshots
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from entrepot.nodes.working_types import ChangedNode
from entrepot.platform import faults
from entrepot.stock.feeds.types import (
    Drift,
    FeedPosted,
    Gap,
    NewFeedEvents,
    NewSnapshot,
    SnapshotPosted,
)
from tests.flows.trade import later, stamp
from tests.stock.house import Stock

Told = tuple[int, str, int] | tuple[int, str, int, float]
"""Sequence, SKU, delta, and hours from the beginning."""


BEGAN = later(0)


def at(hours: float) -> datetime:
    """An instant of the source, the same whenever it is told."""
    return BEGAN + timedelta(hours=hours)


pytestmark = pytest.mark.usefixtures("whole")


async def tell(
    stock: Stock, feed: str, *told: Told, node: str = "N1", by: Staff | None = None,
    stamped: Stamp | None = None,
) -> FeedPosted:  # fmt: skip
    events = [
        {"sequence": one[0], "sku": one[1], "delta": one[2], "at": at(one[3] if one[3:] else -1)}
        for one in told
    ]
    new = msgspec.convert({"feed": feed, "node": node, "events": events}, NewFeedEvents)
    return await post_stock_events(stock.db, by or stock.staff, stamped or stamp(), new=new)


async def show(
    stock: Stock, feed: str, lines: dict[str, int], *, at: float, node: str = "N1",
    counted: str = "gross", by: Staff | None = None,
) -> SnapshotPosted:  # fmt: skip
    given = {
        "feed": feed, "node": node, "as_of": later(at), "counted": counted,
        "lines": [{"sku": sku, "qty": qty} for sku, qty in lines.items()],
    }  # fmt: skip
    new = msgspec.convert(given, NewSnapshot)
    return await post_stock_snapshots(stock.db, by or stock.staff, stamp(), new=new)


async def drifts(stock: Stock, feed: str, by: Staff | None = None) -> list[Drift]:
    return await list_drifts(
        stock.db, by or stock.staff, node=None, feed=feed, state=None, before=None, most=100
    )


async def correct(stock: Stock, drift: Drift, by: Staff | None = None) -> Drift:
    return await correct_drift(stock.db, by or stock.staff, stamp(), drift_id=drift.id)


async def on_hand(stock: Stock, sku: str, node: str = "N1") -> int:
    return (await stock.guard(sku, node)).on_hand


def a_feed() -> str:
    return "f" + new_token(9).replace("_", "x").replace("-", "y")


async def test_events_are_applied_once_whatever_comes_again(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    first = await tell(stock, feed, (1, sku, 5), (2, sku, -2))
    assert (first.applied, first.duplicates, first.gaps) == (2, 0, [])
    again = await tell(stock, feed, (1, sku, 5), (2, sku, -2), (3, sku, 1))
    assert (again.applied, again.duplicates) == (1, 2)
    assert await on_hand(stock, sku) == 4
    assert await stock.available(sku) == [4]


async def test_the_same_request_twice_has_one_answer(stock: Stock) -> None:
    feed, sku, stamped = a_feed(), await stock.sku(), stamp()
    first = await tell(stock, feed, (1, sku, 5), stamped=stamped)
    assert await tell(stock, feed, (1, sku, 5), stamped=stamped) == first
    assert await on_hand(stock, sku) == 5


async def test_the_same_events_at_the_same_time(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    told = await asyncio.gather(*(tell(stock, feed, (1, sku, 3), (2, sku, 4)) for _ in range(8)))
    assert sum(one.applied for one in told) == 2
    assert sum(one.duplicates for one in told) == 14
    assert await on_hand(stock, sku) == 7


async def test_after_a_crash_nothing_of_the_post_is_there(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    faults.arm(
        stock.server.settings,
        {"post_stock_events.before_commit": faults.Fault(raises=True)},
        host="127.0.0.1",
        database_prefix="t_test_",
    )
    with pytest.raises(faults.InjectedFault):
        await tell(stock, feed, (1, sku, 3))
    faults._armed.clear()
    assert (await tell(stock, feed, (1, sku, 3))).applied == 1
    assert await on_hand(stock, sku) == 3


async def test_gaps_are_told_and_filled_by_what_comes_later(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    assert (await tell(stock, feed, (1, sku, 5), (4, sku, 1))).gaps == [Gap(2, 3)]
    filled = await tell(stock, feed, (3, sku, -1), (2, sku, 2))
    assert (filled.applied, filled.reordered, filled.gaps) == (2, 2, [])
    assert await on_hand(stock, sku) == 7
    quality = next(q for q in await list_feeds(stock.db, stock.staff, node="N1") if q.feed == feed)
    assert (quality.received, quality.missing, quality.reordered, quality.score) == (4, 0, 2, 500)


async def test_a_delta_below_zero_waits_for_what_makes_room(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    kept = await tell(stock, feed, (2, sku, -3))
    assert [(q.sku, q.cause, q.sequence) for q in kept.quarantined] == [(sku, "negative", 2)]
    assert kept.document_id is None
    assert (await tell(stock, feed, (1, sku, 5))).applied == 2
    assert await on_hand(stock, sku) == 2


async def test_unknown_tracked_and_altered_lines_are_kept(stock: Stock) -> None:
    feed, sku, lots = a_feed(), await stock.sku(), await stock.sku(lot_tracked=True)
    told = await tell(stock, feed, (1, "NO-SUCH", 5), (2, lots, 5), (3, sku, 5))
    assert [q.cause for q in told.quarantined] == ["unknown_sku", "tracked"]
    altered = await tell(stock, feed, (3, sku, 6))
    assert [q.cause for q in altered.quarantined] == ["altered"]
    assert await on_hand(stock, sku) == 5


async def test_what_is_told_of_a_kit_is_kept_apart(stock: Stock) -> None:
    """Units of a kit of its own could never be sold; the rest of what is told counts."""
    feed, part = a_feed(), await stock.sku()
    kit = await stock.sku((part, 2))
    told = await tell(stock, feed, (1, part, 5), (2, kit, 7))
    assert [(q.sku, q.cause) for q in told.quarantined] == [(kit, "kit")]
    seen = await show(stock, feed, {part: 5, kit: 7}, at=-0.5)
    assert [(q.sku, q.cause) for q in seen.quarantined] == [(kit, "kit")]
    none = await show(stock, feed, {part: 5, kit: 0}, at=-0.25)
    assert (none.quarantined, none.drifts, none.agreed) == ([], 0, 1)
    assert (await on_hand(stock, part), await on_hand(stock, kit)) == (5, 0)
    assert await stock.available(kit) == [2]


async def test_every_bad_event_is_named_at_once(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    with pytest.raises(Invalid) as refused:
        await tell(stock, feed, (1, sku, 0), (2, sku, 1), (3, sku, 1, 5), (4, sku, 0, 9))
    assert [(e.path, e.code) for e in refused.value.errors] == [
        ("events[0].delta", "nothing_changes"),
        ("events[2].at", "in_the_future"),
        ("events[3].delta", "nothing_changes"),
        ("events[3].at", "in_the_future"),
    ]
    assert await drifts(stock, feed) == []


async def test_random_events_through_the_ledger_add_up(stock: Stock) -> None:
    """1,000 of them over 10 SKUs: doubled, shuffled, some posted at the same time."""
    chance, feed = random.Random(7), a_feed()
    skus = [await stock.sku() for _ in range(10)]
    truth, told = dict.fromkeys(skus, 0), []
    for sequence in range(1, 1001):
        sku = chance.choice(skus)
        delta = chance.choice([n for n in range(-9, 12) if n and truth[sku] + n >= 0])
        truth[sku] += delta
        told.append((sequence, sku, delta))
    wire = told + chance.choices(told, k=200)
    wire.sort(key=lambda one: one[0] + chance.uniform(0, 200))
    posts = [wire[start : start + 100] for start in range(0, len(wire), 100)]
    for start in range(0, len(posts), 3):
        await asyncio.gather(*(tell(stock, feed, *post) for post in posts[start : start + 3]))
    assert {sku: await on_hand(stock, sku) for sku in skus} == truth
    shot = await show(stock, feed, truth, at=-0.5)
    assert (shot.agreed, shot.drifts) == (10, 0)


async def test_a_lost_event_is_a_drift_and_corrected_once(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    await tell(stock, feed, (1, sku, 10, -3), (3, sku, -2, -2))
    shot = await show(stock, feed, {sku: 11}, at=-1)
    assert (shot.drifts, shot.overwritten) == (1, 0)
    (drift,) = await drifts(stock, feed)
    assert (drift.ours, drift.theirs, drift.amount, drift.cause) == (8, 11, 3, "lost")
    assert (drift.correction, drift.state) == (3, "open")
    results = await asyncio.gather(
        *(correct(stock, drift) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(one, Drift) for one in results) == 1
    assert {one.code for one in results if isinstance(one, Conflict)} == {"drift_closed"}
    assert await on_hand(stock, sku) == 11
    after = await tell(stock, feed, (2, sku, 3, -2.5))
    assert (after.applied, after.late) == (0, 1)
    assert await on_hand(stock, sku) == 11
    assert (await show(stock, feed, {sku: 11}, at=-0.5)).agreed == 1


async def test_what_comes_late_explains_the_drift(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    await tell(stock, feed, (1, sku, 10, -3), (3, sku, -2, -2))
    await show(stock, feed, {sku: 11}, at=-1)
    assert (await tell(stock, feed, (2, sku, 3, -2.5))).applied == 1
    (drift,) = await drifts(stock, feed)
    assert (drift.state, drift.amount, drift.cause) == ("dismissed", 0, "late")
    with pytest.raises(Conflict):
        await correct(stock, drift)
    assert await on_hand(stock, sku) == 11


async def test_planted_drifts_are_all_found_with_their_cause(stock: Stock) -> None:
    feed = a_feed()
    lost, doubled, edited, fine = [await stock.sku() for _ in range(4)]
    waits = await stock.sku()
    boxes = await stock.sku(packs=[{"unit": "box", "base_quantity": "12"}])
    await tell(
        stock, feed, (1, lost, 10, -4), (2, doubled, 5, -3), (4, doubled, 5, -3),
        (5, edited, 4, -3), (6, fine, 9, -3), (7, waits, 6, -3), (8, waits, -8, -2.5),
        (9, boxes, 24, -3),
    )  # fmt: skip
    stock.at[0] = -2
    await stock.move({"sku": edited, "qty": 2, "reason": "opening", "to": {"node": "N1"}})
    stock.at[0] = 0
    told = {lost: 13, doubled: 5, edited: 4, fine: 9, waits: 0, boxes: 2}
    assert (await show(stock, feed, told, at=-1)).drifts == 5
    found = {d.sku: (d.amount, d.cause) for d in await drifts(stock, feed)}
    assert found == {
        lost: (3, "lost"),
        doubled: (-5, "doubled"),
        edited: (-2, "manual_edit"),
        waits: (-6, "reordered"),
        boxes: (-22, "unit_mistake"),
    }


async def test_a_snapshot_is_compared_as_of_its_instant(stock: Stock) -> None:
    """What was told, received or promised since does not count; net is less what we held."""
    feed, sku = a_feed(), await stock.sku()
    stock.at[0] = -5
    await stock.receive(sku, 10)
    await stock.reserve((sku, 4))
    stock.at[0] = -1
    await stock.receive(sku, 7)
    await stock.reserve((sku, 2))
    stock.at[0] = 0
    await tell(stock, feed, (1, sku, 5, -1.5))
    assert (await show(stock, feed, {sku: 6}, at=-3, counted="net")).agreed == 1
    assert (await show(stock, feed, {sku: 10}, at=-2.5)).agreed == 1
    assert (await show(stock, feed, {sku: 22}, at=-0.5)).agreed == 1


async def test_an_old_snapshot_is_kept_without_effect(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.stocked(5)
    await show(stock, feed, {sku: 5}, at=0)
    old = await show(stock, feed, {sku: 99}, at=-0.5)
    assert (old.outcome, old.drifts) == ("quarantined", 0)
    assert await drifts(stock, feed) == []


async def test_bad_lines_of_a_snapshot(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.stocked(5)
    shot = await show(stock, feed, {sku: -5, "NO-SUCH": 3}, at=0)
    assert sorted(q.cause for q in shot.quarantined) == ["negative", "unknown_sku"]
    lines = [{"sku": sku, "qty": 1}, {"sku": sku, "qty": 2}]
    given = {"feed": feed, "node": "N1", "as_of": later(3), "counted": "net", "lines": lines}
    new = msgspec.convert(given, NewSnapshot)
    with pytest.raises(Invalid) as refused:
        await post_stock_snapshots(stock.db, stock.staff, stamp(), new=new)
    assert [e.code for e in refused.value.errors] == ["in_the_future", "named_twice"]


async def test_where_the_master_is_outside_its_numbers_are_ours(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku()
    await stock.receive(sku, 8, "N3")
    made = await stock.reserve((sku, 6, "N3"))
    found = await stock.move({"sku": sku, "qty": 1, "reason": "opening", "to": {"node": "N3"}})
    stock.at[0] = 1
    wanted = ChangedNode(quantities_master="erp")
    await change_node(stock.db, stock.staff, stamp(), code="N3", change=wanted)
    shot = await show(stock, feed, {sku: 3}, at=0.5, node="N3")
    assert (shot.drifts, shot.overwritten) == (1, 1)
    (drift,) = await drifts(stock, feed)
    assert (drift.ours, drift.theirs, drift.state) == (9, 3, "corrected")
    guard = await stock.guard(sku, "N3")
    assert (guard.on_hand, guard.reserved, guard.backordered) == (3, 3, 3)
    line = {"sku": sku, "qty": 1, "reason": "opening", "to": {"node": "N3"}}
    with pytest.raises(Conflict, match="another system"):
        await stock.move(line)
    with pytest.raises(Conflict, match="another system"):
        await reverse_movement(stock.db, stock.staff, stamp(), movement_id=found.movements[0])
    inside = {"from": {"node": "N3"}, "to": {"node": "N3", "bin": "A-1"}}
    await stock.move({"sku": sku, "qty": 1, "reason": "move", **inside})
    assert await on_hand(stock, sku, "N3") == 3
    await stock.release(made.id)


async def test_where_the_master_is_outside_selling_goes_on_and_levels_are_ours(
    stock: Stock,
) -> None:
    """And a snapshot behind the sale agrees with it."""
    feed, sku = a_feed(), await stock.sku()
    await stock.receive(sku, 8, "N2")
    wanted = ChangedNode(quantities_master="wms")
    await change_node(stock.db, stock.staff, stamp(), code="N2", change=wanted)
    try:
        stock.at[0] = 1
        made = await stock.reserve((sku, 3, "N2"))
        assert (await stock.fulfil(made.id)).state == "fulfilled"
        await stock.levels(sku, "N2", safety=4)
        assert await stock.available(sku) == [1]
        stock.at[0] = 3
        shot = await show(stock, feed, {sku: 5}, at=2, node="N2")
        assert (shot.agreed, shot.drifts, shot.overwritten) == (1, 0, 0)
    finally:
        ours = ChangedNode(quantities_master="entrepot")
        await change_node(stock.db, stock.staff, stamp(), code="N2", change=ours)


async def test_only_ones_own_warehouses(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.stocked(5)
    other = stock.staff_of("N2")
    await show(stock, feed, {sku: 4}, at=0)
    (drift,) = await drifts(stock, feed)
    assert await drifts(stock, feed, by=other) == []
    assert [q for q in await list_feeds(stock.db, other, node=None) if q.node == "N1"] == []
    for call in (
        tell(stock, feed, (1, sku, 1), by=other),
        show(stock, feed, {sku: 1}, at=0, by=other),
        correct(stock, drift, by=other),
    ):
        with pytest.raises(NotFound):
            await call
    nobody = msgspec.structs.replace(stock.staff, permissions=frozenset({"feeds:read"}))
    for call in (tell(stock, feed, (1, sku, 1), by=nobody), correct(stock, drift, by=nobody)):
        with pytest.raises(Forbidden):
            await call


async def test_events_count_behind_the_clock_of_the_snapshot(stock: Stock) -> None:
    """A corrected number holds all events up to the snapshot, and none behind it."""
    feed, sku = a_feed(), await stock.sku()
    await show(stock, feed, {sku: 4}, at=-1)
    (drift,) = await drifts(stock, feed)
    done = await correct(stock, drift)
    assert (done.state, done.correction) == ("corrected", 4)
    assert done.document_id is not None
    told = await tell(stock, feed, (1, sku, 2, -1.5), (2, sku, 3, -0.5))
    assert (told.late, told.applied) == (1, 1)
    assert await on_hand(stock, sku) == 7
