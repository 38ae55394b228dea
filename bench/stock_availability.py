"""What a channel of 50 nodes may sell of 20 SKUs: our query against a look-up of 20 rows by key,
with 5 M and with 100 k stock rows, by the same prepared statement over one connection. Both houses
stand at once and are asked in turn.

Goals of issue 5: at most 2.5 × the look-up (aim 2), and 5 M at most 1.3 × 100 k.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

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


class Asked(NamedTuple):
    """A house's two ways to ask, with what to ask for."""

    ours: "Ask"
    by_key: "Ask"
    codes: list[list[str]]
    keys: list[list[object]]


async def _run() -> None:
    async with (
        stock_house(skus=SMALL, nodes=NODES) as small,
        stock_house(skus=LARGE, nodes=NODES) as large,
        _asked(small, SMALL) as few,
        _asked(large, LARGE) as many,
    ):
        grown, little, growth = await _in_turn((many.ours, many.codes), (few.ours, few.codes))
        ours, by_key, ratio = await _in_turn((many.ours, many.codes), (many.by_key, many.keys))
    emit(
        "stock_availability", unit="µs", ours=ours, peer=by_key, ratio=ratio, rounds=ROUNDS,
        must=MOST, aim=AIM, note=f"20 SKUs, channel of 50 nodes, {LARGE * NODES} rows; "
        "peer: 20 rows by key",
    )  # fmt: skip
    emit(
        "stock_availability_growth", unit="µs", ours=grown, peer=little, ratio=growth,
        rounds=ROUNDS, must=GROWTH_MOST,
        note=f"{LARGE * NODES} stock rows against {SMALL * NODES}",
    )  # fmt: skip


@asynccontextmanager
async def _asked(house: House, skus: int) -> AsyncIterator[Asked]:
    """Both ways over one connection, and the frozen look-ups among so many SKUs."""
    orders = itertools.cycle([[1 + n % skus for n in order] for order in frozen()["look_ups_20"]])
    connection = await connect(house.superuser)
    ours, by_key = await _ways(connection)
    rows = await connection.fetch("select code, sku_id from catalog.sku")
    ids = {row[0]: row[1] for row in rows}
    codes = [[code(n) for n in next(orders)] for _ in range(LOOK_UPS)]
    yield Asked(ours, by_key, codes, [[ids[name] for name in some] for some in codes])
    await connection.close()


async def _in_turn(ours: "Way", peer: "Way") -> tuple[float, float, float]:
    """Microseconds for ours, for the peer, and the ratio pair by pair; medians."""
    pairs = []
    await _timed(*ours), await _timed(*peer)
    for turn in range(ROUNDS):
        if turn % 2:
            b, a = await _timed(*peer), await _timed(*ours)
        else:
            a, b = await _timed(*ours), await _timed(*peer)
        pairs.append((a, b))
    return (
        median([a for a, _ in pairs]),
        median([b for _, b in pairs]),
        median([a / b for a, b in pairs]),
    )


Ask = Callable[[Sequence[object]], Awaitable[object]]
Way = tuple[Ask, Sequence[Sequence[object]]]


async def _ways(connection: Connection) -> tuple[Ask, Ask]:
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
