"""A mock ERP: keeps its own numbers and tells every change over real HTTP, signed, as an ERP's
own process would. Its line can be cut; what it could not tell it tells afterwards."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from entrepot.access.authentication import Authenticator
from entrepot.access.signing import sign
from entrepot.api.guard import Guard
from entrepot.api.router import api_routers
from entrepot.kernel.ids import new_token
from entrepot.platform.buckets import Buckets
from entrepot.platform.clock import system_clock
from entrepot.platform.secrets import read_key
from tests.api.harness import ApiKeyInHand
from tests.postgres_fixture import InstalledServer


@asynccontextmanager
async def served(server: InstalledServer) -> AsyncIterator[str]:
    """The API on a port of its own; its authority."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    authority = f"127.0.0.1:{port}"
    sealing = read_key(server.settings.key_file, env="test")
    known = Authenticator(server.database, sealing, {authority}, system_clock)
    fast = {"rate": 1e6, "burst": 1e6}
    guard = Guard(known, peers=Buckets(**fast), keys=Buckets(**fast))
    app = Litestar(api_routers(server.database, guard, sealing, None))
    running = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI)
    task = asyncio.create_task(running.serve())
    try:
        async with httpx.AsyncClient() as client:
            for _ in range(200):
                try:
                    if (await client.get(f"http://{authority}/healthz")).status_code == 200:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
        yield authority
    finally:
        running.stop()
        await task


class MockErp:
    """Keeps `stock`; `change` tells one change and returns when Entrepot has answered."""

    def __init__(self, authority: str, key: ApiKeyInHand, *, node: str) -> None:
        self._authority, self._key, self._node = authority, key, node
        self._client = httpx.AsyncClient(base_url=f"http://{authority}")
        self._sequence, self._untold = 0, list[dict[str, object]]()
        self.stock: dict[str, int] = {}
        self.cut = False

    async def change(self, sku: str, delta: int) -> None:
        """So many units more or less of a SKU."""
        self._sequence += 1
        self.stock[sku] = self.stock.get(sku, 0) + delta
        at = datetime.now(UTC) - timedelta(milliseconds=1)
        event = {"sequence": self._sequence, "sku": sku, "delta": delta, "at": at.isoformat()}
        self._untold.append(event)
        if not self.cut:
            await self.tell()

    async def tell(self) -> None:
        """Tell what was not told."""
        untold, self._untold = self._untold, []
        answer = await self.post(
            "/stock/events", {"feed": "erp", "node": self._node, "events": untold}
        )
        assert answer.status_code == 201, answer.text

    async def post(self, target: str, document: object) -> httpx.Response:
        """A signed request over the wire."""
        body, path = json.dumps(document).encode(), f"/api/v1{target}"
        headers = sign(
            "POST", self._authority, path, body, key_id=self._key.key_id, secret=self._key.secret,
            idempotency_key=new_token(12), now_s=int(time.time()), nonce=new_token(24),
        )  # fmt: skip
        return await self._client.post(path, content=body, headers=headers)

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()
