"""Truth from outside about SKUs that are tracked by lot or serial: snapshots."""

import asyncio
from datetime import date

import pytest

from entrepot.flows.change_node import change_node
from entrepot.flows.get_accuracy import get_accuracy
from entrepot.flows.list_movements import list_movements
from entrepot.kernel.refusals import Conflict, NotFound
from entrepot.nodes.working_types import ChangedNode
from entrepot.platform import faults
from entrepot.stock.feeds.types import (
    Drift,
)
from tests.flows.trade import later, stamp
from tests.stock.house import Stock
from tests.stock.telling import (
    a_feed,
    by_lot,
    correct,
    drifts,
    event,
    line,
    pieces,
    rows,
    show,
    tell,
    track,
)

pytestmark = pytest.mark.usefixtures("whole")


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


async def in_lots(stock: Stock, sku: str) -> list[tuple[object, ...]]:
    """Serial, lot, bin and state of every piece."""
    statement = """
        select r.serial, r.lot, b.code, r.status from stock.serial r
        join catalog.sku s using (sku_id) join nodes.bin b on b.bin_id = r.place_id
        where s.code = $1 order by 1
    """
    return await rows(stock, statement, sku)


async def test_a_piece_in_another_lot_is_one_drift_and_moves_there(stock: Stock) -> None:
    """With bin and state; corrected once, also by many at once; what is told of it then is late."""
    feed, sku = a_feed(), await stock.sku(lot_tracked=True, serial_tracked=True)
    shelf = {"node": "N1", "bin": "A-1", "status": "damaged"}
    for serial, lot in (("X", "A"), ("Y", "A"), ("Z", "B")):
        await stock.receive(sku, 1, serial=serial, lot=lot, to=shelf)
    shot = await show(
        stock, feed, line(sku, 1, lot="C", serial="X"), line(sku, 1, lot="A", serial="Y"), at=0
    )
    assert (shot.agreed, shot.drifts) == (1, 2)
    found = {d.serial: d for d in await drifts(stock, feed)}
    assert (found["Z"].told_lot, found["Z"].cause) == (None, "unknown")
    piece = found["X"]
    assert (piece.lot, piece.told_lot, piece.cause) == ("A", "C", "other_lot")
    assert (piece.ours, piece.theirs, piece.correction) == (1, 0, -1)
    (error,) = (await get_accuracy(stock.db, stock.staff, node="N1", sku=sku, most=9)).errors
    assert (error.ours, error.theirs, error.units) == (3, 2, 3)
    with pytest.raises(NotFound):
        await correct(stock, piece, by=stock.staff_of("N2"))
    results = await asyncio.gather(
        *(correct(stock, piece) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, Drift) for one in results) == 1
    assert {one.code for one in results if isinstance(one, Conflict)} == {"drift_closed"}
    assert await in_lots(stock, sku) == [
        ("X", "C", "A-1", "damaged"), ("Y", "A", "A-1", "damaged"), ("Z", "B", "A-1", "damaged"),
    ]  # fmt: skip
    late = await tell(
        stock, feed, event(1, sku, -1, -0.5, lot="A", serial="X"),
        event(2, sku, 1, -0.5, lot="C", serial="X"),
    )  # fmt: skip
    assert (late.applied, late.late) == (0, 2)
    stock.at[0] = 1
    again = await show(
        stock, feed, line(sku, 1, lot="C", serial="X"), line(sku, 1, lot="A", serial="Y"), at=0.9
    )
    assert (again.agreed, again.drifts) == (2, 1)


async def test_a_piece_whose_lot_is_told_otherwise_again_stays_one_drift(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=True, serial_tracked=True)
    await show(stock, feed, line(sku, 1, lot="C", serial="X"), at=-3)
    (came,) = await drifts(stock, feed)
    assert (came.lot, came.amount, came.told_lot) == ("C", 1, None)
    await stock.receive(sku, 1, serial="X", lot="A")
    for hour, lot in ((0, "C"), (0.1, "D")):
        stock.at[0] = hour
        shot = await show(stock, feed, line(sku, 1, lot=lot, serial="X"), at=hour)
        assert shot.drifts == 1
        ended, *told = await drifts(stock, feed)
        assert ended.state == "dismissed"
        assert [(d.lot, d.told_lot, d.state) for d in told] == [("A", lot, "open")]
    day = later(24 * 60).date()
    stock.at[0] = 0.2
    await show(stock, feed, line(sku, 1, lot="D", serial="X", expires_on=day.isoformat()), at=0.2)
    await correct(stock, (await drifts(stock, feed))[1])
    assert await rows(stock, "select expires_on from stock.lot where lot = 'D'"
                             " and expires_on is not null and sku_id = (select sku_id"
                             " from catalog.sku where code = $1)", sku) == [(day,)]  # fmt: skip
    gone = await show(stock, feed, line(sku, 0), at=0.25)
    assert gone.drifts == 1


async def test_a_master_outside_moves_a_piece_to_its_lot(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=True, serial_tracked=True)
    await stock.receive(sku, 1, "N3", serial="X", lot="A")
    await change_node(
        stock.db, stock.staff, stamp(), code="N3", change=ChangedNode(quantities_master="wms")
    )
    try:
        shot = await show(stock, feed, line(sku, 1, lot="C", serial="X"), at=0, node="N3")
        assert (shot.drifts, shot.overwritten) == (1, 1)
        assert await by_lot(stock, sku, "N3") == {"C": 1}
        (done,) = await drifts(stock, feed)
        assert (done.state, done.told_lot, done.document_id is None) == ("corrected", "C", False)
    finally:
        ours = ChangedNode(quantities_master="entrepot")
        await change_node(stock.db, stock.staff, stamp(), code="N3", change=ours)
