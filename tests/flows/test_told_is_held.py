"""What availability tells is what can be held, to the unit: never one more, never one less.

Safety, protected stock, buffers, quotas, blocked goods, kits in kits and what an order holds
itself: told by one road and decided by others, in whatever order they are set and used.
"""

import random

import pytest

from entrepot.flows.replace_channel import replace_channel
from entrepot.kernel.refusals import Conflict
from entrepot.nodes.channel_types import ChannelDocument, PoolNode
from entrepot.stock.types import Reservation
from tests.flows.trade import stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import NODES, Stock, open_stock

CHANNELS = ("WEB", "SHOP")


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


async def world_of(stock: Stock, draw: random.Random) -> list[str]:
    """Three SKUs, a kit of two of them and a kit with that kit, with levels of every kind."""
    skus = [await stock.sku() for _ in range(3)]
    for sku in skus:
        for node in draw.sample(NODES, draw.randint(1, 3)):
            await stock.receive(sku, draw.randint(1, 14), node)
            levels = {draw.choice(["safety", "protected"]): draw.randint(0, 6)}
            await stock.levels(sku, node, **levels)
        for channel in CHANNELS:
            level = {draw.choice(["buffer", "quota"]): draw.randint(0, 8)}
            await stock.channel_levels(channel, [{"sku": sku, **level}] * draw.randint(0, 1))
    await stock.channel_levels(draw.choice(CHANNELS), uses_protected=draw.random() < 0.5)
    kit = await stock.sku((skus[0], 2), (skus[1], 1))
    return [*skus, kit, await stock.sku((kit, 1), (skus[0], 1), (skus[2], 3))]


async def held(
    stock: Stock, channel: str, reference: str, *lines: tuple[str, int]
) -> Reservation | None:
    try:
        return await stock.reserve(*lines, channel=channel, reference=reference)
    except Conflict as refused:
        assert refused.code == "insufficient_stock"
        return None


@pytest.mark.parametrize("seed", range(5))
async def test_what_is_told_can_be_held_and_no_more(stock: Stock, seed: int) -> None:
    draw = random.Random(seed)
    skus = await world_of(stock, draw)
    for _ in range(8):
        channel, sku = draw.choice(CHANNELS), draw.choice(skus)
        reference = f"{seed}-{draw.choice('abcd')}"
        (told,) = await stock.available(sku, channel=channel, reference=reference)
        assert await held(stock, channel, reference, (sku, told + 1)) is None
        if told == 0:
            continue
        parts = draw.randint(1, told)
        lines = [(sku, qty) for qty in (parts, told - parts) if qty]
        made = await held(stock, channel, reference, *lines)
        assert made is not None
        if draw.random() < 0.4:
            await draw.choice([stock.release, stock.fulfil])(made.id)
        elif told > 1:
            assert await held(stock, channel, reference, (sku, told // 2)) is not None
    assert await stock.violations() == {}


LATER: list[dict[str, int]] = [
    {"safety": 4}, {"safety": 9}, {"protected": 4}, {"buffer": 1}, {"buffer": 4}, {"buffer": 9},
    {"quota": 0}, {"quota": 2},
]  # fmt: skip


@pytest.mark.parametrize("level", LATER, ids=str)
async def test_an_order_is_told_what_it_can_keep(stock: Stock, level: dict[str, int]) -> None:
    """Levels that are set later hold for what an order holds, once it asks again."""
    sku = await stock.stocked(5)
    await stock.reserve((sku, 3), reference=sku)
    if level.keys() <= {"safety", "protected"}:
        await stock.levels(sku, **level)
    else:
        await stock.channel_levels("WEB", [{"sku": sku, **level}])
    (told,) = await stock.available(sku, reference=sku)
    assert await held(stock, "WEB", sku, (sku, told + 1)) is None
    assert told == 0 or await held(stock, "WEB", sku, (sku, told)) is not None


async def test_what_an_order_holds_where_its_channel_sells_no_more(stock: Stock) -> None:
    sku = await stock.stocked(5, "N1")
    await stock.reserve((sku, 3), reference=sku, channel="SHOP")
    only = ChannelDocument(names={"en": "Shop"}, pool=[PoolNode("N2", 1)])
    await replace_channel(stock.db, stock.staff, stamp(), code="SHOP", document=only)
    assert await stock.available(sku, channel="SHOP", reference=sku) == [0]
    assert await held(stock, "SHOP", sku, (sku, 1)) is None


async def test_a_quota_that_is_set_as_it_was_read_is_the_same(stock: Stock) -> None:
    sku = await stock.stocked(9)
    await stock.channel_levels("WEB", [{"sku": sku, "quota": 5}])
    await stock.reserve((sku, 4))
    await stock.channel_levels("WEB", [{"sku": sku, "quota": 5}])
    assert await stock.available(sku) == [1]
    await stock.channel_levels("WEB", [{"sku": sku, "quota": 4}])
    assert await stock.available(sku) == [4], "another quota counts from now"
