"""How recalls end: what is scrapped adds up over a day, what has another reason stays."""

from collections.abc import AsyncIterator

import pytest

from entrepot.flows.close_recall import close_recall
from entrepot.kernel.refusals import Forbidden
from tests.flows.test_recalls import SCRAPPED, called_back, ended, somebody
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
