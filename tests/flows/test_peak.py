"""A peak: ten times as many orders as usual, each decided on the live tables and then held.

Orders come when they come, whether or not those before them are answered (an open loop). By
default for a few seconds; `make drill PART=peak` does it for ten minutes. ENTREPOT_PEAK_S says how
long, ENTREPOT_PEAK_NORMAL how many orders a second are usual.
"""

import asyncio
import os
from collections import Counter
from typing import Any

import msgspec
import pytest

from entrepot.flows.preview_routing import Cart, preview_routing
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.jobs.drain import drain
from entrepot.kernel.ids import new_token
from entrepot.kernel.refusals import Conflict, TooMany, Unavailable
from entrepot.platform import outbox
from entrepot.stock.types import NewReservation, NewReservationLine
from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.api.matrix_routing import open_services
from tests.api.test_stock_entities import open_channel, stocked
from tests.flows.trade import Trade, open_trade, stamp
from tests.postgres_fixture import InstalledServer

SECONDS = float(os.environ.get("ENTREPOT_PEAK_S", "3"))
NORMAL = float(os.environ.get("ENTREPOT_PEAK_NORMAL", "2"))
TIMES = 10
AT_WORK_MOST, WAITING_MOST = 24, 8 * 24
"""Of one tenant so many are worked at and so many may wait in a process (platform.pools); the
others are told to come again (429), at once."""
PENDING_MOST = 2000
"""Events that nobody has seen yet, while one drain runs beside."""


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(scope="module")
async def key(server: InstalledServer, trade: Trade) -> ApiKeyInHand:
    key = await key_for(server, api_app(server), trade.tenant.tenant)
    places = (("PEAK-A", 23.13, 113.26), ("PEAK-B", 30.59, 114.3), ("PEAK-C", 31.2, 121.5))
    for code, lat, lon in places:
        await key.post("/nodes", {"code": code, "zone": "Asia/Shanghai", "country": "CN"})
        await key.ask("PATCH", f"/nodes/{code}", {"lat": lat, "lon": lon, "region": "CN"})
        await open_services(key, code)
    await open_channel(key, "PEAK", *(code for code, _, _ in places))
    return key


async def order(trade: Trade, sku: str, qty: int) -> str:
    """Decide and hold; a plan that somebody else was faster to is decided once more."""
    cart = msgspec.convert(
        {"channel": "PEAK", "destination": {"country": "CN", "lat": 23.0, "lon": 113.1},
         "lines": [{"sku": sku, "qty": qty}]}, Cart,
    )  # fmt: skip
    for _ in range(2):
        plan = await preview_routing(trade.db, trade.staff, cart=cart)
        if not plan.shipments:
            return "sold_out"
        lines = [
            NewReservationLine(code, units, one.node)
            for one in plan.shipments
            for code, units in one.units.items()
        ]
        new = NewReservation(reference=new_token(9), channel="PEAK", lines=lines)
        try:
            await reserve_stock(trade.db, trade.staff, stamp(), new)
        except Conflict:
            continue
        return "held"
    return "outrun"


class Peak:
    """What happened: outcomes, how many were on their way at once, how long events waited."""

    def __init__(self, trade: Trade) -> None:
        self.trade = trade
        self.outcomes: Counter[str] = Counter()
        self.units: Counter[str] = Counter()
        self.under_way = self.most_under_way = self.most_pending = 0

    async def one(self, sku: str, qty: int) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            outcome = await order(self.trade, sku, qty)
        except (TooMany, Unavailable):
            outcome = "told_to_wait"
        finally:
            self.under_way -= 1
        self.outcomes[outcome] += 1
        if outcome == "held":
            self.units[sku] += qty

    async def pending(self) -> int:
        async with self.trade.db.read(self.trade.staff) as tx:
            return (await outbox.count_pending(tx)).pending

    async def drain_beside(self, over: asyncio.Event) -> None:
        while not over.is_set():
            self.most_pending = max(self.most_pending, await self.pending())
            if not await drain(self.trade.db, tenant=self.trade.tenant.tenant, consumers=()):
                await asyncio.sleep(0.05)


async def test_ten_times_as_many_orders_as_usual(trade: Trade, key: ApiKeyInHand) -> None:
    """T2.11: nothing is oversold, what waits is bounded, and every order is answered."""
    came = int(SECONDS * NORMAL * TIMES)
    there = max(12, came // 6)
    skus = [await stocked(key, {"PEAK-A": there // 2, "PEAK-B": there // 3, "PEAK-C": there // 6})
            for _ in range(3)]  # fmt: skip
    stock = dict.fromkeys(skus, there // 2 + there // 3 + there // 6)
    peak, over = Peak(trade), asyncio.Event()
    beside = asyncio.create_task(peak.drain_beside(over))
    tasks: list[asyncio.Task[Any]] = []
    for n in range(came):
        tasks.append(asyncio.create_task(peak.one(skus[n % 3], 1 + n % 2)))
        await asyncio.sleep(1 / (NORMAL * TIMES))
    await asyncio.gather(*tasks)
    over.set()
    await beside
    while await drain(trade.db, tenant=trade.tenant.tenant, consumers=()):
        pass
    print(f"{came} orders in {SECONDS:.0f} s: {dict(peak.outcomes)}; at most "
          f"{peak.most_under_way} under way, {peak.most_pending} events unseen")  # fmt: skip
    assert sum(peak.outcomes.values()) == came
    assert all(peak.units[sku] <= stock[sku] for sku in skus)
    assert peak.most_under_way <= AT_WORK_MOST + WAITING_MOST
    assert peak.most_pending <= PENDING_MOST
    assert await peak.pending() == 0
    held = {}
    for sku in skus:
        shown = await key.get(f"/availability?channel=PEAK&sku={sku}&by_node=true")
        held[sku] = sum(row["reserved"] for row in shown["items"][0]["nodes"])
    assert held == dict(peak.units)
    assert await trade.violations() == {}


async def test_more_than_may_wait_are_told_to_come_again(
    trade: Trade, key: ApiKeyInHand, server: InstalledServer
) -> None:
    """T2.11: a burst beyond every bound: the line stays as long as it may be, and none is lost."""
    sku = await stocked(key, {"PEAK-A": 5})
    peak = Peak(trade)
    burst = AT_WORK_MOST + WAITING_MOST + 60
    tasks = [asyncio.create_task(peak.one(sku, 1)) for _ in range(burst)]
    longest = 0
    while any(not task.done() for task in tasks):
        longest = max(longest, len(server.pools._waiting))
        await asyncio.sleep(0.005)
    assert 0 < longest <= WAITING_MOST
    assert peak.outcomes["told_to_wait"] >= 60
    assert sum(peak.outcomes.values()) == burst
    assert peak.units[sku] <= 5
    assert await trade.violations() == {}
