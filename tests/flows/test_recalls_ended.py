"""How recalls end: what is scrapped adds up over a day, what has another reason stays."""

from collections.abc import AsyncIterator

import pytest

from entrepot.flows.close_recall import close_recall
from entrepot.kernel.refusals import Forbidden
from tests.flows.test_recalls import SCRAPPED, called_back, ended, somebody, statuses
from tests.flows.trade import stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(autouse=True)
async def whole(stock: Stock) -> AsyncIterator[None]:
    yield
    assert await stock.violations() == {}


async def test_scrapping_much_is_not_made_of_small_recalls(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    by = somebody(stock)
    for lot in ("A", "B"):
        await stock.receive(sku, 4, "N3", lot=lot)
    first = await called_back(stock, {"sku": sku, "lot": "A"}, by=by)
    await close_recall(stock.db, by, stamp(), recall_id=first.id, how=SCRAPPED)
    second = await called_back(stock, {"sku": sku, "lot": "B"}, by=by)
    with pytest.raises(Forbidden) as refused:
        await close_recall(stock.db, by, stamp(), recall_id=second.id, how=SCRAPPED)
    assert refused.value.code == "other_eyes_needed"
    await ended(stock, second.id, SCRAPPED)


async def test_what_is_quarantined_for_another_reason_meanwhile_stays_there(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    numbered = await stock.sku(lot_tracked=True, serial_tracked=True)
    await stock.receive(sku, 5, lot="L")
    damaged, kept = ({"node": "N1", "status": s} for s in ("damaged", "quarantine"))
    await stock.move({"sku": sku, "qty": 2, "reason": "reclassify", "lot": "L",
                      "from": {"node": "N1"}, "to": damaged})  # fmt: skip
    await stock.move({"sku": sku, "qty": 1, "reason": "sale", "lot": "L", "from": {"node": "N1"}})
    made = await called_back(stock, {"sku": sku, "lot": "L"}, {"sku": numbered, "lot": "L"})
    await stock.move({"sku": sku, "qty": 2, "reason": "reclassify", "lot": "L", "from": damaged,
                      "to": kept})  # fmt: skip
    await stock.move({"sku": sku, "qty": 1, "reason": "return", "lot": "L", "to": kept})
    await stock.receive(sku, 7, lot="L")
    for serial, asked in (("A", "quarantine"), ("B", "good")):
        await stock.move({"sku": numbered, "qty": 1, "reason": "receipt", "lot": "L",
                          "serial": serial, "to": {"node": "N1", "status": asked}})  # fmt: skip
    shelf = {"node": "N1", "bin": "A-1", "status": "quarantine"}
    await stock.move({"sku": sku, "qty": 9, "reason": "move", "lot": "L", "from": kept,
                      "to": shelf})  # fmt: skip
    await ended(stock, made.id)
    assert await statuses(stock, sku) == {("N1", "L", "quarantine"): 3, ("N1", "L", "good"): 9}
    assert await statuses(stock, numbered) == {
        ("N1", "L", "quarantine"): 1, ("N1", "L", "good"): 1,
    }  # fmt: skip
