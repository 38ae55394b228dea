"""Orders of 3 lines spread evenly over 1 M rows, 8 clients: where batches have nothing to gain.

Goal of issue 5: at least 0.95 × row locks, aim 1.1.
"""

import uvloop

from bench.calibrate import calibrate_pgbench
from bench.lines import emit
from bench.stock import ROUNDS, compare
from bench.stock_house import frozen, orders_of, stock_house

SKUS = 1_000_000
MUST, AIM = 0.95, 1.1


def run() -> None:
    """Measure on a fresh embedded server and print one line."""
    uvloop.run(_run())  # the loop that the app runs on


async def _run() -> None:
    orders = orders_of(frozen()["uniform_3"])
    async with stock_house(skus=SKUS) as house:
        ours, peer, ratio = await compare(house, 8, 8, orders)
        emit(
            "stock_uniform_3", unit="orders/s", ours=ours, peer=peer, ratio=ratio, rounds=ROUNDS,
            must=MUST, aim=AIM, note=f"3 lines, {SKUS} rows, 8 clients; deadlocks "
            f"{await house.deadlocks()}",
            pgbench_select_tps=calibrate_pgbench(house.server.programs, house.login),
        )  # fmt: skip
