"""What a channel of 50 nodes may sell of 20 SKUs: our query against a look-up of 20 rows by key,
with 5 M and with 100 k stock rows, by the same prepared statement over one connection.

Goals of issue 5: at most 2.5 × the look-up (aim 2), and 5 M at most 1.3 × 100 k.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence

from bench.lines import emit, median
from bench.stock_house import House, code, frozen, stock_house
from entrepot.stock import queries
from entrepot.tenancy.entrances import Connection, connect

NODES = 50
LARGE, SMALL = 100_000, 2_000
"""SKUs: 5 M and 100 k stock rows."""
MOST, AIM, GROWTH_MOST = 2.5, 2.0, 1.3
ROUNDS = 9
LOOK_UPS = 400
_BY_KEY = """
select g.sku_id, g.available from stock.sku_node as g
where (g.sku_id, g.node_id) in (select u.s, $2::uuid from unnest($1::uuid[]) as u (s))
"""


def run() -> None:
    """Measure on two fresh embedded servers and print two lines."""
    asyncio.run(_run())


async def _run() -> None:
    small, _, _ = await _measured(SMALL)
    large, by_key, ratio = await _measured(LARGE)
    emit(
        "stock_availability", unit="µs", ours=large, peer=by_key, ratio=ratio, rounds=ROUNDS,
        must=MOST, aim=AIM, note="20 SKUs, channel of 50 nodes, 5 M rows; peer: 20 rows by key",
    )  # fmt: skip
    emit(
        "stock_availability_growth", unit="µs", ours=large, peer=small, ratio=large / small,
        rounds=ROUNDS, must=GROWTH_MOST, note="5 M stock rows against 100 k",
    )  # fmt: skip


async def _measured(skus: int) -> tuple[float, float, float]:
    """Microseconds for our query, for the look-up, and the ratio pair by pair; medians."""
    orders = [[1 + n % skus for n in order] for order in frozen()["look_ups_20"]]
    async with stock_house(skus=skus, nodes=NODES) as house:
        connection = await connect(house.superuser)
        ours, by_key = await _ways(house, connection)
        ids = {
            row[0]: row[1] for row in await connection.fetch("select code, sku_id from catalog.sku")
        }
        circle = itertools.cycle(orders)
        codes = [[code(n) for n in next(circle)] for _ in range(LOOK_UPS)]
        keys = [[ids[name] for name in some] for some in codes]
        pairs = []
        await _timed(ours, codes), await _timed(by_key, keys)
        for turn in range(ROUNDS):
            first, second = (ours, codes), (by_key, keys)
            if turn % 2:
                b, a = await _timed(*second), await _timed(*first)
            else:
                a, b = await _timed(*first), await _timed(*second)
            pairs.append((a, b))
        await connection.close()
    return (
        median([a for a, _ in pairs]),
        median([b for _, b in pairs]),
        median([a / b for a, b in pairs]),
    )


Ask = Callable[[Sequence[object]], Awaitable[object]]


async def _ways(house: House, connection: Connection) -> tuple[Ask, Ask]:
    statement = queries.SQL["list_available"]
    channel = await connection.fetchval("select channel_id from nodes.channel")
    node = await connection.fetchval("select node_id from nodes.node limit 1")
    ours = await connection.prepare(statement.sql)
    by_key = await connection.prepare(_BY_KEY)
    order = {"channel_id": 0, "skus": 1}
    assert sorted(statement.params) == sorted(order)
    first = statement.params[0] == "channel_id"

    async def ask(skus: Sequence[object]) -> object:
        return await (ours.fetch(channel, skus) if first else ours.fetch(skus, channel))

    async def look_up(keys: Sequence[object]) -> object:
        return await by_key.fetch(keys, node)

    return ask, look_up


async def _timed(ask: Ask, given: Sequence[Sequence[object]]) -> float:
    began = time.perf_counter()
    for some in given:
        await ask(some)
    return (time.perf_counter() - began) / len(given) * 1e6
