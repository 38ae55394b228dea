"""A server of its own with a prepared installation, and `entrepot` processes beside it."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx

from tests.postgres_fixture import InstalledServer, installation

READY_WITHIN_S = 60.0


@asynccontextmanager
async def own_server() -> AsyncIterator[InstalledServer]:
    """A server that a test may stop and break."""
    async with installation() as own:
        yield own


@contextmanager
def entrepot(command: str, own: InstalledServer, log: Path, **environment: str) -> Iterator[None]:
    """`entrepot serve` or `worker` over the server's home; all it says goes to `log`."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "entrepot.app.command_line", command],
            env={
                **os.environ, "ENTREPOT_HOME": str(own.settings.home), "ENTREPOT_ENV": "test",
                **environment,
            },
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def wait_until_ready(base_url: str, log: Path) -> None:
    """Wait for /readyz."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        try:
            if httpx.get(f"{base_url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-3000:])
