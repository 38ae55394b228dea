"""Reservations: our batches against row locks, by the same way in, on the same rows.

The peer (bench/stock_peer.sql) is the usual way, one statement a request: claim the key, `update
… where available >= qty` in a fixed order, write reservation, event and audit. Both are called
through the same pools and write the same rows.

`python -m bench stock` measures one hot SKU, and orders by Zipf's law over 10,000 SKUs;
`python -m bench stock_uniform` orders spread evenly over 1 M rows.
"""

from collections.abc import Callable

import uvloop

from bench.calibrate import calibrate_pgbench
from bench.lines import emit, median
from bench.stock_house import (
    House,
    Lines,
    Reserve,
    by_batch,
    by_row_locks,
    frozen,
    orders_of,
    orders_per_second,
    stock_house,
)

ROUNDS = 7
SECONDS = 3.0
SKUS = 10_000
HOT_32_MUST, HOT_32_AIM = 8.0, 12.0
HOT_256_MUST, HOT_256_AIM = 20.0, 40.0
ZIPF_MUST, ZIPF_AIM = 3.0, 4.5


def run() -> None:
    """Measure on a fresh embedded server and print a line for each kind of order."""
    uvloop.run(_run())  # the loop that the app runs on


async def compare(
    house: House, clients: int, peer_clients: int, orders: Callable[[], Lines]
) -> tuple[float, float, float]:
    """Orders a second: ours, the peer's, and the ratio pair by pair; medians, the two in turn."""

    async def rate(reserve: Reserve, at_once: int) -> float:
        return await orders_per_second(
            house, reserve, clients=at_once, seconds=SECONDS, orders=orders
        )

    await orders_per_second(house, by_batch, clients=clients, seconds=1, orders=orders)
    await orders_per_second(house, by_row_locks, clients=peer_clients, seconds=1, orders=orders)
    pairs = []
    for turn in range(ROUNDS):
        if turn % 2:
            peer = await rate(by_row_locks, peer_clients)
            ours = await rate(by_batch, clients)
        else:
            ours = await rate(by_batch, clients)
            peer = await rate(by_row_locks, peer_clients)
        pairs.append((ours, peer))
    return (
        median([ours for ours, _ in pairs]),
        median([peer for _, peer in pairs]),
        median([ours / peer for ours, peer in pairs]),
    )


async def _run() -> None:
    given = frozen()
    hot = orders_of([[1]])
    cases = (
        ("stock_hot_32", 32, hot, HOT_32_MUST, HOT_32_AIM, "one hot SKU, 32 clients"),
        ("stock_hot_256", 256, hot, HOT_256_MUST, HOT_256_AIM, "one hot SKU, 256 clients"),
        ("stock_zipf_3", 32, orders_of(given["zipf_3"]), ZIPF_MUST, ZIPF_AIM, "3 lines, Zipf"),
        ("stock_zipf_5", 32, orders_of(given["zipf_5"]), ZIPF_MUST, ZIPF_AIM, "5 lines, Zipf"),
    )
    async with stock_house(skus=SKUS) as house:
        for name, clients, orders, must, aim, note in cases:
            ours, peer, ratio = await compare(house, clients, 32, orders)
            emit(
                name, unit="orders/s", ours=ours, peer=peer, ratio=ratio, rounds=ROUNDS,
                must=must, aim=aim, note=f"{note}; peer: row locks, 32 clients, same way in; "
                f"deadlocks {await house.deadlocks()}",
                pgbench_select_tps=calibrate_pgbench(house.server.programs, house.login),
            )  # fmt: skip
