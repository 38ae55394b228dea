"""Which goods leave, whose they are and who waits: every rule of a choice decides something here,
in an order of arrival, names and places that would choose otherwise without it."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from entrepot.catalog.types import SkuDocument
from entrepot.counts.types import FilledSheet, NewCount
from entrepot.flows.approve_count import approve_count
from entrepot.flows.ask_adjustment import ask_adjustment
from entrepot.flows.change_node import change_node
from entrepot.flows.change_reservation import change_reservation
from entrepot.flows.create_bins import create_bins
from entrepot.flows.fill_in_count import fill_in_count
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_to_pick import list_to_pick
from entrepot.flows.open_count import open_count
from entrepot.flows.replace_sku import replace_sku
from entrepot.nodes.types import NewBins
from entrepot.nodes.working_types import ChangedNode
from entrepot.stock.adjustment_types import NewAdjustment
from entrepot.stock.types import Confirmed
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.arriving import came_back, stowed
from tests.stock.arriving import received as at_dock
from tests.stock.house import Stock, open_stock
from tests.stock.picking import broken, list_of, missed, picked, tasks_of, with_pack_bins
from tests.stock.transferring import code_of, drafted, places_of, received, sent

pytestmark = pytest.mark.usefixtures("whole")


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    house = await open_stock(server)
    await with_pack_bins(house)
    return house


def day(days: int) -> str:
    return str(later(0).date() + timedelta(days))


async def late_before_soon(stock: Stock, bin: str = "R", node: str = "N1") -> str:
    """Lots A and B, a unit each: A came first and expires last. 0 never does and came before."""
    sku = await stock.sku(lot_tracked=True)
    for hours, lot, expires in ((-3.0, "0", None), (-2.0, "A", day(90)), (-1.0, "B", day(9))):
        stock.at[0] = hours
        to = {"node": node, "bin": bin}
        await stock.receive(sku, 1, lot=lot, expires_on=expires, to=to)
    stock.at[0] = 0.0
    return sku


async def sold(stock: Stock, sku: str, reference: str) -> list[tuple[str, str | None]]:
    found = await list_movements(
        stock.db, stock.staff, sku=sku, reference=reference, before=None, most=9
    )
    return [(move.lot, move.serial) for move in found if move.reason == "sale"]


async def promoted(stock: Stock, sku: str, bin: str, lot: str = "") -> None:
    at = {"node": "N1", "bin": bin}
    await stock.move({
        "sku": sku, "qty": 1, "reason": "reclassify", "lot": lot, "from": at,
        "to": {**at, "status": "promo"},
    })  # fmt: skip


async def test_what_expires_first_leaves_first(stock: Stock) -> None:
    sku = await late_before_soon(stock)
    for qty, lots in ((1, {"B"}), (2, {"B", "A"}), (3, {"B", "A", "0"})):
        made = await stock.reserve((sku, qty), reference=f"fefo {sku}")
        assert {lot for _, lot, _ in await tasks_of(stock, made.id)} == lots
    one = await stock.reserve((sku, 1), reference=f"fefo {sku}")
    await stock.fulfil(one.id)
    assert await sold(stock, sku, one.reference) == [("B", None)]


async def test_a_picker_without_a_lot_gets_what_expires_first(stock: Stock) -> None:
    sku = await late_before_soon(stock)
    made = await stock.reserve((sku, 2))
    await picked(stock, made.id, sku)
    done = await picked(stock, made.id, sku)
    assert {p.lot for p in done.picked} == {"A", "B"}
    other = await stock.reserve((sku, 1))
    assert (await picked(stock, other.id, sku)).picked[0].lot == "0"


async def test_of_pieces_what_expires_first_leaves_first(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True, serial_tracked=True)
    lots = {"0": None, "A": day(90), "B": day(0), "PAST": day(-1)}
    for serial, lot in (("3", "PAST"), ("a", "0"), ("b", "A"), ("c", "B")):
        await stock.receive(sku, 1, lot=lot, serial=serial, expires_on=lots[lot])
    await stock.receive(sku, 1, lot="B", serial="1", owner="ACME")
    await stock.receive(sku, 1, lot="B", serial="2", to={"node": "N1", "status": "damaged"})
    made = await stock.reserve((sku, 1))
    assert await tasks_of(stock, made.id) == [("R", "B", 1)]
    await stock.fulfil(made.id)
    assert await sold(stock, sku, made.reference) == [("B", "c")]


async def test_a_transfer_takes_and_counts_off_what_expires_first(stock: Stock) -> None:
    sku = await late_before_soon(stock)
    one = await drafted(stock, (sku, 1))
    assert [g.lot for g in (await sent(stock, one.id)).goods] == ["B"]
    two = await drafted(stock, (sku, 2))
    assert {g.lot for g in (await sent(stock, two.id)).goods} == {"A", "0"}
    part = await received(stock, two.id, {"sku": sku, "qty": 1})
    assert [g.lot for g in part.goods if g.received] == ["A"]
    await received(stock, one.id)
    await received(stock, two.id)


async def test_promo_goods_leave_before_others_of_their_date(stock: Stock) -> None:
    sku = await stock.sku()
    for hours, bin in ((-2.0, "A-1"), (-1.0, "A-2")):
        stock.at[0] = hours
        await stock.receive(sku, 2, to={"node": "N1", "bin": bin})
    stock.at[0] = 0.0
    await promoted(stock, sku, "A-2")
    made = await stock.reserve((sku, 1))
    assert await tasks_of(stock, made.id) == [("A-2", "", 1)]
    assert {p.bin for p in (await picked(stock, made.id, sku, bin="A-2")).picked} == {"PACK-1"}
    await stock.fulfil(made.id)
    assert await places_of(stock, sku) == {"N1/A-1 good": 2, "N1/A-2 good": 1}
    oldest = await stock.reserve((sku, 2))
    assert await tasks_of(stock, oldest.id) == [("A-1", "", 2)]


async def test_on_its_last_day_a_lot_is_good(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 3, lot="L", expires_on=day(0))
    made = await stock.reserve((sku, 2))
    assert await tasks_of(stock, made.id) == [("R", "L", 2)]
    await picked(stock, made.id, sku, lot="L")
    one = await drafted(stock, (sku, 1))
    await sent(stock, one.id)
    await stock.fulfil(made.id)
    await received(stock, one.id)


async def test_who_picked_one_lot_or_state_leaves_the_others(stock: Stock) -> None:
    """All of it lies in one bin for packing; only what was picked is somebody's."""
    sku = await stock.sku(lot_tracked=True)
    for lot, expires in (("A", day(5)), ("B", day(50))):
        await stock.receive(sku, 3, lot=lot, expires_on=expires)
    made = await stock.reserve((sku, 2))
    await picked(stock, made.id, sku, 2, lot="A")
    pack, rest = {"node": "N1", "bin": "PACK-1"}, {"sku": sku, "reason": "move"}
    from_dock = {"from": {"node": "N1", "bin": "R"}, "to": pack}
    await stock.move({**rest, "qty": 1, "lot": "A", **from_dock})
    await stock.move({**rest, "qty": 3, "lot": "B", **from_dock})
    await promoted(stock, sku, "PACK-1", "A")
    other = await stock.reserve((sku, 4))
    assert sorted(await tasks_of(stock, other.id)) == [("PACK-1", "A", 1), ("PACK-1", "B", 3)]
    await picked(stock, other.id, sku, 2, bin="PACK-1", lot="B")
    out = {"from": pack, "to": {"node": "N1", "bin": "A-1"}}
    await stock.move({**rest, "qty": 1, "lot": "B", **out})
    assert await code_of(stock.move({**rest, "qty": 1, "lot": "B", **out})) == (
        "picked_for_somebody"
    )
    await stock.fulfil(made.id)
    await stock.fulfil(other.id)


async def test_goods_of_others_and_broken_ones_are_no_picker_s(stock: Stock) -> None:
    """ACME's came first, into a bin before ours; a broken unit lies beside them."""
    sku = await stock.sku()
    shelf, pack = {"node": "N1", "bin": "A-1"}, {"node": "N1", "bin": "PACK-1"}
    stock.at[0] = -1.0
    await stock.receive(sku, 3, owner="ACME", to=shelf)
    await stock.receive(sku, 1, to={**shelf, "status": "damaged"})
    stock.at[0] = 0.0
    await stock.receive(sku, 3, to={"node": "N1", "bin": "A-2"})
    made = await stock.reserve((sku, 2))
    assert await tasks_of(stock, made.id) == [("A-2", "", 2)]
    assert await code_of(picked(stock, made.id, sku, bin="A-1")) == "not_there"
    assert await code_of(missed(stock, made.id, sku, "A-1")) == "not_there"
    await picked(stock, made.id, sku, 2, bin="A-2")
    theirs = {"sku": sku, "qty": 2, "reason": "move", "owner": "ACME"}
    await stock.move({**theirs, "from": shelf, "to": pack})
    await stock.move({**theirs, "from": pack, "to": shelf})
    assert (await list_of(stock, made.id)).strength == "picked"
    one = await drafted(stock, (sku, 3), owner="ACME")
    await sent(stock, one.id)
    assert (await places_of(stock, sku))["N1/A-1 damaged"] == 1
    await received(stock, one.id)
    await stock.fulfil(made.id)
    assert (await stock.guard(sku)).available == 1


async def test_pieces_beside_a_picked_one_are_free(stock: Stock) -> None:
    sku = await stock.sku(serial_tracked=True)
    for serial in ("A", "B"):
        await stock.receive(sku, 1, serial=serial)
    made = await stock.reserve((sku, 1))
    await picked(stock, made.id, sku, serial="A")
    move = {"sku": sku, "qty": 1, "reason": "move", "from": {"node": "N1", "bin": "R"},
            "to": {"node": "N1", "bin": "PACK-1"}, "serial": "B"}  # fmt: skip
    await stock.move(move)
    await stock.move(broken(sku, 1, "PACK-1") | {"serial": "B"})
    assert (await list_of(stock, made.id)).strength == "picked"
    await stock.fulfil(made.id)
    assert await sold(stock, sku, made.reference) == [("", "A")]


async def test_goods_are_packed_in_the_bin_for_it(stock: Stock) -> None:
    bins = {"bins": [{"code": "AA-1", "class": "staging"}, {"code": "AA-2", "class": "outbound"}]}
    await create_bins(stock.db, stock.staff, stamp(), node="N2", new=msgspec.convert(bins, NewBins))
    sku = await stock.stocked(3, "N2")
    made = await stock.reserve((sku, 3, "N2"))
    await picked(stock, made.id, sku, node="N2")
    done = await picked(stock, made.id, sku, node="N2", into="aa-2")
    assert {p.bin for p in done.picked} == {"PACK-1", "AA-2"}
    assert await code_of(picked(stock, made.id, sku, node="N2", into="R")) == "no_pack_bin"


async def to_pick(stock: Stock, node: str = "N1") -> set[UUID]:
    return {r.id for r in await list_to_pick(stock.db, stock.staff, node=node, most=200)}


async def test_who_is_called_picked_elsewhere_is_left_to_them(stock: Stock) -> None:
    sku = await stock.stocked(4)
    ours, theirs = await stock.reserve((sku, 2)), await stock.reserve((sku, 1))
    assert {ours.id, theirs.id} <= await to_pick(stock)
    await change_reservation(
        stock.db, stock.staff, stamp(), reservation_id=theirs.id,
        wanted=Confirmed(strength="picked"),
    )  # fmt: skip
    await picked(stock, ours.id, sku)
    assert await to_pick(stock) & {ours.id, theirs.id} == {ours.id}
    await stock.release(ours.id)
    assert ours.id not in await to_pick(stock)


async def where(stock: Stock, reservation_id: UUID) -> dict[str, tuple[int, int]]:
    now = await get_reservation(stock.db, stock.staff, reservation_id=reservation_id)
    return {line.node: (line.qty, line.backordered) for line in now.lines}


async def test_only_nodes_that_are_ours_to_promise_take_over(stock: Stock) -> None:
    """N2 is nearer and protects some; where somebody else promises, nothing comes or goes."""
    sku = await stock.stocked(9)
    await stock.receive(sku, 5, "N2")
    await stock.receive(sku, 5, "N3")
    await stock.levels(sku, "N2", protected=4)
    made = await stock.reserve((sku, 3, "N1"))
    await missed(stock, made.id, sku)
    assert await where(stock, made.id) == {"N2": (1, 0), "N3": (2, 0)}

    async def promised_by(node: str, owner: str) -> None:
        change = msgspec.convert({"allocation_owner": owner}, ChangedNode)
        await change_node(stock.db, stock.staff, stamp(), code=node, change=change)

    for outside, expected in (("N2", {"N3": (1, 0)}), ("N1", {"N1": (0, 1)})):
        sku = await stock.stocked(1)
        await stock.receive(sku, 1, "N2")
        await stock.receive(sku, 1, "N3")
        made = await stock.reserve((sku, 1, "N1"))
        await promised_by(outside, "wms")
        try:
            await missed(stock, made.id, sku)
        finally:
            await promised_by(outside, "entrepot")
        assert await where(stock, made.id) == expected


async def test_carts_lose_first_then_the_newest_order(stock: Stock) -> None:
    sku = await stock.stocked(3)
    cart = await stock.reserve((sku, 1), hours=9)
    old, new = await stock.reserve((sku, 1)), await stock.reserve((sku, 1))
    for lost in (cart, new, old):
        await stock.move(broken(sku, 1, "R"))
        assert await where(stock, lost.id) == {"N1": (0, 1)}
    await stock.receive(sku, 3)
    assert {(await stock.fulfil(one.id)).state for one in (old, new)} == {"fulfilled"}


async def test_what_is_there_of_a_closed_sku_is_handled_like_everything_else(
    stock: Stock,
) -> None:
    """Put away, counted (one more than known), written off, sold and taken back, sent to another
    node; nothing new comes in."""
    sku = await stock.stocked(4)
    sale = await stock.reserve((sku, 1))
    shut = SkuDocument(names={"en": sku}, closed=True)
    await replace_sku(stock.db, stock.staff, stamp(), code=sku, document=shut)
    await stowed(stock, sku, "A-2", qty=3)
    new = NewCount("stock", "N1", "A-2", sku)
    count = await open_count(stock.db, stock.staff, stamp(), new=new)
    seen = msgspec.convert({"goods": [{"sku": sku, "counted": 4}]}, FilledSheet)
    for _ in range(2):
        await fill_in_count(stock.db, stock.staff, stamp(), count_id=count.id, sheet=seen)
    await approve_count(stock.db, stock.staff, stamp(), count_id=count.id)
    line = {"sku": sku, "bin": "A-2", "qty": 1, "reason": "scrap"}
    broken_one = msgspec.convert({"node": "N1", "cause": "broken", "lines": [line]}, NewAdjustment)
    await ask_adjustment(stock.db, stock.staff, stamp(), new=broken_one)
    await stock.fulfil(sale.id)
    await came_back(stock, sale.reference, {"code": sku, "status": "good"})
    one = await drafted(stock, (sku, 1))
    await sent(stock, one.id)
    await received(stock, one.id)
    assert sum((await places_of(stock, sku)).values()) == 4
    assert await code_of(stock.receive(sku, 1)) == "unknown_sku"
    assert await code_of(at_dock(stock, None, (sku, 1), reference="walk-in")) == "invalid"
