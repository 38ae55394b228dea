"""Transfers and picks under many hands at once: one winner, the others told why, none doubled."""

import asyncio
import itertools

import msgspec
import pytest

from entrepot.counts.types import FilledSheet, NewCount
from entrepot.flows.approve_count import approve_count
from entrepot.flows.fill_in_count import fill_in_count
from entrepot.flows.get_transfer import get_transfer
from entrepot.flows.open_count import open_count
from entrepot.flows.send_transfer import send_transfer
from entrepot.flows.undo_put_away import undo_put_away
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict
from entrepot.platform import faults
from entrepot.platform.clock import system_clock
from entrepot.platform.settings import Settings
from entrepot.stock.transfers import rules
from entrepot.stock.transfers.types import Loaded
from tests.flows.test_stock_races import outcomes
from tests.flows.trade import stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.arriving import stowed
from tests.stock.house import Stock, open_stock
from tests.stock.picking import list_of, missed, picked, unpicked, with_pack_bins
from tests.stock.transferring import closed, drafted, received, sent

ROUNDS = 6


pytestmark = pytest.mark.usefixtures("whole")


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    house = await open_stock(server)
    await with_pack_bins(house)
    return house


@pytest.mark.parametrize(
    ("state", "verb"),
    list(itertools.product(sorted(rules.transfers().states), rules.transfers().verbs)),
)
def test_every_step_that_is_not_in_the_table_is_refused(state: str, verb: str) -> None:
    machine = rules.transfers()
    if state in machine.sources(verb):
        machine.follow(state, verb)
        return
    with pytest.raises(Conflict):
        machine.follow(state, verb)


async def test_the_machine_of_transfers_is_the_table(stock: Stock) -> None:
    machine = rules.transfers()
    edges = {(edge.source, edge.target) for edge in machine.edges}
    owner = await stock.server.owner(stock.tenant)
    try:
        for source, target in itertools.product(machine.states, repeat=2):
            may = await owner.fetchval(
                "select stock.transfer_may_change_v1($1, $2)", source, target
            )
            assert may == (source == target or (source, target) in edges)
    finally:
        await owner.close()


async def test_two_who_send(stock: Stock) -> None:
    for _ in range(ROUNDS):
        sku = await stock.stocked(9)
        one = await drafted(stock, (sku, 3))
        counted = await outcomes(*(sent(stock, one.id) for _ in range(4)))
        assert counted == {"done": 1, "wrong_state": 3}
        assert (await stock.guard(sku)).on_hand == 6


async def test_two_transfers_for_the_same_goods(stock: Stock) -> None:
    for _ in range(ROUNDS):
        sku = await stock.stocked(5)
        there = await drafted(stock, (sku, 3))
        back = await drafted(stock, (sku, 3), to="N3")
        counted = await outcomes(sent(stock, there.id), sent(stock, back.id))
        assert counted == {"done": 1, "not_there": 1}


async def test_transfers_that_cross_do_not_wait_for_each_other(stock: Stock) -> None:
    one, two = await stock.stocked(20), await stock.stocked(20)
    for sku in (one, two):
        await stock.receive(sku, 20, "N2")
    there = [await drafted(stock, (one, 1), (two, 1)) for _ in range(6)]
    back = [
        await drafted(stock, (two, 1), (one, 1), **{"from": "N2", "to": "N1"}) for _ in range(6)
    ]
    calls = [sent(stock, t.id) for pair in zip(there, back, strict=True) for t in pair]
    assert await outcomes(*calls) == {"done": 12}
    calls = [received(stock, t.id) for pair in zip(there, back, strict=True) for t in pair]
    assert await outcomes(*calls) == {"done": 12}


async def test_what_arrives_twice_counts_once(stock: Stock) -> None:
    for _ in range(ROUNDS):
        sku = await stock.stocked(4)
        one = await drafted(stock, (sku, 4))
        await sent(stock, one.id)
        part = {"sku": sku, "qty": 3}
        counted = await outcomes(*(received(stock, one.id, part) for _ in range(3)))
        assert counted == {"done": 1, "more_than_sent": 2}
        await received(stock, one.id)


async def test_receiving_against_closing(stock: Stock) -> None:
    for _ in range(ROUNDS):
        sku = await stock.stocked(4)
        one = await drafted(stock, (sku, 4))
        await sent(stock, one.id)
        # somebody else each time: one pair of eyes gives up only so much in a day
        by = msgspec.structs.replace(stock.staff, person_id=new_id(system_clock()))
        counted = await outcomes(received(stock, one.id), closed(stock, one.id, by=by))
        assert counted == {"done": 1, "wrong_state": 1}
        line = (await get_transfer(stock.db, stock.staff, transfer_id=one.id)).lines[0]
        assert (line.received, line.lost) in ((4, 0), (0, 4))


async def test_sending_against_picking(stock: Stock) -> None:
    """One unit is promised: whoever comes first, it stays, and the free one may leave."""
    for _ in range(ROUNDS):
        sku = await stock.stocked(2)
        made = await stock.reserve((sku, 1))
        two = await drafted(stock, (sku, 2))
        counted = await outcomes(picked(stock, made.id, sku), sent(stock, two.id))
        assert counted["done"] == 1
        assert counted["promised_to_others"] + counted["not_there"] == 1
        one = await drafted(stock, (sku, 1))
        assert await outcomes(sent(stock, one.id), stock.fulfil(made.id)) == {"done": 2}


async def test_two_pickers_at_one_bin(stock: Stock) -> None:
    """Both orders are promised a unit, but this bin has one: the other picker is told."""
    for _ in range(ROUNDS):
        sku = await stock.sku()
        for bin in ("A-1", "A-2"):
            await stock.receive(sku, 1, to={"node": "N1", "bin": bin})
        made = [await stock.reserve((sku, 1)) for _ in range(2)]
        counted = await outcomes(*(picked(stock, m.id, sku, bin="A-1") for m in made))
        assert counted == {"done": 1, "not_there": 1}
        lists = [await list_of(stock, m.id) for m in made]
        assert sorted(one.lines[0].picked for one in lists) == [0, 1]
        await asyncio.gather(*(stock.fulfil(m.id) for m in made))


async def test_two_scans_of_one_unit(stock: Stock) -> None:
    for _ in range(ROUNDS):
        sku = await stock.stocked(5)
        made = await stock.reserve((sku, 1))
        counted = await outcomes(*(picked(stock, made.id, sku) for _ in range(3)))
        assert counted == {"done": 1, "more_than_promised": 2}


async def test_picking_against_counting(stock: Stock) -> None:
    """The counter saw an empty bin; a picker takes from it at the same moment. Either the count
    takes the goods away and the picker finds none, or they were picked and the count must be
    looked at again."""
    counter = msgspec.structs.replace(stock.staff, person_id=new_id(system_clock()))
    seen = FilledSheet()
    for _ in range(ROUNDS):
        sku = await stock.sku()
        await stock.receive(sku, 2, to={"node": "N1", "bin": "A-1"})
        made = await stock.reserve((sku, 2))
        sheet = await open_count(
            stock.db, stock.staff, stamp(), new=NewCount("stock", "N1", "A-1", sku)
        )
        for _ in range(2):
            await fill_in_count(stock.db, counter, stamp(), count_id=sheet.id, sheet=seen)
        counted = await outcomes(
            picked(stock, made.id, sku, 2, bin="A-1"),
            approve_count(stock.db, stock.staff, stamp(), count_id=sheet.id),
        )
        assert counted["done"] == 1
        assert counted["not_there"] + counted["more_than_promised"] == 1


async def test_undoing_a_put_away_against_picking_there(stock: Stock) -> None:
    for _ in range(ROUNDS):
        sku = await stock.stocked(1)
        stow = (await stowed(stock, sku, "PACK-1")).movements[0]
        made = await stock.reserve((sku, 1))
        undo = undo_put_away(stock.db, stock.staff, stamp(), movement_id=stow)
        counted = await outcomes(undo, picked(stock, made.id, sku, bin="PACK-1"))
        assert counted["done"] == 1
        assert counted["not_there"] + counted["picked_for_somebody"] == 1
        await stock.fulfil(made.id)


async def test_picking_against_the_end_of_the_reservation(stock: Stock) -> None:
    for _ in range(ROUNDS):
        sku = await stock.stocked(3)
        made = await stock.reserve((sku, 2))
        counted = await outcomes(
            stock.release(made.id), picked(stock, made.id, sku, 2), stock.fulfil(made.id)
        )
        assert counted["done"] in (1, 2)
        assert counted["wrong_state"] == 3 - counted["done"]


async def test_short_picks_put_backs_and_picks_together(stock: Stock) -> None:
    for _ in range(ROUNDS):
        sku = await stock.stocked(6)
        await stock.receive(sku, 6, "N2")
        one, two = await stock.reserve((sku, 3, "N1")), await stock.reserve((sku, 3, "N1"))
        await picked(stock, one.id, sku, 2)
        counted = await outcomes(
            missed(stock, two.id, sku), picked(stock, two.id, sku, 1),
            unpicked(stock, one.id, sku, 1), picked(stock, one.id, sku, 1),
        )  # fmt: skip
        # when the whole line has gone to another node, the picker who waited finds none of it
        gone = {"unknown_reservation", "not_in_this_order"}
        refused = {"not_there", "more_than_promised", "not_picked"} | gone
        assert set(counted) <= {"done", *refused}
        assert await stock.violations() == {}


async def test_an_answer_that_was_lost_is_asked_for_again(stock: Stock) -> None:
    """It fails before the commit: nothing happened. It fails after it: the same key tells."""
    sku = await stock.stocked(4)
    one = await drafted(stock, (sku, 4))
    once = stamp()
    settings = Settings(home=stock.server.settings.home, env="test")

    async def send() -> str:
        done = await send_transfer(stock.db, stock.staff, once, transfer_id=one.id, loaded=Loaded())
        return done.state

    for place, left in (("before", 4), ("after", 0)):
        armed = {f"send_transfer.{place}_commit": faults.Fault(raises=True)}
        faults.arm(settings, armed, host="127.0.0.1", database_prefix="t_test_")
        with pytest.raises(faults.InjectedFault):
            await send()
        faults._armed.clear()
        assert (await stock.guard(sku)).on_hand == left
    assert set(await asyncio.gather(*(send() for _ in range(3)))) == {"sent"}
