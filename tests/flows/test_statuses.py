"""Statuses of goods: which may follow which, who may; what plain documents may not do."""

import msgspec
import pytest

from entrepot.flows.change_stock_status import change_stock_status
from entrepot.flows.list_kept_back import list_kept_back
from entrepot.kernel.refusals import Conflict, Forbidden
from entrepot.stock.adjustment_types import NewStatusChange
from tests.flows.test_adjustments import somebody
from tests.flows.trade import stamp
from tests.stock.house import Stock

pytestmark = pytest.mark.usefixtures("whole")


@pytest.mark.parametrize("reason", ["scrap", "loss", "found", "count_less", "count_more"])
async def test_a_document_of_movements_adjusts_nothing(stock: Stock, reason: str) -> None:
    sku = await stock.stocked(3)
    end = "to" if reason in ("found", "count_more") else "from"
    with pytest.raises(Conflict) as refused:
        await stock.move({"sku": sku, "qty": 1, "reason": reason, end: {"node": "N1"}})
    assert refused.value.code == "needs_adjustment"


async def test_held_goods_do_not_leave_by_a_plain_document(stock: Stock) -> None:
    sku = await stock.stocked(3)
    held = {"node": "N1", "status": "hold"}
    putter = somebody(stock, "stock:approve", "stock:adjust")
    aside = {"sku": sku, "qty": 2, "reason": "reclassify", "from": {"node": "N1"}, "to": held}
    await stock.move(aside, by=putter)
    back = {**aside, "from": held, "to": {"node": "N1"}}
    with pytest.raises(Conflict) as refused:
        await stock.move({"sku": sku, "qty": 1, "reason": "sale", "from": held})
    assert refused.value.code == "goods_are_held"
    for line in (back, {"sku": sku, "qty": 1, "reason": "opening", "to": {"node": "N1"}}):
        with pytest.raises(Forbidden):
            await stock.move(line, by=putter)
    await stock.move({"sku": sku, "qty": 1, "reason": "transfer_out", "from": held}, by=putter)
    with pytest.raises(Conflict):
        await stock.move({"sku": sku, "qty": 1, "reason": "transfer_in", "to": {"node": "N2"}})
    arrived = {"node": "N2", "status": "hold"}
    await stock.move({"sku": sku, "qty": 1, "reason": "transfer_in", "to": arrived})
    assert (await stock.guard(sku, "N2")).available == 0


def change(sku: str, qty: int, source: str, target: str, cause: str) -> NewStatusChange:
    line = {"sku": sku, "qty": qty, "status": source, "to_status": target}
    return msgspec.convert({"node": "N1", "cause": cause, "lines": [line]}, NewStatusChange)


async def test_setting_aside_is_anybodys_and_releasing_takes_a_permission(stock: Stock) -> None:
    sku = await stock.stocked(10)
    putter = somebody(stock, "stock:approve", "stock:adjust")
    aside = change(sku, 8, "good", "quarantine", "to_inspect")
    made = await change_stock_status(stock.db, putter, stamp(), new=aside)
    assert (made.kind, made.state, (await stock.guard(sku)).quarantine) == ("status", "posted", 8)
    shown = await list_kept_back(
        stock.db, stock.staff, node="N1", sku=sku, statuses=["quarantine"], after=(), most=9
    )
    assert [(row.sku, row.bin, row.status, row.on_hand) for row in shown] == [
        (sku, "R", "quarantine", 8)
    ]
    assert await list_kept_back(
        stock.db, stock.staff_of("N2"), node=None, sku=sku, statuses=(), after=(), most=9
    ) == []  # fmt: skip
    release = change(sku, 8, "quarantine", "good", "checked")
    with pytest.raises(Forbidden) as refused:
        await change_stock_status(stock.db, putter, stamp(), new=release)
    assert refused.value.facts["permission"] == "stock:approve"
    for gone in (change(sku, 1, "good", "good", "checked"),
                 change(sku, 1, "expired", "good", "checked")):  # fmt: skip
        with pytest.raises(Conflict) as no_step:
            await change_stock_status(stock.db, stock.staff, stamp(), new=gone)
        assert no_step.value.code == "no_such_step"
    await change_stock_status(stock.db, somebody(stock), stamp(), new=release)
    assert (await stock.guard(sku)).available == 10


async def test_pages_of_goods_that_are_kept_back(stock: Stock) -> None:
    skus = [await stock.stocked(2, "N3") for _ in range(3)]
    for sku in skus:
        line = {"sku": sku, "qty": 1, "status": "good", "to_status": "damaged"}
        new = msgspec.convert(
            {"node": "N3", "cause": "found_damaged", "lines": [line]}, NewStatusChange
        )
        await change_stock_status(stock.db, stock.staff, stamp(), new=new)
    seen: list[str] = []
    after: list[str] = []
    while True:
        rows = await list_kept_back(
            stock.db, stock.staff, node="N3", sku=None, statuses=(), after=after, most=2
        )
        seen += [row.sku for row in rows]
        if len(rows) < 2:
            break
        last = rows[-1]
        after = [last.node, last.status, last.sku, last.bin, last.lot, last.owner]
    assert sorted(seen) == sorted(skus)
