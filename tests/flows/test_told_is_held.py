"""What availability tells is what can be held, to the unit: never one more, never one less.

Safety, protected stock, buffers, quotas, blocked goods, kits in kits and what an order holds
itself: told by one road and decided by others, in whatever order they are set and used.
"""

import random

import pytest

from entrepot.kernel.refusals import Conflict
from entrepot.stock.types import Reservation
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
