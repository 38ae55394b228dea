"""200 buyers at once for 50 units, over and over: how long each waits for its yes or no.

T2.69 asks for exactly 50 reservations, no deadlock, and for the p95.
"""

import asyncio
import statistics
import time

import uvloop

from bench.lines import emit
from bench.stock_house import House, by_batch, code, stock_house
from entrepot.kernel.refusals import Conflict
from entrepot.tenancy.entrances import connect

ROUNDS = 20
BUYERS, UNITS = 200, 50


def run() -> None:
    """Measure on a fresh embedded server and print one line."""
    uvloop.run(_run())  # the loop that the app runs on


async def _run() -> None:
    async with stock_house(skus=ROUNDS + 1) as house:
        await _leave(house, UNITS)
        await _crowd(house, ROUNDS + 1)
        times = [ms for n in range(1, ROUNDS + 1) for ms in await _crowd(house, n)]
        cuts = statistics.quantiles(times, n=100)
        emit(
            "stock_crowd", unit="ms p95", ours=cuts[94], ratio=1.0, rounds=ROUNDS,
            note=f"{BUYERS} buyers at once for {UNITS} units of one SKU, {UNITS} reservations in "
            f"every round, deadlocks {await house.deadlocks()}; p50 {cuts[49]:.1f}, "
            f"p95 {cuts[94]:.1f}, p99 {cuts[98]:.1f} ms",
        )  # fmt: skip


async def _leave(house: House, units: int) -> None:
    """So many units of each SKU."""
    owner = await connect(house.superuser)
    await owner.execute(f"update stock.sku_node set on_hand = {units}")
    await owner.execute(f"update stock.channel_available set pooled = {units}")
    await owner.close()


async def _crowd(house: House, number: int) -> list[float]:
    """Milliseconds of each buyer. Raises RuntimeError unless just the units were reserved."""
    served = 0
    times: list[float] = []

    async def buyer() -> None:
        nonlocal served
        began = time.perf_counter()
        try:
            await by_batch(house, [(code(number), 1, "N01")])
            served += 1
        except Conflict:
            pass
        times.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(buyer() for _ in range(BUYERS)))
    if served != UNITS:
        raise RuntimeError(f"{served} of {UNITS} units were reserved")
    return times
