"""What changes by itself on a page: one LISTEN connection in each process, many watchers.

A notification says only that something of (tenant, topic) changed; whoever hears it reads
through the ordinary, checked queries. Losing one is harmless: pages also look every 20 s.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress

import asyncpg
import structlog

from entrepot.kernel.ids import TenantId
from entrepot.platform.pools import DRIVER_ERRORS, Directory, Login
from entrepot.platform.queue import CHANNEL

log = structlog.get_logger()

RECONNECT_S = 0.5


class Live:
    """The listener of one process. Start it as a task; it reconnects by itself."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._watchers: dict[tuple[str, str], set[asyncio.Event]] = defaultdict(set)
        self.listening = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen(await self._directory.control_login())
            except DRIVER_ERRORS as error:
                log.warning("live.listener_lost", error=type(error).__name__)
            except Exception:  # whatever it is: a listener that ends silences every page
                log.exception("live.listener_failed")
            self.listening.clear()
            await asyncio.sleep(RECONNECT_S)

    @contextmanager
    def watch(self, tenant: TenantId, topic: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever (tenant, topic) changed; clear it before reading."""
        changed = asyncio.Event()
        key = (tenant, topic)
        self._watchers[key].add(changed)
        try:
            yield changed
        finally:
            self._watchers[key].discard(changed)
            if not self._watchers[key]:
                del self._watchers[key]

    async def subscribe(
        self, tenant: TenantId, topic: str, *, quiet_s: float = 15.0
    ) -> AsyncIterator[bool]:
        """Yields True for each change (bursts as one), False when nothing came for `quiet_s`."""
        with self.watch(tenant, topic) as changed:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), quiet_s)
                yield changed.is_set()
                changed.clear()

    async def _listen(self, login: Login) -> None:
        connection = await asyncpg.connect(
            host=login.host, port=login.port, database=login.database, user=login.user,
            password=login.password, timeout=5, server_settings={"application_name": "live"},
        )  # fmt: skip
        gone = asyncio.Event()
        heard: Callable[..., None] = self._heard
        try:
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(CHANNEL, heard)
            self.listening.set()
            await gone.wait()
        finally:
            connection.terminate()

    def _heard(self, connection: object, pid: int, channel: str, payload: object) -> None:
        tenant, _, topic = str(payload).partition(" ")
        for changed in self._watchers.get((tenant, topic), ()):
            changed.set()
