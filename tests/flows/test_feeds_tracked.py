"""Truth from outside about SKUs that are tracked by lot or serial: events."""

import asyncio
import random
from datetime import date

import pytest

from entrepot.flows.correct_alarm import correct_alarm
from entrepot.flows.expire_lots import expire_lots
from entrepot.flows.list_feed_alarms import list_feed_alarms
from entrepot.flows.sweep_feeds import sweep_feeds
from entrepot.kernel.refusals import Invalid
from entrepot.stock.feeds.types import (
    Gap,
)
from tests.flows.trade import later, stamp
from tests.stock.house import Stock
from tests.stock.telling import (
    a_feed,
    by_lot,
    drifts,
    event,
    line,
    pieces,
    rows,
    show,
    tell,
)

pytestmark = pytest.mark.usefixtures("whole")


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


async def test_one_piece_in_two_lots_comes_once(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=True, serial_tracked=True)
    told = await tell(
        stock, feed, event(1, sku, 1, lot="A", serial="X"), event(2, sku, 1, lot="B", serial="X")
    )
    assert (told.applied, [q.lot for q in told.quarantined]) == (1, ["B"])
    moved = await tell(
        stock, feed, event(3, sku, -1, lot="A", serial="X"), event(4, sku, 1, lot="B", serial="Y")
    )
    assert moved.applied == 2
    assert (await tell(stock, feed, event(5, sku, 1, lot="C", serial="Z"))).applied == 2
    assert await by_lot(stock, sku) == {"B": 2, "C": 1}


@pytest.mark.parametrize("lot", ["", "A"])
async def test_what_others_own_is_not_told_away(stock: Stock, lot: str) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=bool(lot))
    await stock.receive(sku, 3, lot=lot)
    await stock.receive(sku, 5, lot=lot, owner="somebody")
    told = await tell(stock, feed, event(1, sku, -4, lot=lot))
    assert [q.cause for q in told.quarantined] == ["negative"]
    assert (await tell(stock, feed, event(2, sku, -3, lot=lot))).applied == 1
    assert (await stock.guard(sku)).on_hand == 5


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


async def test_a_lot_that_expired_comes_as_expired(stock: Stock) -> None:
    feed, sku = a_feed(), await stock.sku(lot_tracked=True)
    await stock.receive(sku, 5, lot="A", expires_on=later(24).date())
    stock.at[0] = 72
    await expire_lots(stock.db, stock.job, stamp())
    assert (await tell(stock, feed, event(1, sku, 2, lot="A"))).applied == 1
    assert await by_lot(stock, sku) == {"A": 7}
    assert await stock.available(sku) == [0]


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
