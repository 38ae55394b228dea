"""Picking for a reservation: by date and never past it, by serial, back, and shipped."""

from datetime import timedelta

import pytest

from entrepot.flows.expire_lots import expire_lots
from entrepot.flows.get_pick_list import get_pick_list
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_to_pick import list_to_pick
from entrepot.flows.reverse_movement import reverse_movement
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock
from tests.stock.picking import broken, list_of, missed, picked, tasks_of, unpicked, with_pack_bins
from tests.stock.transferring import code_of, drafted, places_of, sent

pytestmark = pytest.mark.usefixtures("whole")


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    house = await open_stock(server)
    await with_pack_bins(house)
    return house


async def test_goods_are_picked_and_shipped_from_where_they_were_put(stock: Stock) -> None:
    sku = await stock.sku()
    for bin, qty in (("A-1", 2), ("A-2", 5)):
        await stock.receive(sku, qty, to={"node": "N1", "bin": bin})
    made = await stock.reserve((sku, 4))
    assert await tasks_of(stock, made.id) == [("A-1", "", 2), ("A-2", "", 2)]
    first = await picked(stock, made.id, sku, 2, bin="A-2")
    assert (first.strength, first.lines[0].picked) == ("allocated", 2)
    assert [(t.bin, t.qty) for t in first.tasks] == [("A-1", 2)]
    assert [(p.bin, p.qty, p.came_from) for p in first.picked] == [("PACK-1", 2, "A-2")]
    done = await picked(stock, made.id, sku, 2, bin="A-1")
    assert (done.strength, done.tasks) == ("picked", [])
    assert (await stock.guard(sku)).available == 3
    await stock.fulfil(made.id)
    assert await places_of(stock, sku) == {"N1/A-2 good": 3}
    assert (await list_of(stock, made.id)).picked == []


async def test_what_was_not_picked_is_shipped_by_date(stock: Stock) -> None:
    sku = await stock.stocked(5)
    made = await stock.reserve((sku, 4))
    await picked(stock, made.id, sku, 1)
    await stock.fulfil(made.id)
    assert await places_of(stock, sku) == {"N1/R good": 1}


async def test_no_lot_past_its_date_is_picked_or_shipped(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    today = later(0).date()
    for lot, days in (("PAST", -1), ("SOON", 3), ("LATE", 30)):
        await stock.receive(sku, 2, lot=lot, expires_on=str(today + timedelta(days)))
    made = await stock.reserve((sku, 3))
    assert await tasks_of(stock, made.id) == [("R", "SOON", 2), ("R", "LATE", 1)]
    assert await code_of(picked(stock, made.id, sku, lot="PAST")) == "lot_expired"
    assert await code_of(picked(stock, made.id, sku, 3, lot="SOON")) == "not_there"
    one = await picked(stock, made.id, sku)
    assert one.picked[0].lot == "SOON", "without a lot what expires first"
    await stock.fulfil(made.id)
    moves = await list_movements(
        stock.db, stock.staff, sku=sku, reference=made.reference, before=None, most=9
    )
    shipped = {m.lot: m.qty for m in moves if m.reason == "sale"}
    assert set(shipped) == {"SOON", "LATE"}
    rest = await stock.reserve((sku, 2))
    assert await code_of(stock.fulfil(rest.id)) == "not_there", "the book still calls PAST good"
    await expire_lots(stock.db, stock.job, stamp())
    assert (await stock.guard(sku)).backordered == 1


async def test_every_piece_by_its_own_serial(stock: Stock) -> None:
    sku = await stock.sku(serial_tracked=True)
    for serial in ("A", "B", "C"):
        await stock.receive(sku, 1, serial=serial)
    made, other = await stock.reserve((sku, 2)), await stock.reserve((sku, 1))
    assert (await list_of(stock, made.id)).tasks[0].serials
    assert await code_of(picked(stock, made.id, sku)) == "invalid"
    assert await code_of(picked(stock, made.id, sku, serial="Z")) == "not_there"
    await picked(stock, made.id, sku, serial="B")
    assert await code_of(picked(stock, other.id, sku, bin="PACK-1", serial="B")) == "not_there"
    await picked(stock, made.id, sku, serial="A")
    await unpicked(stock, made.id, sku, serial="B")
    await picked(stock, made.id, sku, serial="C")
    await stock.fulfil(made.id)
    await stock.fulfil(other.id)
    assert await places_of(stock, sku) == {}


async def test_what_was_picked_is_nobody_else_s(stock: Stock) -> None:
    sku = await stock.stocked(5)
    made = await stock.reserve((sku, 2))
    await picked(stock, made.id, sku, 2)
    away = {"sku": sku, "qty": 1, "reason": "move", "from": {"node": "N1", "bin": "PACK-1"},
            "to": {"node": "N1", "bin": "A-1"}}  # fmt: skip
    assert await code_of(stock.move(away)) == "picked_for_somebody"
    other = await stock.reserve((sku, 3))
    assert await tasks_of(stock, other.id) == [("R", "", 3)]
    assert await code_of(picked(stock, other.id, sku, bin="PACK-1")) == "not_there"
    transfer = await drafted(stock, (sku, 1))
    pack = {"sku": sku, "bin": "PACK-1"}
    await stock.release(other.id)
    assert await code_of(sent(stock, transfer.id, pack)) == "picked_for_somebody"
    await stock.release(made.id)
    await stock.move(away)
    assert (await sent(stock, transfer.id, pack)).state == "sent"


async def test_picked_goods_that_are_gone_were_picked_in_vain(stock: Stock) -> None:
    sku = await stock.stocked(6)
    first, second = await stock.reserve((sku, 2)), await stock.reserve((sku, 3))
    await picked(stock, first.id, sku, 2)
    await picked(stock, second.id, sku, 2)
    await stock.move(broken(sku, 3, "PACK-1"))
    assert (await list_of(stock, second.id)).lines[0].picked == 0
    kept = await list_of(stock, first.id)
    assert (kept.lines[0].picked, kept.lines[0].qty, kept.strength) == (1, 2, "allocated")
    assert (await stock.guard(sku)).backordered == 2
    assert (await list_of(stock, second.id)).lines[0].qty == 1, "the newest promise waits"
    await picked(stock, first.id, sku, 1)
    await stock.fulfil(first.id)


async def test_who_has_picked_keeps_what_others_lose(stock: Stock) -> None:
    sku = await stock.stocked(5)
    old, new = await stock.reserve((sku, 2)), await stock.reserve((sku, 3))
    await picked(stock, new.id, sku, 2)
    await stock.move(broken(sku, 3, "R"))
    assert (await list_of(stock, new.id)).lines[0].qty == 2, "only the rest waits"
    assert (await list_of(stock, old.id)).lines[0].backordered == 2
    await stock.receive(sku, 3)
    await stock.fulfil(new.id)
    await stock.fulfil(old.id)


async def test_what_may_not_be_picked(stock: Stock) -> None:
    sku, other = await stock.stocked(5), await stock.stocked(5)
    cart = await stock.reserve((sku, 1), hours=1)
    assert await code_of(picked(stock, cart.id, sku)) == "still_soft"
    made = await stock.reserve((sku, 2))
    assert await code_of(picked(stock, made.id, other)) == "not_in_this_order"
    assert await code_of(picked(stock, made.id, "NO-SUCH")) == "unknown_sku"
    assert await code_of(picked(stock, made.id, sku, 3)) == "more_than_promised"
    assert await code_of(picked(stock, made.id, sku, bin="A-2")) == "not_there"
    assert await code_of(picked(stock, made.id, sku, bin="Z-9")) == "unknown_bin"
    assert await code_of(picked(stock, made.id, sku, into="A-1")) == "no_pack_bin"
    assert await code_of(unpicked(stock, made.id, sku)) == "not_picked"
    assert await code_of(missed(stock, made.id, sku, "A-2")) == "not_there"
    away = await stock.sku()
    await stock.receive(away, 1, "N3")
    there = await stock.reserve((away, 1, "N3"))
    assert await code_of(picked(stock, there.id, away, node="N3")) == "no_pack_bin"
    await stock.release(made.id)
    for call in (
        picked(stock, made.id, sku), unpicked(stock, made.id, sku), missed(stock, made.id, sku)
    ):  # fmt: skip
        assert await code_of(call) == "wrong_state"


async def test_a_picker_works_at_their_own_node(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 2, "N1")
    await stock.receive(sku, 2, "N2")
    made = await stock.reserve((sku, 2, "N1"), (sku, 2, "N2"))
    here, there = stock.staff_of("N1"), stock.staff_of("N2")
    assert made.id in {r.id for r in await list_to_pick(stock.db, here, node="N1", most=99)}
    assert await list_to_pick(stock.db, there, node="N1", most=99) == []
    assert await code_of(picked(stock, made.id, sku, by=there)) == "unknown_reservation"
    assert await code_of(missed(stock, made.id, sku, by=there)) == "unknown_reservation"
    shown = get_pick_list(stock.db, there, reservation_id=made.id, node="N1")
    assert await code_of(shown) == "unknown_reservation"
    assert (await picked(stock, made.id, sku, 2, by=here)).strength == "allocated"
    other = await picked(stock, made.id, sku, 2, node="N2", by=there)
    assert other.strength == "picked"


async def test_the_work_of_a_node_oldest_first(stock: Stock) -> None:
    sku = await stock.stocked(9, "N2")
    made = [await stock.reserve((sku, 2, "N2")) for _ in range(3)]
    await stock.reserve((sku, 1, "N2"), hours=1)
    await picked(stock, made[0].id, sku, 2, node="N2")
    await picked(stock, made[1].id, sku, 1, node="N2")
    rows = await list_to_pick(stock.db, stock.staff, node="N2", most=50)
    ours = [(row.id, row.units, row.picked) for row in rows if row.id in {m.id for m in made}]
    assert ours == [(made[1].id, 2, 1), (made[2].id, 2, 0)]
    first = await list_to_pick(stock.db, stock.staff, node="N2", most=1)
    rest = await list_to_pick(stock.db, stock.staff, node="N2", after=first[0].id, most=50)
    assert [row.id for row in rest] == [row.id for row in rows[1:]]


async def test_a_pick_that_is_moved_back_is_no_pick(stock: Stock) -> None:
    sku = await stock.stocked(3)
    made = await stock.reserve((sku, 2))
    await picked(stock, made.id, sku, 2)
    moves = await list_movements(
        stock.db, stock.staff, sku=sku, reference=made.reference, before=None, most=9
    )
    await reverse_movement(stock.db, stock.staff, stamp(), movement_id=moves[0].id)
    back = await list_of(stock, made.id)
    assert (back.lines[0].picked, back.strength) == (0, "allocated")
    assert [(t.bin, t.qty) for t in back.tasks] == [("R", 2)]


async def test_a_picked_lot_that_expires_is_picked_anew(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    today = later(0).date()
    for lot, days in (("FIRST", 1), ("LAST", 90)):
        await stock.receive(sku, 2, lot=lot, expires_on=str(today + timedelta(days)))
    made = await stock.reserve((sku, 2))
    await picked(stock, made.id, sku, 2)
    stock.at[0] = 72.0
    await expire_lots(stock.db, stock.job, stamp())
    shown = await list_of(stock, made.id)
    assert (shown.lines[0].picked, shown.lines[0].qty) == (0, 2)
    assert [(t.lot, t.qty) for t in shown.tasks] == [("LAST", 2)]
    await stock.fulfil(made.id)


async def test_what_was_picked_is_not_shipped_past_its_date(stock: Stock) -> None:
    """Also before the job has taken the lot out of sale; another lot is picked instead."""
    sku = await stock.sku(lot_tracked=True)
    today = later(0).date()
    for lot, days in (("FIRST", 1), ("LAST", 90)):
        await stock.receive(sku, 2, lot=lot, expires_on=str(today + timedelta(days)))
    made = await stock.reserve((sku, 2))
    await picked(stock, made.id, sku, 2)
    stock.at[0] = 72.0
    assert await code_of(stock.fulfil(made.id)) == "lot_expired"
    await unpicked(stock, made.id, sku, 2)
    await picked(stock, made.id, sku, 2)
    await stock.fulfil(made.id)
    assert await places_of(stock, sku) == {"N1/R good": 2}


async def test_a_reference_that_comes_again_gives_back_what_was_picked(stock: Stock) -> None:
    sku = await stock.stocked(3)
    made = await stock.reserve((sku, 2), reference="again")
    await picked(stock, made.id, sku, 2)
    later_one = await stock.reserve((sku, 3), reference="again")
    shown = await list_of(stock, later_one.id)
    assert sorted((t.bin, t.qty) for t in shown.tasks) == [("PACK-1", 2), ("R", 1)]
    await picked(stock, later_one.id, sku, 2, bin="PACK-1")
    await picked(stock, later_one.id, sku, 1)
    await stock.fulfil(later_one.id)
