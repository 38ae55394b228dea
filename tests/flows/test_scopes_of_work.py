"""Who works in one warehouse reads nothing of another, also where no page of the API asks."""

from datetime import timedelta

import pytest

from entrepot.flows.find_goods_named import find_goods_named
from entrepot.flows.get_document import get_document
from entrepot.flows.get_sku_stock import get_sku_stock
from entrepot.flows.get_stock_strategy import get_stock_strategy
from entrepot.flows.list_ageing import list_ageing
from entrepot.flows.list_history import list_history
from entrepot.flows.list_kept_back import list_kept_back
from entrepot.flows.list_lots import list_lots
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_stock import list_stock
from entrepot.flows.list_stock_as_of import list_stock_as_of
from entrepot.flows.list_stock_levels import list_stock_levels
from entrepot.flows.list_transfers import list_transfers
from entrepot.flows.trace_goods import trace_goods
from entrepot.flows.trace_reference import trace_reference
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import NotFound
from entrepot.stock.history import Wanted
from tests.flows.trade import later
from tests.stock.house import Stock
from tests.stock.transferring import drafted, received, sent

pytestmark = pytest.mark.usefixtures("whole")


async def seen_by(stock: Stock, by: Staff, sku: str, lot: str, order: str) -> dict[str, object]:
    """What each list shows of goods, empty ones left out."""
    db = stock.db
    shown: dict[str, object] = {
        "levels": await list_stock_levels(db, by, search=sku, most=9),
        "names": await find_goods_named(db, by, name=lot),
        "lots": await list_lots(db, by, sku=sku, lying=True),
        "stock": await list_stock(db, by, skus=[sku], node=None),
        "then": (
            await list_stock_as_of(db, by, skus=[sku], node=None, after="", as_of=later(0), most=9)
        ).rows,
        "kept": await list_kept_back(
            db, by, node=None, sku=sku, statuses=["damaged"], after=[""] * 6, most=9
        ),
        "age": await list_ageing(db, by, skus=[sku]),
        "moves": await list_movements(db, by, sku=sku, reference=None, before=None, most=9),
        "trace": await trace_reference(db, by, reference=order, before=None, most=9),
        "pools": (await get_stock_strategy(db, by, skus=[sku])).pools,
    }
    return {name: rows for name, rows in shown.items() if rows}


async def test_every_list_of_goods_keeps_to_the_warehouse(stock: Stock) -> None:
    sku, lot = await stock.sku(lot_tracked=True), f"L{new_token(6)}"
    day = str(later(0).date() + timedelta(30))
    first = await stock.receive(sku, 3, "N2", lot=lot, expires_on=day)
    at = {"node": "N2"}
    await stock.move({"sku": sku, "qty": 1, "reason": "reclassify", "lot": lot, "from": at,
                      "to": {**at, "status": "damaged"}})  # fmt: skip
    order = f"order {new_token(6)}"
    await stock.fulfil((await stock.reserve((sku, 1, "N2"), reference=order)).id)
    here, there = stock.staff_of("N2"), stock.staff_of("N1")
    assert len(await seen_by(stock, here, sku, lot, order)) == 10
    assert await seen_by(stock, there, sku, lot, order) == {}
    numbered = await stock.sku(serial_tracked=True)
    await stock.receive(numbered, 1, "N2", serial=lot)
    assert len(await find_goods_named(stock.db, here, name=lot)) == 2
    assert await find_goods_named(stock.db, there, name=lot) == []
    assert await get_document(stock.db, here, movement_id=first.movements[0])
    with pytest.raises(NotFound):
        await get_document(stock.db, there, movement_id=first.movements[0])
    assert [n.node for n in (await get_sku_stock(stock.db, here, sku=sku)).nodes] == ["N2"]
    assert (await get_sku_stock(stock.db, there, sku=sku)).nodes == []


async def test_sums_of_goods_in_two_warehouses_are_of_one(stock: Stock) -> None:
    """The goods are in sight, but not all of them: 5 of 8 units, one of two owners' lots."""
    sku, lot = await stock.sku(lot_tracked=True), f"L{new_token(6)}"
    await stock.receive(sku, 5, "N2", lot=lot)
    await stock.receive(sku, 3, "N1", lot=lot)
    await stock.receive(sku, 1, "N1", lot=f"{lot}X", owner="ACME")
    order = f"order {new_token(6)}"
    await stock.fulfil((await stock.reserve((sku, 1, "N1"), reference=order)).id)
    by, db = stock.staff_of("N2"), stock.db
    (level,) = await list_stock_levels(db, by, search=sku, most=9)
    assert (level.on_hand, level.nodes) == (5, 1)
    assert [(row.lot, row.good) for row in await list_lots(db, by, sku=sku)] == [(lot, 5)]
    found = await trace_goods(db, by, sku=sku, lot=lot, serial=None, before=None, most=9)
    assert [row.on_hand for row in found.lies] == [5]
    assert ([row.qty for row in found.came], found.left) == ([5], [])
    assert await trace_reference(db, by, reference=order, before=None, most=9) == []
    told = await list_history(db, by, sku=sku, wanted=Wanted(), before=None, most=9)
    assert [(row.change, row.balance) for row in told] == [(5, 5)]
    kept = await get_stock_strategy(db, by, skus=[sku])
    assert {row.node for row in kept.pools} | {row.node for row in kept.channels} == {"N2"}
    assert [(row.lot, row.on_hand) for row in kept.lots] == [(lot, 5)]
    assert [(row.owner, row.on_hand) for row in kept.owners] == [("", 5)]
    assert [(row.node, row.units) for row in await list_ageing(db, by, skus=[sku])] == [("N2", 5)]
    shown = await get_sku_stock(db, by, sku=sku)
    assert [row.node for row in shown.nodes] == ["N2"]
    assert [(row.status, row.on_hand) for row in shown.statuses] == [("good", 5)]
    assert shown.channels == [], "what a channel may sell is of all its nodes"
    other = await stock.reserve((sku, 1, "N2"))
    await stock.fulfil(other.id)
    (line,) = await trace_reference(db, by, reference=other.reference, before=None, most=9)
    assert len(line.sources) == 1, "the receipt of the other warehouse is not told"


async def test_a_piece_is_traced_in_each_warehouse_for_itself(stock: Stock) -> None:
    """It came and was sold in one, and came back in another."""
    sku = await stock.sku(serial_tracked=True)
    await stock.receive(sku, 1, "N1", serial="A")
    end = {"sku": sku, "qty": 1, "serial": "A"}
    await stock.move({**end, "reason": "sale", "from": {"node": "N1"}}, reference=f"of {sku}")
    await stock.move({**end, "reason": "return", "to": {"node": "N2"}}, reference=f"of {sku}")
    seen = {}
    for node in ("N1", "N2"):
        found = await trace_goods(
            stock.db, stock.staff_of(node), sku=sku, lot=None, serial="A", before=None, most=9
        )
        seen[node] = [
            [row.place for row in found.came], [row.place for row in found.left],
            [row.place for row in found.lies],
        ]  # fmt: skip
    assert seen["N1"] == [["supplier"], ["customer"], []]
    assert seen["N2"] == [["customer"], [], ["N2/R"]]
    with pytest.raises(NotFound):
        await trace_goods(
            stock.db, stock.staff_of("N3"), sku=sku, lot=None, serial="A", before=None, most=9
        )


async def test_a_transfer_is_seen_at_its_two_ends(stock: Stock) -> None:
    sku = await stock.stocked(2)
    one = await drafted(stock, (sku, 1))
    document = await sent(stock, one.id)
    await received(stock, one.id)
    seen = {}
    for node in ("N1", "N2", "N3"):
        rows = await list_transfers(stock.db, stock.staff_of(node), most=99)
        moves = await list_movements(
            stock.db, stock.staff_of(node), sku=sku, reference=document.code, before=None, most=9
        )
        seen[node] = (one.id in {row.id for row in rows}, len(moves))
    assert seen == {"N1": (True, 1), "N2": (True, 1), "N3": (False, 0)}
