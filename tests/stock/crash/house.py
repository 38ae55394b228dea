"""What is killed: `entrepot up` in a folder of its own, a tenant with stock in it, three keys."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil

from entrepot.platform.postgres import superuser_login
from entrepot.platform.settings import Settings
from entrepot.tenancy.plane import open_plane
from tests.api.harness import ApiKeyInHand, key_for
from tests.installation import READY_WITHIN_S, Installation, free_port
from tests.postgres_fixture import InstalledServer, new_home
from tests.stock.house import Stock, open_stock

HEALTHY_WITHIN_S = float(os.environ.get("ENTREPOT_HEALTHY_WITHIN_S", "15"))
"""R1's bound; a machine that others load as well may be given more, the report tells the time."""
DELAYS = {
    place: {"delay_s": 0.01}
    for place in (
        "release_reservation.before_commit", "release_reservation.after_commit",
        "fulfil_reservation.before_commit", "fulfil_reservation.after_commit",
        "change_reservation.before_commit", "post_movements.before_commit",
        "post_movements.after_commit", "reverse_movement.before_commit",
        "post_stock_events.before_commit", "batch.after_commit", "drain.after_positions",
    )
}  # fmt: skip
"""Between the work and the commit, the commit and the answer, reading the outbox and sending."""
_ARMED = Path(__file__).parent / "armed"


class Launched(Installation):
    """`entrepot up`, watched by its launcher, with faults armed in its processes."""

    def start(self, **environment: str) -> None:
        """Start and wait until it answers."""
        path = os.pathsep.join([str(_ARMED), *filter(None, [os.environ.get("PYTHONPATH")])])
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "entrepot.app.command_line", "up"],
                env={
                    **os.environ, "ENTREPOT_HOME": str(self.home), "ENTREPOT_ENV": "test",
                    "ENTREPOT_PORT": str(self.port), "PYTHONPATH": path,
                    "ENTREPOT_TEST_FAULTS": json.dumps(DELAYS), **environment,
                },
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.wait(READY_WITHIN_S)

    def wait(self, within_s: float) -> float:
        """Wait for /readyz; after how many seconds it came. Raises AssertionError."""
        began = time.monotonic()
        while not self.ready():
            if time.monotonic() - began > within_s:
                raise AssertionError(f"not ready in {within_s} s: {self.log.read_text()[-3000:]}")
            time.sleep(0.05)
        return time.monotonic() - began

    def kill(self, what: str, dice: random.Random, database: str) -> bool:
        """kill -9 of `app`, `worker`, `postgres` or one of its `backend`s; False: none is there."""
        words = {"app": ["serve"], "worker": ["worker"], "postgres": ["postgres", "-D"]}
        found = (
            self.children("postgres:", database)
            if what == "backend"
            else self.children(*words[what])
        )
        if not found:
            return False
        victim = found[0] if what in ("worker", "postgres") else dice.choice(found)
        try:
            os.kill(victim.pid, signal.SIGKILL)
        except (ProcessLookupError, psutil.NoSuchProcess):
            return False
        return True


class House(msgspec.Struct):
    """The installation, its tenant and the keys: one for all nodes, two for two nodes each."""

    installation: Launched
    server: InstalledServer
    stock: Stock
    keys: list[ApiKeyInHand]
    skus: list[str]
    kit: str

    @property
    def authority(self) -> str:
        """The host that requests are signed for."""
        return f"127.0.0.1:{self.installation.port}"

    @property
    def database(self) -> str:
        """The name of the tenant's database."""
        return self.stock.tenant.database_name


@asynccontextmanager
async def opened(*, stocked: bool = True) -> AsyncIterator[House]:
    """A fresh installation with three nodes, four SKUs (six of each everywhere, if `stocked`) and
    a kit of two of them."""
    installation = Launched(new_home(), free_port())
    try:
        installation.start()
        async with server_of(installation.home) as server:
            stock = await open_stock(server)
            skus = [await stock.sku() for _ in range(4)]
            for sku in skus if stocked else ():
                for node in ("N1", "N2", "N3"):
                    await stock.receive(sku, 6, node)
            kit = await stock.sku((skus[0], 2), (skus[1], 1))
            await stock.levels(skus[0], backorder_extra=5)
            keys = [
                await key_for(
                    server,
                    None,
                    stock.tenant.tenant,
                    warehouses=warehouses,
                    maker=f"tests {warehouses}",
                )
                for warehouses in (None, ["N1", "N2"], ["N2", "N3"])
            ]
            yield House(installation, server, stock, keys, skus, kit)
    finally:
        if installation.process is not None and installation.process.poll() is None:
            installation.stop()
        shutil.rmtree(installation.home, ignore_errors=True)


@asynccontextmanager
async def server_of(home: Path) -> AsyncIterator[InstalledServer]:
    """The running server of a home, as tests know it."""
    settings = Settings(home=home, env="test")
    port = int((home / "postgres.port").read_text())
    running: Any = _Running(superuser_login(home, port))
    async with open_plane(settings) as plane:
        server = InstalledServer(settings, running, plane)
        yield server
        await server.pools.close()


class _Running(msgspec.Struct):
    """A server that somebody else runs."""

    superuser: Any
