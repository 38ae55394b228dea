"""In step with an ERP over real HTTP: what it changes the router sees, a cut line shows."""

import random
from collections.abc import AsyncIterator

import msgspec
import pytest

from entrepot.flows.set_feed_policy import set_feed_policy
from entrepot.flows.sweep_feeds import sweep_feeds
from entrepot.stock.feeds.watch_types import FeedPolicy
from entrepot.stock.queries import routing_snapshot
from tests.api.harness import api_app, key_for
from tests.api.mock_erp import MockErp, served
from tests.flows.trade import stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(scope="module")
async def erp(server: InstalledServer, stock: Stock) -> AsyncIterator[MockErp]:
    key = await key_for(server, api_app(server), stock.tenant.tenant)
    async with served(server) as authority:
        told = MockErp(authority, key, node="N1")
        yield told
        await told.close()


async def routed(stock: Stock, sku: str) -> int:
    """What the router may take of a SKU at N1."""
    async with stock.db.read(stock.staff) as tx:
        atp, safety, _ = (await routing_snapshot(tx, skus=[sku], channel="WEB"))["N1"][sku]
    return max(0, atp - safety)


async def test_the_router_sees_each_change_when_the_erp_has_its_answer(
    stock: Stock, erp: MockErp
) -> None:
    sku = await stock.sku()
    for delta, held in ((12, 12), (-5, 7), (3, 10)):
        await erp.change(sku, delta)
        assert await routed(stock, sku) == held
        assert await stock.available(sku) == [held]


async def test_random_changes_leave_the_same_totals_on_both_sides(
    stock: Stock, erp: MockErp
) -> None:
    chance = random.Random(28)
    skus = [await stock.sku() for _ in range(20)]
    erp.cut = True
    for n in range(2000):
        sku = chance.choice(skus)
        held = erp.stock.get(sku, 0)
        await erp.change(sku, chance.choice([d for d in range(-6, 9) if d and held + d >= 0]))
        if n % 100 == 99:
            await erp.tell()
    erp.cut = False
    for sku in skus:
        assert (await stock.guard(sku)).on_hand == erp.stock[sku]
        assert await routed(stock, sku) == erp.stock[sku]


async def test_a_cut_line_is_shown_and_the_goods_are_not_promised(
    stock: Stock, erp: MockErp
) -> None:
    sku = await stock.sku()
    await erp.change(sku, 9)
    policy = msgspec.convert({"stale_after_s": 60, "stale_policy": "stop"}, FeedPolicy)
    await set_feed_policy(stock.db, stock.staff, stamp(), node="N1", policy=policy)
    erp.cut = True
    await erp.change(sku, -4)
    stock.at[0] += 62 / 3600
    assert (await sweep_feeds(stock.db, stock.job, stamp())).stale == ["N1"]
    assert await routed(stock, sku) == 0
    assert await stock.available(sku) == [0]
    erp.cut, stock.at[0] = False, 0.0
    await erp.tell()
    assert (await sweep_feeds(stock.db, stock.job, stamp())).back == ["N1"]
    assert await routed(stock, sku) == 5
