"""Goods from the dock into bins, and goods that customers send back."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from entrepot.access.permissions import PERMISSIONS
from entrepot.catalog.types import SkuDocument
from entrepot.flows.create_bins import create_bins
from entrepot.flows.list_dock import list_dock
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_stock import list_stock
from entrepot.flows.replace_sku import replace_sku
from entrepot.flows.suggest_bins import suggest_bins
from entrepot.flows.undo_put_away import undo_put_away
from entrepot.kernel.ids import new_token
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from entrepot.nodes.types import NewBins
from entrepot.stock.arrivals import put_away, returns
from entrepot.stock.arrivals import queries as arrivals_reads
from entrepot.stock.arrivals.types import SuggestedBin
from tests.flows.trade import stamp
from tests.stock.arriving import announced, came_back, closed, moved_back, received, stowed
from tests.stock.house import Stock


class Named(msgspec.Struct, frozen=True):
    """A SKU by id and code."""

    sku_id: UUID
    code: str


pytestmark = pytest.mark.usefixtures("whole")


async def lying(stock: Stock, sku: str) -> dict[str, int]:
    rows = await list_stock(stock.db, stock.staff, skus=[sku], node=None, most=50)
    return {row.place: row.on_hand for row in rows if row.on_hand}


async def sold(stock: Stock, sku: str, qty: int, **fields: object) -> str:
    reference = new_token(9)
    made = await stock.reserve((sku, qty), reference=reference)
    await stock.fulfil(made.id)
    return reference


async def test_from_the_dock_into_a_bin_and_back(stock: Stock) -> None:
    sku = await stock.sku(packs=[{"unit": "box", "base_quantity": "6"}])
    await received(stock, None, (sku, 10), reference="walk-in")
    done = await stowed(stock, sku, "A-1", qty=1, unit="box")
    assert (done.qty, done.bin) == (6, "A-1")
    places = await lying(stock, sku)
    assert sorted(places.values()) == [4, 6]
    assert places["N1/A-1"] == 6
    for _ in range(2):
        try:
            await undo_put_away(stock.db, stock.staff, stamp(), movement_id=done.movements[0])
        except Conflict as refused:
            assert refused.code == "already_reversed"
    assert list((await lying(stock, sku)).values()) == [10]
    receipt = await received(stock, None, (sku, 1), reference="walk-in")
    with pytest.raises(NotFound):
        await undo_put_away(
            stock.db, stock.staff, stamp(), movement_id=receipt.lines[0].movements[0]
        )


async def test_what_does_not_lie_there_is_not_put_away(stock: Stock) -> None:
    sku = await stock.sku()
    await received(stock, None, (sku, 2), reference="walk-in")
    dock = (await list_dock(stock.db, stock.staff, node="N1", most=50))[-1].bin
    for code, to, fields in (
        ("not_there", "A-1", {"qty": 3}),
        ("unknown_bin", "NO-1", {}),
        ("receiving_bin", dock, {}),
        ("not_there", "A-2", {"from": "A-1"}),
    ):
        with pytest.raises((Conflict, NotFound)) as refused:
            await stowed(stock, sku, to, **fields)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        await stowed(stock, sku, "A-1", node="N9")
    tries = await asyncio.gather(
        *[stowed(stock, sku, "A-1", qty=2) for _ in range(3)], return_exceptions=True
    )
    assert [getattr(x, "code", "done") for x in tries].count("not_there") == 2
    assert await lying(stock, sku) == {"N1/A-1": 2}


async def test_several_lots_are_named_and_serials_follow(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True, serial_tracked=True)
    await received(
        stock, None,
        {"code": sku, "lot": "L1", "serials": ["a", "b"]},
        {"code": sku, "lot": "L2", "serials": ["c"], "status": "damaged"},
        {"code": sku, "lot": "L3", "serials": ["d"]},
        reference="walk-in",
    )  # fmt: skip
    with pytest.raises(Conflict) as refused:
        await stowed(stock, sku, "A-1")
    assert refused.value.code == "which_goods"
    kinds = refused.value.facts["kinds"]
    assert [(k["lot"], k["status"]) for k in kinds] == [("L1", "good"), ("L3", "good")]  # type: ignore[index, union-attr]
    with pytest.raises(Invalid):
        await stowed(stock, sku, "A-1", lot="L1")
    await stowed(stock, sku, "A-1", lot="L1", serials=["b"])
    await stowed(stock, sku, "A-1", lot="L2", status="damaged")
    rows = await list_dock(stock.db, stock.staff, node="N1", most=50)
    assert [(r.lot, r.serials) for r in rows if r.sku == sku] == [("L1", ["a"]), ("L3", ["d"])]


async def test_the_dock_is_paged(stock: Stock) -> None:
    for _ in range(3):
        await received(stock, None, (await stock.sku(), 1), reference="walk-in")
    every = await list_dock(stock.db, stock.staff, node="N1", most=50)
    found, after = [], ("", "", "", "")
    while page := await list_dock(stock.db, stock.staff, node="N1", after=after, most=2):
        found += page
        after = (page[-1].sku, page[-1].lot, page[-1].owner, page[-1].status)
    assert found == every
    assert await list_dock(stock.db, stock.staff_of("N2"), node="N1", most=9) == []


async def test_bins_are_suggested_where_goods_lie_then_empty_ones_that_fit(stock: Stock) -> None:
    new = {
        "bins": [
            {"code": "B-SMALL", "max_g": 900}, {"code": "B-NARROW", "length_mm": 100},
            {"code": "B-WIDE", "length_mm": 600, "max_g": 5000},
            {"code": "C-1", "class": "battery"},
        ]
    }  # fmt: skip
    await create_bins(stock.db, stock.staff, stamp(), node="N2", new=msgspec.convert(new, NewBins))
    sku = await stock.sku(weight_g=1000, length_mm=300, lot_tracked=True)
    await stock.move(
        {"sku": sku, "qty": 1, "reason": "receipt", "lot": "L1", "to": {"node": "N2", "bin": "A-2"}}
    )

    async def suggested(qty: int, lot: str) -> list[tuple[str, str]]:
        found = await suggest_bins(stock.db, stock.staff, node="N2", code=sku, qty=qty, lot=lot)
        return [(row.bin, row.why) for row in found]

    assert await suggested(4, "L1") == [
        ("A-2", "same_lot"), ("A-1", "empty"), ("B-WIDE", "empty")
    ]  # fmt: skip
    assert await suggested(6, "L9") == [("A-2", "same_sku"), ("A-1", "empty")]
    kept = msgspec.convert(
        {"names": {"en": "x"}, "weight_g": 1000, "lot_tracked": True, "tags": ["battery_inside"]},
        SkuDocument,
    )
    await replace_sku(stock.db, stock.staff, stamp(), code=sku, document=kept)
    assert await suggested(1, "L1") == [("C-1", "empty")]


async def test_no_more_comes_back_than_was_shipped(stock: Stock) -> None:
    sku, other = await stock.stocked(5), await stock.stocked(1)
    reference = await sold(stock, sku, 3)
    done = await came_back(stock, reference, {"code": sku, "qty": 2, "status": "good"})
    assert [(x.qty, x.status) for x in done.lines] == [(2, "good")]
    assert await stock.available(sku) == [4]
    for line, code in (
        ({"code": sku, "qty": 2}, "more_than_shipped"), ({"code": other}, "not_shipped"),
    ):  # fmt: skip
        with pytest.raises(Conflict) as refused:
            await came_back(stock, reference, line)
        assert refused.value.code == code
    with pytest.raises(Conflict):
        await came_back(stock, reference, {"code": sku}, {"code": sku})
    await came_back(stock, reference, {"code": sku, "status": "damaged"})
    guard = await stock.guard(sku)
    assert (guard.on_hand, guard.blocked, guard.available) == (5, 1, 4)
    with pytest.raises(Conflict):
        await stock.move(
            {"sku": sku, "qty": 1, "reason": "return", "to": {"node": "N1"}}, reference=reference
        )


async def test_a_return_that_is_moved_back_can_come_again(stock: Stock) -> None:
    sku = await stock.stocked(2)
    reference = await sold(stock, sku, 2)
    done = await came_back(stock, reference, {"code": sku, "qty": 2})
    await moved_back(stock, done.lines[0].movements[0])
    done = await came_back(stock, reference, {"code": sku, "qty": 2})
    sale = await stock.sale_of(reference)
    with pytest.raises(Conflict) as refused:
        await moved_back(stock, sale)
    assert refused.value.code == "came_back"
    await moved_back(stock, done.lines[0].movements[0])
    await moved_back(stock, sale)
    with pytest.raises(Conflict) as nothing:
        await came_back(stock, reference, {"code": sku})
    assert nothing.value.code == "not_shipped"


async def test_what_was_moved_back_does_not_stand_again(stock: Stock) -> None:
    """Otherwise the ledger would have the goods back twice: by the old return and by a new one."""
    sku = await stock.stocked(2)
    reference = await sold(stock, sku, 2)
    done = await came_back(stock, reference, {"code": sku, "qty": 2})
    no_return = await moved_back(stock, done.lines[0].movements[0])
    no_sale = await moved_back(stock, await stock.sale_of(reference))
    for movement in (no_return, no_sale):
        with pytest.raises(Conflict) as refused:
            await moved_back(stock, movement)
        assert refused.value.code == "receive_again"
    assert await lying(stock, sku) == {"N1/R": 2}


async def test_a_sale_is_not_moved_back_for_another_lot(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    for lot in ("A", "B"):
        await stock.receive(sku, 5, lot=lot)
    reference = await sold(stock, sku, 10)
    await came_back(stock, reference, {"code": sku, "qty": 5, "lot": "A"})
    found = await list_movements(
        stock.db, stock.staff, sku=sku, reference=reference, before=None, most=9
    )
    sale = next(m.id for m in found if m.reason == "sale" and m.lot == "A")
    with pytest.raises(Conflict) as refused:
        await moved_back(stock, sale)
    assert refused.value.code == "came_back"


async def test_lots_and_serials_are_known_again(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True, serial_tracked=True)
    await received(
        stock, None, {"code": sku, "lot": "L1", "serials": ["r1"]},
        {"code": sku, "lot": "L2", "serials": ["r2", "r3"]}, reference="walk-in",
    )  # fmt: skip
    first = await sold(stock, sku, 2)
    for line, code in (
        ({"code": sku, "lot": "L3", "serials": ["r1"]}, "lot_not_shipped"),
        ({"code": sku, "lot": "L1", "serials": ["r3"]}, "serial_not_shipped"),
    ):
        with pytest.raises(Conflict) as refused:
            await came_back(stock, first, line)
        assert refused.value.code == code
    with pytest.raises(Invalid):
        await came_back(stock, first, {"code": sku, "lot": "L1"})
    done = await came_back(stock, first, {"code": sku, "serials": ["r2"]})
    assert done.lines[0].lot == "L2"
    with pytest.raises(Conflict):
        await came_back(stock, first, {"code": sku, "serials": ["r2"]})


async def test_a_return_without_a_sale_needs_somebody_who_may(stock: Stock) -> None:
    sku = await stock.sku()
    with pytest.raises(NotFound) as refused:
        await came_back(stock, "RMA-1", {"code": sku})
    assert refused.value.code == "nothing_shipped"
    hand = msgspec.structs.replace(stock.staff, permissions=PERMISSIONS - {"stock:approve"})
    with pytest.raises(Forbidden):
        await came_back(stock, "RMA-1", {"code": sku}, without_sale=True, by=hand)
    done = await came_back(stock, "RMA-1", {"code": sku}, without_sale=True)
    assert done.lines[0].status == "quarantine"
    with pytest.raises(NotFound):
        await came_back(stock, "RMA-1", {"code": sku}, by=stock.staff_of("N2"))


async def test_many_returns_at_once_never_take_back_too_much(stock: Stock) -> None:
    sku = await stock.stocked(4)
    reference = await sold(stock, sku, 3)
    found = await asyncio.gather(
        *[came_back(stock, reference, {"code": sku, "status": "good"}) for _ in range(8)],
        moved_back(stock, await stock.sale_of(reference)),
        return_exceptions=True,
    )
    wrong = [x for x in found if isinstance(x, BaseException)
             and not isinstance(x, Conflict | NotFound)]  # fmt: skip
    assert wrong == []
    assert (await stock.guard(sku)).on_hand == 4


async def test_each_statement_keeps_to_the_callers_warehouses(stock: Stock) -> None:
    """The node is asked for before most of them: here each stands alone (R4)."""
    sku = await stock.stocked(3)
    asn = await announced(stock, (sku, 1))
    node = "N1"
    async with stock.db.read(stock.staff) as tx:
        (found,) = await tx.list(returns.SQL["list_sku_ids"], Named, skus=[sku])
        for places, seen in ((["N1"], True), (["N2"], False)):
            kinds = await tx.list(
                put_away.SQL["list_kinds"], put_away.Kind, sku_id=found.sku_id, node=node,
                bin=None, warehouses=places,
            )  # fmt: skip
            bins = await tx.list(
                put_away.SQL["suggest_bins"], SuggestedBin, sku_id=found.sku_id, node=node,
                lot="", units=1, most=5, warehouses=places,
            )  # fmt: skip
            bin_ = await tx.value(
                put_away.SQL["find_bin_kind"], node=node, bin="A-1", warehouses=places
            )
            dock = await tx.value(arrivals_reads.SQL["find_dock"], node=node, warehouses=places)
            assert [bool(kinds), bool(bins), bin_ is not None, dock is not None] == [seen] * 4
    with pytest.raises(NotFound):
        await closed(stock, asn, "not_sent", by=stock.staff_of("N2"))
