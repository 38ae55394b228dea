"""What changes pools, ends promises, fills backorders, ends lots and counts holds what it decides
about: whoever has one row of it makes it wait, as in `test_doubts_of_work`."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from entrepot.counts.types import CountSummary, FilledSheet, NewCount
from entrepot.flows.approve_count import approve_count
from entrepot.flows.create_channel import create_channel
from entrepot.flows.expire_lots import expire_lots
from entrepot.flows.fill_backorders import fill_backorders
from entrepot.flows.fill_in_count import fill_in_count
from entrepot.flows.open_count import open_count
from entrepot.flows.replace_channel import replace_channel
from entrepot.nodes.channel_types import ChannelDocument, NewChannel
from tests.flows.test_doubts_of_work import somebody
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock
from tests.stock.waiting import GUARD, ORDER, POOL, TURN, holding, waits

LOT = "select from stock.lot as l where l.lot = $1 for no key update"
BIN = (
    "select from nodes.bin as b join nodes.node as n on n.node_id = b.node_id"
    " where b.code = $1 and n.code = 'N1' for share of b"
)
SHEET = "select from counts.count as c where c.count_id = $1 for key share"
FAR = {"names": {"en": "Far"}, "pool": [{"node": "N3", "priority": 1}]}


pytestmark = pytest.mark.usefixtures("whole")


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    house = await open_stock(server)
    new = msgspec.convert({"code": "FAR", **FAR}, NewChannel)
    await create_channel(house.db, house.staff, stamp(), new=new)
    return house


async def opened(stock: Stock, sku: str) -> CountSummary:
    new = NewCount("stock", "N1", "A-1", sku)
    return await open_count(stock.db, stock.staff, stamp(), new=new)


def far_again(stock: Stock) -> Awaitable[Any]:
    document = msgspec.convert(FAR, ChannelDocument)
    return replace_channel(stock.db, stock.staff, stamp(), code="FAR", document=document)


async def test_a_changed_pool_holds_the_turn_and_every_row_of_it(stock: Stock) -> None:
    sku = await stock.stocked(3, "N3")
    await waits(stock, far_again(stock), f"{TURN} for key share", at="platform.epoch as e")
    await waits(stock, far_again(stock), GUARD, sku, "N3", at="union")


async def test_the_end_of_a_promise_holds_its_goods_and_pools(stock: Stock) -> None:
    sku = await stock.stocked(9)
    for row, where in ((GUARD, "N1"), (POOL, "WEB")):
        made = await stock.reserve((sku, 1))
        await waits(stock, stock.release(made.id), row, sku, where, at="end_and_fill_v1")
        made = await stock.reserve((sku, 1))
        await waits(stock, stock.fulfil(made.id), row, sku, where, at="fulfil_v1")
    made = await stock.reserve((sku, 1))
    await waits(stock, stock.release(made.id), ORDER, made.id, at="v.strength")


async def test_movements_hold_the_goods_and_their_lots(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 3, lot="HELD")
    await waits(stock, stock.receive(sku, 1, lot="HELD"), GUARD, sku, "N1", at="post_")
    await waits(stock, stock.receive(sku, 1, lot="HELD"), LOT, "HELD", at="post_")


async def test_a_lot_that_ends_holds_every_node(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    day = str(later(0).date() + timedelta(1))
    await stock.receive(sku, 1, lot="ENDS", expires_on=day)
    await stock.receive(sku, 1, "N3", lot="OTHER")
    stock.at[0] = 72.0
    ends = expire_lots(stock.db, stock.job, stamp())
    await waits(stock, ends, GUARD, sku, "N3", at="expire_lot_v1")


async def test_who_waits_is_passed_over_while_somebody_has_the_order(stock: Stock) -> None:
    """And found by the sweep, which holds the goods it gives away."""
    sku = await stock.sku()
    await stock.levels(sku, backorder_extra=2)
    first, second = await stock.reserve((sku, 1)), await stock.reserve((sku, 1))
    async with holding(stock, ORDER, first.id):
        await stock.receive(sku, 2)
    guard = await stock.guard(sku)
    assert (guard.reserved, guard.backordered) == (1, 1)
    sweep = fill_backorders(stock.db, stock.job, stamp())
    await waits(stock, sweep, GUARD, sku, "N1", at="waiting_v1")
    for one in (first, second):
        assert (await stock.fulfil(one.id)).state == "fulfilled"


async def test_counts_hold_the_bin_the_sheet_and_the_goods(stock: Stock) -> None:
    skus = [await stock.sku() for _ in range(2)]
    for sku in skus:
        await stock.receive(sku, 2, to={"node": "N1", "bin": "A-1"})
    await waits(stock, opened(stock, skus[0]), BIN, "A-1", at="nodes.bin as b")
    other = await opened(stock, skus[1])
    for _ in range(2):
        await fill_in_count(stock.db, stock.staff, stamp(), count_id=other.id, sheet=FilledSheet())
    approve = approve_count(stock.db, somebody(stock), stamp(), count_id=other.id)
    await waits(stock, approve, SHEET, other.id, at="c.sequence")
    assert (await stock.guard(skus[1])).on_hand == 0
