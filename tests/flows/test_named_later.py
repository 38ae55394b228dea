"""Goods that came before their SKU was kept by lot or serial get their name, with four eyes."""

import asyncio

import msgspec
import pytest

from entrepot.access.permissions import PERMISSIONS
from entrepot.catalog.types import SkuDocument
from entrepot.counts.types import FilledSheet, NewCount
from entrepot.flows.approve_adjustment import approve_adjustment
from entrepot.flows.approve_count import approve_count
from entrepot.flows.ask_adjustment import ask_adjustment
from entrepot.flows.change_node import change_node
from entrepot.flows.fill_in_count import fill_in_count
from entrepot.flows.get_adjustment import get_adjustment
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.open_count import open_count
from entrepot.flows.replace_sku import replace_sku
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from entrepot.nodes.working_types import ChangedNode
from entrepot.platform.clock import system_clock
from entrepot.stock.adjustment_types import AdjustmentSummary, Decision, NewAdjustment
from tests.flows.trade import later, stamp
from tests.stock.house import Stock
from tests.stock.telling import by_lot, pieces, rows
from tests.stock.transferring import code_of

SAID = Decision()
pytestmark = pytest.mark.usefixtures("whole")


def somebody(stock: Stock) -> Staff:
    return Staff(stock.tenant.tenant, new_id(system_clock()), PERMISSIONS)


async def tracked(stock: Stock, sku: str, **by: object) -> None:
    document = msgspec.convert({"names": {"en": sku}, **by}, SkuDocument)
    await replace_sku(stock.db, stock.staff, stamp(), code=sku, document=document)


async def name(
    stock: Stock, *lines: dict[str, object], by: Staff | None = None
) -> AdjustmentSummary:
    told = [{"reason": "named", **line} for line in lines]
    new = msgspec.convert({"node": "N1", "cause": "named_later", "lines": told}, NewAdjustment)
    return await ask_adjustment(stock.db, by or somebody(stock), stamp(), new=new)


async def approved(stock: Stock, asked: AdjustmentSummary) -> AdjustmentSummary:
    return await approve_adjustment(
        stock.db, somebody(stock), stamp(), adjustment_id=asked.id, said=SAID
    )


async def test_goods_get_their_lot_and_stay_promised(stock: Stock) -> None:
    """In two lots of one bin, with the date; nobody waits for a moment, nothing is free."""
    sku = await stock.stocked(5)
    held = await stock.reserve((sku, 5))
    await tracked(stock, sku, lot_tracked=True)
    day = later(24 * 90).date()
    made = await name(
        stock, {"sku": sku, "qty": 3, "lot": "A", "expires_on": day.isoformat()},
        {"sku": sku, "qty": 2, "lot": "B"},
    )  # fmt: skip
    assert (made.state, made.units) == ("posted", 5)
    assert await by_lot(stock, sku) == {"A": 3, "B": 2}
    line = (await get_reservation(stock.db, stock.staff, reservation_id=held.id)).lines[0]
    assert (line.qty, line.backordered) == (5, 0)
    assert await stock.available(sku) == [0]
    assert await rows(
        stock, "select l.expires_on from stock.lot l join catalog.sku s using (sku_id)"
        " where s.code = $1 and l.lot = 'A'", sku,
    ) == [(day,)]  # fmt: skip
    await stock.fulfil(held.id)
    assert await by_lot(stock, sku) == {}


async def test_above_the_limit_somebody_else_approves_and_it_happens_once(stock: Stock) -> None:
    sku, by = await stock.stocked(9), somebody(stock)
    await tracked(stock, sku, lot_tracked=True)
    made = await name(stock, {"sku": sku, "qty": 9, "lot": "A"}, by=by)
    rival = await name(stock, {"sku": sku, "qty": 9, "lot": "B"})
    assert (made.state, made.over, await by_lot(stock, sku)) == ("requested", "units", {"": 9})
    (line,) = (await get_adjustment(stock.db, stock.staff, adjustment_id=made.id)).lines
    assert (line.reason, line.lot, line.qty) == ("named", "A", 9)
    with pytest.raises(Forbidden):
        await approve_adjustment(stock.db, by, stamp(), adjustment_id=made.id, said=SAID)
    done = await asyncio.gather(
        *(approved(stock, one) for one in (made, rival, made, rival)), return_exceptions=True
    )
    assert sum(isinstance(one, AdjustmentSummary) for one in done) == 1
    codes = {one.code for one in done if isinstance(one, Conflict)}
    assert codes <= {"goods_moved", "wrong_state"}
    assert list((await by_lot(stock, sku)).values()) == [9]


async def test_pieces_get_their_serials_at_once_or_not_at_all(stock: Stock) -> None:
    """Of two where one piece has none, one is too late; a piece that has one keeps it."""
    sku = await stock.stocked(3)
    await tracked(stock, sku, serial_tracked=True)
    await stock.receive(sku, 1, serial="X")
    assert (await name(stock, {"sku": sku, "qty": 1, "serial": "Y"})).state == "posted"
    named = [name(stock, {"sku": sku, "qty": 1, "serial": f"Z{n}"}) for n in range(4)]
    made = await asyncio.gather(*named, return_exceptions=True)
    assert sum(isinstance(one, AdjustmentSummary) for one in made) == 2
    assert {one.code for one in made if isinstance(one, Conflict)} == {"goods_moved"}
    assert len(await pieces(stock, sku)) == 4
    assert (await stock.guard(sku)).on_hand == 4
    await stock.move({"sku": sku, "qty": 1, "serial": "Y", "reason": "sale",
                      "from": {"node": "N1"}})  # fmt: skip


async def test_what_is_kept_by_lot_and_by_piece(stock: Stock) -> None:
    """What has its lot already gets the serial in it; of a lot that is told once no other."""
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 1, lot="A")
    await tracked(stock, sku, lot_tracked=True, serial_tracked=True)
    await name(stock, {"sku": sku, "qty": 1, "lot": "A", "serial": "X"})
    assert await rows(
        stock, "select r.serial, r.lot from stock.serial r join catalog.sku s using (sku_id)"
        " where s.code = $1", sku,
    ) == [("X", "A")]  # fmt: skip
    assert await by_lot(stock, sku) == {"A": 1}
    again = name(stock, {"sku": sku, "qty": 1, "lot": "A", "serial": "Y"})
    assert await code_of(again) == "goods_moved"


async def test_a_name_is_whole_and_of_goods_that_have_none(stock: Stock) -> None:
    plain, sku = await stock.stocked(4), await stock.stocked(4)
    await tracked(stock, sku, lot_tracked=True)
    for line, path, code in (
        ({"sku": sku, "qty": 1}, "lines[0].lot", "lot_missing"),
        ({"sku": plain, "qty": 1, "lot": "A"}, "lines[0].reason", "not_kept_by_name"),
        ({"sku": sku, "qty": 1, "lot": "A", "reason": "loss"}, "lines[0].reason",
         "not_of_this_cause"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            await name(stock, line)
        assert [(error.path, error.code) for error in refused.value.errors] == [(path, code)]
    assert await code_of(name(stock, {"sku": sku, "qty": 5, "lot": "A"})) == "goods_moved"
    held = name(stock, {"sku": sku, "qty": 1, "lot": "A", "status": "hold"})
    assert await code_of(held) == "goods_moved"
    with pytest.raises(NotFound):
        await name(stock, {"sku": sku, "qty": 1, "lot": "A"}, by=stock.staff_of("N2"))
    wms = ChangedNode(quantities_master="wms")
    await change_node(stock.db, stock.staff, stamp(), code="N1", change=wms)
    try:
        assert await code_of(name(stock, {"sku": sku, "qty": 1, "lot": "A"})) == "master_is_outside"
    finally:
        ours = ChangedNode(quantities_master="entrepot")
        await change_node(stock.db, stock.staff, stamp(), code="N1", change=ours)
    assert await by_lot(stock, sku) == {"": 4}


async def test_a_count_puts_the_lots_in_their_place(stock: Stock) -> None:
    """Who counts sees lots: what has none in the book leaves it as it is."""
    sku = await stock.stocked(4)
    await tracked(stock, sku, lot_tracked=True)
    wanted = NewCount(what="stock", warehouse="N1", bin="R", sku=sku)
    opened = await open_count(stock.db, somebody(stock), stamp(), new=wanted)
    sheet = msgspec.convert({"goods": [{"sku": sku, "counted": 3, "lot": "A"}]}, FilledSheet)
    for _ in range(2):
        await fill_in_count(stock.db, somebody(stock), stamp(), count_id=opened.id, sheet=sheet)
    await approve_count(stock.db, somebody(stock), stamp(), count_id=opened.id)
    assert await by_lot(stock, sku) == {"A": 3}
