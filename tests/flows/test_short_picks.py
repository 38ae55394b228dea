"""Goods that are not in their bin: another bin, another node, a backorder, and a count."""

from datetime import timedelta

import msgspec
import pytest

from entrepot.counts.types import FilledSheet
from entrepot.flows.begin_count import begin_count
from entrepot.flows.fill_in_count import fill_in_count
from entrepot.flows.get_count import get_count
from entrepot.flows.get_pick_list import get_pick_list
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.pick_short import pick_short
from entrepot.kernel.refusals import NotFound
from entrepot.stock.picking.types import MissedGoods
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock
from tests.stock.picking import list_of, missed, picked, with_pack_bins

pytestmark = pytest.mark.usefixtures("whole")


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    house = await open_stock(server)
    await with_pack_bins(house)
    return house


async def test_short_in_one_bin_comes_from_another_and_is_counted(stock: Stock) -> None:
    sku = await stock.sku()
    for bin in ("A-1", "A-2"):
        await stock.receive(sku, 3, to={"node": "N1", "bin": bin})
    made = await stock.reserve((sku, 2))
    short = await missed(stock, made.id, sku, "A-1")
    assert (short.held, short.reallocated, short.backordered) == (3, 0, 0)
    assert short.list is not None
    assert [(t.bin, t.qty) for t in short.list.tasks] == [("A-2", 2)]
    assert (await stock.guard(sku)).available == 1
    assert short.count_id is not None
    again = await stock.reserve((sku, 1))
    await stock.receive(sku, 1, to={"node": "N1", "bin": "A-1"})
    assert (await missed(stock, again.id, sku, "A-1")).count_id is None, "it is being counted"
    count = await get_count(stock.db, stock.staff, count_id=short.count_id)
    assert (count.bin, count.sku, count.rule) == ("A-1", sku, "rejection")
    seen = msgspec.convert({"goods": [{"sku": sku, "counted": 4}]}, FilledSheet)
    await begin_count(stock.db, stock.staff, stamp(), count_id=short.count_id)
    for _ in range(2):
        await fill_in_count(
            stock.db, stock.staff, stamp(), count_id=short.count_id, sheet=seen
        )  # fmt: skip
    told = await get_count(stock.db, stock.staff, count_id=short.count_id)
    assert {line.status: line.difference for line in told.lines} == {"good": 4, "hold": -4}


async def test_short_everywhere_another_node_takes_it_over(stock: Stock) -> None:
    sku = await stock.stocked(3)
    await stock.receive(sku, 2, "N2")
    made = await stock.reserve((sku, 3, "N1"))
    await picked(stock, made.id, sku, 1)
    short = await missed(stock, made.id, sku)
    assert (short.held, short.reallocated, short.backordered) == (2, 2, 0)
    now = await get_reservation(stock.db, stock.staff, reservation_id=made.id)
    assert {line.node: line.qty for line in now.lines} == {"N1": 1, "N2": 2}


async def test_short_with_nothing_left_at_the_node(stock: Stock) -> None:
    sku = await stock.stocked(2)
    await stock.receive(sku, 1, "N2")
    made = await stock.reserve((sku, 1, "N1"))
    done = await missed(stock, made.id, sku)
    assert (done.reallocated, done.backordered, done.list) == (1, 0, None)


async def test_the_first_node_is_told_where_an_order_went_and_no_more(stock: Stock) -> None:
    """Also in parts, after it moved on, and when it is over; who never had it hears nothing."""
    sku = await stock.stocked(4)
    for node, units in (("N2", 1), ("N3", 2)):
        await stock.receive(sku, units, node)
    made = await stock.reserve((sku, 3, "N1"))
    here, there, far = (stock.staff_of(node) for node in ("N1", "N2", "N3"))
    key, short = stamp(), MissedGoods("N1", "R", sku)
    for _ in range(2):
        done = await pick_short(stock.db, here, key, reservation_id=made.id, goods=short)
    went = [(one.sku, one.qty, one.node) for one in done.taken_over]
    assert (done.list, went) == (None, [(sku, 1, "N2"), (sku, 2, "N3")])
    told = await get_pick_list(stock.db, here, reservation_id=made.id, node="N1")
    assert (told.lines, told.tasks, told.picked, told.taken_over) == ([], [], [], done.taken_over)
    for call in (
        get_reservation(stock.db, here, reservation_id=made.id),
        get_pick_list(stock.db, here, reservation_id=made.id, node="N2"),
        get_pick_list(stock.db, far, reservation_id=made.id, node="N1"),
        pick_short(stock.db, here, stamp(), reservation_id=made.id, goods=short),
        picked(stock, made.id, sku, 1, by=here),
    ):
        with pytest.raises(NotFound):
            await call
    taking = await get_pick_list(stock.db, there, reservation_id=made.id, node="N2")
    assert ([line.qty for line in taking.lines], taking.taken_over) == ([1], [])
    await stock.receive(sku, 1, "N3")
    onward = MissedGoods("N2", "R", sku)
    await pick_short(stock.db, there, stamp(), reservation_id=made.id, goods=onward)
    moved = await get_pick_list(stock.db, there, reservation_id=made.id, node="N2")
    assert [(one.qty, one.node) for one in moved.taken_over] == [(1, "N3")]
    await stock.fulfil(made.id)
    over = await get_pick_list(stock.db, here, reservation_id=made.id, node="N1")
    assert (over.state, over.taken_over) == ("fulfilled", told.taken_over)


async def test_no_node_gives_its_safety_nor_a_channel_its_buffer(stock: Stock) -> None:
    sku, other = await stock.stocked(2), await stock.stocked(2)
    await stock.receive(sku, 9, "N2")
    await stock.receive(sku, 5, "N3")
    await stock.levels(sku, "N2", safety=8)
    made = await stock.reserve((sku, 2, "N1"))
    assert (await missed(stock, made.id, sku)).reallocated == 2
    now = await get_reservation(stock.db, stock.staff, reservation_id=made.id)
    assert {line.node: line.qty for line in now.lines} == {"N2": 1, "N3": 1}
    await stock.receive(other, 1, "N2")
    await stock.channel_levels("WEB", [{"sku": other, "buffer": 1}])
    waits = await stock.reserve((other, 1, "N1"))
    short = await missed(stock, waits.id, other)
    assert (short.reallocated, short.backordered) == (0, 1)
    await stock.receive(other, 1, to={"node": "N1", "bin": "A-2"})
    filled = await list_of(stock, waits.id)
    assert [(t.bin, t.qty) for t in filled.tasks] == [("A-2", 1)]


async def test_a_short_pick_of_pieces(stock: Stock) -> None:
    sku = await stock.sku(serial_tracked=True)
    for serial in ("A", "B"):
        await stock.receive(sku, 1, serial=serial)
    made = await stock.reserve((sku, 2))
    await picked(stock, made.id, sku, serial="A")
    short = await missed(stock, made.id, sku)
    assert (short.held, short.backordered) == (1, 1)


async def test_another_node_takes_over_only_what_lasts(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    today = later(0).date()
    for lot, node, days in (("A", "N1", 90), ("B", "N2", 5), ("C", "N2", 90)):
        await stock.receive(sku, 2, node, lot=lot, expires_on=str(today + timedelta(days)))
    await stock.channel_levels("WEB", min_life_days=60)
    try:
        made = await stock.reserve((sku, 2, "N1"))
        other = await stock.reserve((sku, 1, "N2"))
        short = await missed(stock, made.id, sku)
        assert (short.reallocated, short.backordered) == (1, 1)
        await stock.fulfil(other.id)
    finally:
        await stock.channel_levels("WEB", min_life_days=0)
