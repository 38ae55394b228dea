"""Truth from outside about SKUs that are tracked by lot or serial."""

import asyncio
import random
from datetime import date, timedelta

import msgspec
import pytest

from entrepot.catalog.types import SkuDocument
from entrepot.flows.change_node import change_node
from entrepot.flows.correct_alarm import correct_alarm
from entrepot.flows.correct_drift import correct_drift
from entrepot.flows.expire_lots import expire_lots
from entrepot.flows.get_accuracy import get_accuracy
from entrepot.flows.list_drifts import list_drifts
from entrepot.flows.list_feed_alarms import list_feed_alarms
from entrepot.flows.list_movements import list_movements
from entrepot.flows.post_stock_events import post_stock_events
from entrepot.flows.post_stock_snapshots import post_stock_snapshots
from entrepot.flows.replace_sku import replace_sku
from entrepot.flows.sweep_feeds import sweep_feeds
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, Invalid, NotFound
from entrepot.nodes.working_types import ChangedNode
from entrepot.platform import faults
from entrepot.stock.feeds_types import (
    Drift,
    FeedPosted,
    Gap,
    NewFeedEvents,
    NewSnapshot,
    SnapshotPosted,
)
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock

Line = dict[str, object]
BEGAN = later(0)


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(autouse=True)
async def whole(stock: Stock):
    stock.at[0] = 0.0
    yield
    faults._armed.clear()
    assert await stock.violations() == {}


def event(sequence: int, sku: str, delta: int, hours: float = -1, **more: object) -> Line:
    """A line of events; `hours` from the beginning, the same whenever it is told."""
    at = BEGAN + timedelta(hours=hours)
    return {"sequence": sequence, "sku": sku, "delta": delta, "at": at, **more}


async def tell(stock: Stock, feed: str, *events: Line, node: str = "N1") -> FeedPosted:
    new = msgspec.convert({"feed": feed, "node": node, "events": list(events)}, NewFeedEvents)
    return await post_stock_events(stock.db, stock.staff, stamp(), new=new)


def line(sku: str, qty: int, **more: object) -> Line:
    return {"sku": sku, "qty": qty, **more}


async def show(
    stock: Stock, feed: str, *lines: Line, at: float, node: str = "N1", counted: str = "gross"
) -> SnapshotPosted:
    given = {"feed": feed, "node": node, "as_of": later(at), "counted": counted,
             "lines": list(lines)}  # fmt: skip
    new = msgspec.convert(given, NewSnapshot)
    return await post_stock_snapshots(stock.db, stock.staff, stamp(), new=new)


async def drifts(stock: Stock, feed: str, by: Staff | None = None) -> list[Drift]:
    """Oldest first."""
    found = await list_drifts(
        stock.db, by or stock.staff, node=None, feed=feed, state=None, before=None, most=100
    )
    return found[::-1]


async def correct(stock: Stock, drift: Drift, by: Staff | None = None) -> Drift:
    return await correct_drift(stock.db, by or stock.staff, stamp(), drift_id=drift.id)


async def rows(stock: Stock, statement: str, *given: object) -> list[tuple[object, ...]]:
    owner = await stock.server.owner(stock.tenant)
    try:
        return [tuple(row) for row in await owner.fetch(statement, *given)]
    finally:
        await owner.close()


async def by_lot(stock: Stock, sku: str, node: str = "N1") -> dict[str, int]:
    """What lies in a node of each lot."""
    statement = """
        select b.lot, sum(b.on_hand)::int from stock.balance b
        join catalog.sku s using (sku_id) join nodes.node n using (node_id)
        where s.code = $1 and n.code = $2 and b.on_hand > 0 group by b.lot
    """
    return {str(lot): int(str(units)) for lot, units in await rows(stock, statement, sku, node)}


async def pieces(stock: Stock, sku: str, node: str = "N1") -> set[str]:
    """The serials that are in a node."""
    statement = """
        select r.serial from stock.serial r
        join catalog.sku s using (sku_id) join stock.place p using (place_id)
        join nodes.node n on n.node_id = p.node_id
        where s.code = $1 and n.code = $2
    """
    return {str(serial) for (serial,) in await rows(stock, statement, sku, node)}


async def track(stock: Stock, sku: str, *, lot_tracked: bool) -> None:
    document = msgspec.convert({"names": {"en": sku}, "lot_tracked": lot_tracked}, SkuDocument)
    await replace_sku(stock.db, stock.staff, stamp(), code=sku, document=document)


def a_feed() -> str:
    return "f" + new_token(9).replace("_", "x").replace("-", "y")


async def test_events_move_the_lot_they_name_once_each(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=True)
    day = later(24 * 90).date().isoformat()
    first = await tell(
        stock, feed, event(1, sku, 5, lot="A", expires_on=day), event(4, sku, 7, lot="B")
    )
    assert (first.applied, first.gaps) == (2, [Gap(2, 3)])
    again = await tell(
        stock, feed, event(3, sku, -2, lot="B"), event(1, sku, 5, lot="A", expires_on=day),
        event(2, sku, 1, lot="A"),
    )  # fmt: skip
    assert (again.applied, again.duplicates, again.reordered, again.gaps) == (2, 1, 2, [])
    assert await by_lot(stock, sku) == {"A": 6, "B": 5}
    assert await rows(
        stock, "select l.lot, l.expires_on from stock.lot l join catalog.sku s using (sku_id)"
        " where s.code = $1 order by 1", sku,
    ) == [("A", date.fromisoformat(day)), ("B", None)]  # fmt: skip
    altered = await tell(stock, feed, event(2, sku, 1, lot="B"))
    assert [(q.cause, q.lot) for q in altered.quarantined] == [("altered", "B")]


async def test_a_lot_never_goes_below_zero_though_its_sku_would_not(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=True)
    kept = await tell(stock, feed, event(1, sku, 9, lot="A"), event(3, sku, -4, lot="B"))
    assert [(q.cause, q.lot, q.sequence) for q in kept.quarantined] == [("negative", "B", 3)]
    assert (await tell(stock, feed, event(4, sku, -9, lot="A"))).applied == 1
    assert (await tell(stock, feed, event(2, sku, 6, lot="B"))).applied == 2
    assert await by_lot(stock, sku) == {"B": 2}


async def test_a_piece_comes_and_goes_and_is_there_once(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(serial_tracked=True)
    await tell(stock, feed, event(1, sku, 1, serial="X"), event(2, sku, 1, serial="Y"))
    assert await pieces(stock, sku) == {"X", "Y"}
    twice = await tell(stock, feed, event(4, sku, 1, serial="X"))
    assert [(q.cause, q.serial) for q in twice.quarantined] == [("serial_elsewhere", "X")]
    assert (await tell(stock, feed, event(3, sku, -1, serial="X"))).applied == 2
    assert (await tell(stock, feed, event(5, sku, -1, serial="Y"))).applied == 1
    assert await pieces(stock, sku) == {"X"}
    assert (await stock.guard(sku)).on_hand == 1


async def test_a_piece_in_another_warehouse_waits_until_it_has_left(stock: Stock) -> None:
    one, two, sku = a_feed(), a_feed(), await stock.sku(serial_tracked=True)
    await tell(stock, one, event(1, sku, 1, serial="X"))
    early = await tell(stock, two, event(1, sku, 1, serial="X"), node="N2")
    assert [q.cause for q in early.quarantined] == ["serial_elsewhere"]
    await tell(stock, one, event(2, sku, -1, serial="X"))
    assert (await tell(stock, two, event(2, sku, 1, serial="Z"), node="N2")).applied == 2
    assert await pieces(stock, sku, "N2") == {"X", "Z"}


async def test_events_that_do_not_fit_their_sku_are_kept_and_named(stock: Stock) -> None:
    feed = a_feed()
    plain, lots = await stock.sku(), await stock.sku(lot_tracked=True)
    both = await stock.sku(lot_tracked=True, serial_tracked=True)
    told = await tell(
        stock, feed, event(1, plain, 1, lot="A"), event(2, plain, 1, serial="X"),
        event(3, lots, 1), event(4, lots, 1, lot="A", serial="X"), event(5, both, 1, lot="A"),
        event(6, both, 1, lot="A", serial="X"), event(7, both, 1, serial="Y"),
    )  # fmt: skip
    assert [(q.sequence, q.cause) for q in told.quarantined] == [
        (1, "untracked"), (2, "untracked"), (3, "tracked"), (4, "untracked"), (5, "tracked"),
        (7, "tracked"),
    ]  # fmt: skip
    assert (told.applied, await by_lot(stock, both)) == (1, {"A": 1})


async def test_what_cannot_be_meant_is_refused_with_all_of_it_named(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(serial_tracked=True)
    with pytest.raises(Invalid) as refused:
        await tell(
            stock, feed, event(1, sku, 2, serial="X"), event(2, sku, -3, serial="Y"),
            event(3, sku, 1, expires_on="2027-01-01"),
        )  # fmt: skip
    assert [(e.path, e.code) for e in refused.value.errors] == [
        ("events[0].delta", "serial_is_one"),
        ("events[1].delta", "serial_is_one"),
        ("events[2].expires_on", "lot_missing"),
    ]
    with pytest.raises(Invalid) as refused:
        await show(
            stock, feed, line(sku, 2, serial="X"), line(sku, 1, serial="X", lot="A"),
            line("L", 1, lot="A"), line("L", 2, lot="A"), line("M", 1), line("M", -1, serial="Z"),
            line("M", 0, expires_on="2027-01-01"), at=0,
        )  # fmt: skip
    assert [(e.path, e.code) for e in refused.value.errors] == [
        ("lines[0].qty", "serial_is_one"),
        ("lines[1].serial", "named_twice"),
        ("lines[3].lot", "named_twice"),
        ("lines[5].qty", "serial_is_one"),
        ("lines[6].sku", "named_twice"),
        ("lines[6].expires_on", "lot_missing"),
    ]
    assert await drifts(stock, feed) == []


async def test_a_snapshot_is_compared_lot_by_lot_and_the_correction_moves_that_lot(
    stock: Stock,
) -> None:
    """A lot that it does not name is not there; one correction for each lot, once."""
    feed, sku = a_feed(), await stock.sku(lot_tracked=True)
    await tell(
        stock, feed, event(1, sku, 10, -3, lot="A"), event(2, sku, 4, -3, lot="B"),
        event(3, sku, 6, -3, lot="C"),
    )  # fmt: skip
    day = later(24 * 60).date().isoformat()
    shot = await show(
        stock, feed, line(sku, 8, lot="A"), line(sku, 6, lot="C"),
        line(sku, 2, lot="D", expires_on=day), at=-1,
    )  # fmt: skip
    assert (shot.agreed, shot.drifts, shot.overwritten) == (1, 3, 0)
    found = await drifts(stock, feed)
    assert {d.lot: (d.ours, d.theirs, d.correction) for d in found} == {
        "A": (10, 8, -2), "B": (4, 0, -4), "D": (0, 2, 2),
    }  # fmt: skip
    of_a = next(d for d in found if d.lot == "A")
    results = await asyncio.gather(
        *(correct(stock, of_a) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, Drift) for one in results) == 1
    assert {one.code for one in results if isinstance(one, Conflict)} == {"drift_closed"}
    assert await by_lot(stock, sku) == {"A": 8, "B": 4, "C": 6}
    for drift in found:
        if drift.lot != "A":
            assert (await correct(stock, drift)).state == "corrected"
    assert await by_lot(stock, sku) == {"A": 8, "C": 6, "D": 2}
    assert await rows(stock, "select expires_on from stock.lot where lot = 'D'") == [
        (date.fromisoformat(day),)
    ]
    moves = await list_movements(
        stock.db, stock.staff, sku=sku, reference=None, before=None, most=3
    )
    assert {(m.lot, m.reason) for m in moves} == {
        ("A", "count_less"), ("B", "count_less"), ("D", "count_more"),
    }  # fmt: skip
    same = await show(
        stock, feed, line(sku, 8, lot="A"), line(sku, 6, lot="C"), line(sku, 2, lot="D"), at=-0.5
    )
    assert (same.agreed, same.drifts) == (3, 0)


async def test_serials_missing_and_too_many_are_drifts_of_one_piece(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(serial_tracked=True)
    for serial in "XYZ":
        await stock.receive(sku, 1, serial=serial)
    shot = await show(
        stock, feed, line(sku, 1, serial="X"), line(sku, 0, serial="Y"), line(sku, 1, serial="W"),
        at=0,
    )  # fmt: skip
    assert (shot.agreed, shot.drifts) == (1, 3)
    found = await drifts(stock, feed)
    assert {d.serial: (d.ours, d.theirs, d.correction) for d in found} == {
        "Y": (1, 0, -1), "Z": (1, 0, -1), "W": (0, 1, 1),
    }  # fmt: skip
    for drift in found:
        assert (await correct(stock, drift)).state == "corrected"
    assert await pieces(stock, sku) == {"X", "W"}


async def test_what_a_snapshot_has_settled_and_what_it_has_not(stock: Stock) -> None:
    """Late is an event of a lot that neither side had; one of a lot that differs explains it."""
    feed, sku = a_feed(), await stock.sku(lot_tracked=True)
    await tell(stock, feed, event(1, sku, 10, -4, lot="A"), event(2, sku, 3, -4, lot="B"))
    await show(stock, feed, line(sku, 12, lot="A"), line(sku, 3, lot="B"), at=-2)
    late = await tell(
        stock, feed, event(3, sku, 2, -3, lot="A"), event(4, sku, 5, -3, lot="C"),
        event(5, sku, 1, -3, lot="B"),
    )  # fmt: skip
    assert (late.applied, late.late) == (1, 2)
    (drift,) = await drifts(stock, feed)
    assert (drift.lot, drift.state, drift.cause) == ("A", "dismissed", "late")
    assert await by_lot(stock, sku) == {"A": 12, "B": 3}
    assert (
        await show(stock, feed, line(sku, 12, lot="A"), line(sku, 3, lot="B"), at=-1)
    ).drifts == 0
    assert (await tell(stock, feed, event(6, sku, 2, -1.5, lot="A"))).late == 1


async def test_a_doubtful_line_leaves_the_other_lots_alone(stock: Stock) -> None:
    feed, sku, plain = a_feed(), await stock.sku(lot_tracked=True), await stock.stocked(2)
    await stock.receive(sku, 5, lot="A")
    await stock.receive(sku, 4, lot="B")
    shot = await show(
        stock, feed, line(sku, 5, lot="A"), line(sku, 4), line(plain, 2, lot="A"),
        line("NO-SUCH", 1, serial="X"), at=0,
    )  # fmt: skip
    assert [(q.sku, q.cause) for q in shot.quarantined] == [
        (sku, "tracked"), (plain, "untracked"), ("NO-SUCH", "unknown_sku"),
    ]  # fmt: skip
    assert (shot.agreed, shot.drifts) == (1, 0)
    stock.at[0] = 1
    net = await show(stock, feed, line(sku, 5, lot="A"), at=0.5, counted="net")
    assert [q.cause for q in net.quarantined] == ["net"]
    assert await drifts(stock, feed) == []


async def test_a_line_of_nothing_says_that_there_is_none(stock: Stock) -> None:
    feed, lots, pcs = a_feed(), await stock.sku(lot_tracked=True), await stock.sku(
        serial_tracked=True
    )  # fmt: skip
    await stock.receive(lots, 5, lot="A")
    await stock.receive(pcs, 1, serial="X")
    shot = await show(stock, feed, line(lots, 0), line(pcs, 0), at=0)
    assert (shot.drifts, shot.quarantined) == (2, [])
    assert {(d.lot, d.serial, d.amount) for d in await drifts(stock, feed)} == {
        ("A", None, -5), ("", "X", -1),
    }  # fmt: skip


async def test_a_master_outside_is_followed_lot_by_lot_and_piece_by_piece(stock: Stock) -> None:
    """But a piece that is in another warehouse is not taken from there by its word."""
    feed, lots = a_feed(), await stock.sku(lot_tracked=True)
    pcs = await stock.sku(serial_tracked=True)
    await stock.receive(lots, 5, "N3", lot="A")
    await stock.receive(pcs, 1, "N3", serial="X")
    await stock.receive(pcs, 1, "N2", serial="Y")
    await change_node(
        stock.db, stock.staff, stamp(), code="N3", change=ChangedNode(quantities_master="wms")
    )
    try:
        shot = await show(
            stock, feed, line(lots, 2, lot="A"), line(lots, 3, lot="B"),
            line(pcs, 1, serial="Y"), line(pcs, 1, serial="Z"), at=0, node="N3",
        )  # fmt: skip
        assert (shot.drifts, shot.overwritten) == (5, 4)
        assert await by_lot(stock, lots, "N3") == {"A": 2, "B": 3}
        assert await pieces(stock, pcs, "N3") == {"Z"}
        (left,) = [d for d in await drifts(stock, feed) if d.state == "open"]
        assert (left.serial, left.amount) == ("Y", 1)
        with pytest.raises(Conflict) as refused:
            await correct(stock, left)
        assert refused.value.code == "serial_elsewhere"
    finally:
        ours = ChangedNode(quantities_master="entrepot")
        await change_node(stock.db, stock.staff, stamp(), code="N3", change=ours)


async def test_a_lot_that_expired_comes_as_expired(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=True)
    await stock.receive(sku, 5, lot="A", expires_on=later(24).date())
    stock.at[0] = 72
    await expire_lots(stock.db, stock.job, stamp())
    assert (await tell(stock, feed, event(1, sku, 2, lot="A"))).applied == 1
    assert await by_lot(stock, sku) == {"A": 7}
    assert await stock.available(sku) == [0]


async def test_after_a_crash_the_correction_is_posted_once(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=True)
    await show(stock, feed, line(sku, 3, lot="A"), at=0)
    (drift,) = await drifts(stock, feed)
    faults.arm(
        stock.server.settings, {"correct_drift.before_commit": faults.Fault(raises=True)},
        host="127.0.0.1", database_prefix="t_test_",
    )  # fmt: skip
    with pytest.raises(faults.InjectedFault):
        await correct(stock, drift)
    faults._armed.clear()
    assert await by_lot(stock, sku) == {}
    assert (await correct(stock, drift)).state == "corrected"
    assert await by_lot(stock, sku) == {"A": 3}
    with pytest.raises(NotFound):
        await correct(stock, drift, by=stock.staff_of("N2"))


async def test_a_sku_that_is_tracked_otherwise_now(stock: Stock) -> None:
    """Goods that came before it was tracked cannot be moved by a lot; a drift of a lot ends with
    the next word about a SKU that has no lots any more."""
    feed, sku = a_feed(), await stock.stocked(5)
    await track(stock, sku, lot_tracked=True)
    await show(stock, feed, line(sku, 5, lot="A"), at=0)
    found = {d.lot: (d.amount, d.correction) for d in await drifts(stock, feed)}
    assert found == {"": (-5, 0), "A": (5, 5)}
    await track(stock, sku, lot_tracked=False)
    of_a = next(d for d in await drifts(stock, feed) if d.lot == "A")
    with pytest.raises(Conflict) as refused:
        await correct(stock, of_a)
    assert refused.value.code == "tracked_otherwise"
    assert (await show(stock, feed, line(sku, 5), at=0.05)).agreed == 1
    assert {d.state for d in await drifts(stock, feed)} == {"dismissed"}


async def test_lots_that_differ_do_not_cancel_out(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=True)
    await stock.receive(sku, 5, lot="A")
    await show(stock, feed, line(sku, 5, lot="B"), at=0)
    (error,) = (await get_accuracy(stock.db, stock.staff, node="N1", sku=sku, most=9)).errors
    assert (error.ours, error.theirs, error.error, error.units) == (5, 5, 0, 10)


async def test_a_lot_told_twice_is_noticed_and_that_lot_is_corrected(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=True)
    await tell(stock, feed, event(1, sku, 5, lot="A"), event(2, sku, 5, lot="B"))
    await sweep_feeds(stock.db, stock.job, stamp())
    stock.at[0] = 0.1
    await tell(stock, feed, event(3, sku, 5, lot="B"))
    await sweep_feeds(stock.db, stock.job, stamp())
    alarms = await list_feed_alarms(
        stock.db, stock.staff, node="N1", state="open", before=None, most=50
    )
    (alarm,) = [a for a in alarms if a.feed == feed]
    assert (alarm.kind, alarm.sku, alarm.lot, alarm.correction) == ("doubled", sku, "B", -5)
    await correct_alarm(stock.db, stock.staff, stamp(), alarm_id=alarm.id)
    assert await by_lot(stock, sku) == {"A": 5, "B": 5}


async def test_random_events_of_lots_add_up_to_the_unit(stock: Stock) -> None:
    """300 over 3 SKUs of 3 lots: doubled, shuffled, some posted at the same time."""
    chance, feed = random.Random(11), a_feed()
    skus = [await stock.sku(lot_tracked=True) for _ in range(3)]
    truth = {(sku, lot): 0 for sku in skus for lot in "ABC"}
    told = []
    for sequence in range(1, 301):
        sku, lot = chance.choice(list(truth))
        delta = chance.choice([n for n in range(-9, 12) if n and truth[sku, lot] + n >= 0])
        truth[sku, lot] += delta
        told.append(event(sequence, sku, delta, lot=lot))
    wire = told + chance.choices(told, k=60)
    order = [int(str(one["sequence"])) + chance.uniform(0, 80) for one in wire]
    wire = [one for _, one in sorted(zip(order, wire, strict=True), key=lambda pair: pair[0])]
    posts = [wire[start : start + 60] for start in range(0, len(wire), 60)]
    for start in range(0, len(posts), 3):
        await asyncio.gather(*(tell(stock, feed, *post) for post in posts[start : start + 3]))
    for sku in skus:
        assert await by_lot(stock, sku) == {
            lot: truth[sku, lot] for lot in "ABC" if truth[sku, lot]
        }
    lines = [line(sku, qty, lot=lot) for (sku, lot), qty in truth.items()]
    assert (await show(stock, feed, *lines, at=-0.5)).drifts == 0
