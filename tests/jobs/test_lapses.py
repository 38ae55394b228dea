"""Carts end and lots expire without anybody asking."""

from entrepot.jobs.lapses import end_lapsed
from entrepot.stock.queries import anything_lapsed
from tests.postgres_fixture import InstalledServer
from tests.stock.house import open_stock


async def test_what_lapsed_is_ended_and_only_that(server: InstalledServer) -> None:
    stock = await open_stock(server)
    sku = await stock.stocked(5)
    lots = await stock.sku(lot_tracked=True)
    await stock.receive(lots, 4, lot="L-1", expires_on="2026-12-01")
    await stock.reserve((sku, 2), hours=1)
    await stock.reserve((sku, 1))
    async with stock.db.read(stock.job) as reader:
        assert not await anything_lapsed(reader)
    stock.at[0] = 24 * 60
    async with stock.db.read(stock.job) as reader:
        assert await anything_lapsed(reader)
    assert await end_lapsed(stock.db, tenant=stock.tenant.tenant) is False
    assert await stock.available(sku, lots) == [4, 0]
    async with stock.db.read(stock.job) as reader:
        assert not await anything_lapsed(reader)
    assert await stock.violations() == {}
