"""Stock: the ledger, reservations and what channels may sell, one request after the other."""

import pytest

from entrepot.kernel.refusals import Conflict
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(autouse=True)
async def whole(stock: Stock):
    stock.at[0] = 0.0
    yield
    assert await stock.violations() == {}


async def test_what_was_received_can_be_sold_once(stock: Stock) -> None:
    sku = await stock.stocked(5)
    assert await stock.available(sku) == [5]
    made = await stock.reserve((sku, 3))
    assert [(line.sku, line.node, line.qty) for line in made.lines] == [(sku, "N1", 3)]
    assert (made.state, made.strength) == ("pending", "hard")
    assert await stock.available(sku) == [2]
    with pytest.raises(Conflict) as refused:
        await stock.reserve((sku, 3))
    assert refused.value.code == "insufficient_stock"
    assert refused.value.facts["shortages"] == [
        {"sku": sku, "node": None, "asked": 3, "available": 2}
    ]
    await stock.release(made.id)
    assert await stock.available(sku) == [5]
    with pytest.raises(Conflict):
        await stock.release(made.id)
