"""An ERP and we tell each other of quantities while everybody is killed at random: in the end both
have the same numbers (T2.68)."""

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrepot.flows.post_stock_snapshots import post_stock_snapshots
from entrepot.kernel.ids import new_token
from entrepot.platform.clock import system_clock
from entrepot.stock.feeds.types import NewSnapshot
from tests.flows.trade import stamp
from tests.stock.crash import house as houses
from tests.stock.crash.clients import Clients
from tests.stock.crash.house import HEALTHY_WITHIN_S, House
from tests.stock.crash.mock_erp import Orders

pytestmark = [pytest.mark.crash, pytest.mark.slow]

KILLS = ("erp", "app", "erp", "backend", "postgres", "erp", "worker", "erp")
_DONE_WITHIN_S = 60.0


class Shoppers(Clients):
    """They reserve, release and take along; nobody else touches the ledger."""

    counts = 0.0

    def _chosen(self) -> tuple[str, str, str, Any, str]:
        kind = self.dice.choices(("reserve", "release", "fulfil"), (5, 2, 4))[0]
        if kind == "reserve" or not self._live:
            line = {"sku": self.dice.choice(self.house.skus), "qty": 1, "node": "N1"}
            order = {"reference": new_token(9), "channel": "WEB", "lines": [line]}
            return "reserve", "POST", "/reservations", order, ""
        about = self.dice.choice(self._live)
        return kind, "POST", f"/reservations/{about}/{kind}", None, about


class Source:
    """The mock ERP's process, which is started again whenever it was killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; what it says goes to its log."""
        with (self.folder / "erp.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.stock.crash.mock_erp", str(self.folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        """kill -9, and start it again."""
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "erp.log").read_text()[-2000:]
        self.process.kill()
        self.process.wait(5)
        self.start()

    def stop(self) -> None:
        """Whatever became of the test."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)

    def end(self) -> None:
        """Let it tell and hear what is left."""
        (self.folder / "stop").touch()
        assert self.process is not None
        assert self.process.wait(_DONE_WITHIN_S) == 0, (self.folder / "erp.log").read_text()[-2000:]

    def held(self) -> dict[str, int]:
        """Its numbers."""
        with closing(sqlite3.connect(self.folder / "erp.sqlite")) as store:
            return dict(store.execute("select sku, qty from held").fetchall())


async def on_hand(house: House) -> dict[str, int]:
    """Ours, at the node."""
    connection = await house.server.owner(house.stock.tenant)
    try:
        rows = await connection.fetch(
            "select s.code, g.on_hand from stock.sku_node as g"
            " join catalog.sku as s on s.sku_id = g.sku_id"
            " join nodes.node as n on n.node_id = g.node_id where n.code = 'N1'"
        )
    finally:
        await connection.close()
    return {row["code"]: row["on_hand"] for row in rows if row["code"] in house.skus}


async def differing(house: House, held: dict[str, int]) -> int:
    """How many drifts a snapshot of the source's numbers finds."""
    lines = [{"sku": sku, "qty": qty} for sku, qty in held.items()]
    told = {
        "feed": "erp", "node": "N1", "as_of": system_clock(), "counted": "gross", "lines": lines,
    }  # fmt: skip
    new = msgspec.convert(told, NewSnapshot)
    shot = await post_stock_snapshots(house.stock.db, house.stock.staff, stamp(), new=new)
    assert shot.agreed + shot.drifts == len(held)
    return shot.drifts


async def kill_everybody(house: House, source: Source, dice: random.Random) -> int:
    """In random order, each when the one before is well again; how many died."""
    order, killed = list(KILLS), 0
    dice.shuffle(order)
    for what in order[: int(os.environ.get("ENTREPOT_KILLS", "4"))]:
        await asyncio.sleep(dice.uniform(0.2, 0.6))
        if what == "erp":
            await asyncio.to_thread(source.kill)
            killed += 1
        else:
            killed += await asyncio.to_thread(house.installation.kill, what, dice, house.database)
            await asyncio.sleep(0.05)
            await asyncio.to_thread(house.installation.wait, HEALTHY_WITHIN_S)
    return killed


async def test_after_kills_on_both_sides_both_have_the_same_numbers() -> None:
    seed = int(os.environ.get("ENTREPOT_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    async with houses.opened(stocked=False) as house, AsyncExitStack() as opened:
        key, home = house.keys[0], house.installation.home
        orders = Orders(
            house.installation.base_url, house.authority, key.key_id,
            bytes(key.secret).decode(), "erp", "N1", house.skus, seed,
        )  # fmt: skip
        (home / "orders.json").write_bytes(msgspec.json.encode(orders))
        source = Source(home)
        source.start()
        opened.callback(source.stop)
        until = time.monotonic() + _DONE_WITHIN_S
        while len(await on_hand(house)) < len(house.skus):
            assert time.monotonic() < until, "the source tells nothing"
            await asyncio.sleep(0.1)
        shoppers = Shoppers(house, random.Random(seed), 120, home / "told")
        shoppers.killing = True
        working = asyncio.create_task(shoppers.work())
        killed = await kill_everybody(house, source, random.Random(seed))
        shoppers.killing = False
        await working
        await asyncio.to_thread(source.end)
        assert source.held() == await on_hand(house)
        assert await differing(house, source.held()) == 0
        assert await house.stock.violations() == {}
    assert killed >= 3
    assert shoppers.wrong == []
    sold = sum(deed.done for deed in shoppers.deeds if deed.kind == "fulfil")
    assert sold > 0
