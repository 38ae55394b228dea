"""A signed client of the whole ASGI app, in process, for one tenant of the test server."""

import json
import time
from typing import Any

import httpx
from litestar import Litestar
from litestar.openapi import OpenAPIConfig

from entrepot.access.authentication import Authenticator
from entrepot.access.flow import Stamp
from entrepot.access.keys import new_material
from entrepot.access.permissions import PERMISSIONS
from entrepot.access.signing import sign, signing_secret
from entrepot.access.types import KeyAlgorithm, NewApiKey
from entrepot.api.answers import answer
from entrepot.api.guard import Guard
from entrepot.api.router import api_routers
from entrepot.api.thin import thin_scans
from entrepot.api.watch import counted
from entrepot.flows.create_api_key import create_api_key
from entrepot.kernel.ids import TenantId, new_token
from entrepot.kernel.principals import Operator
from entrepot.platform.buckets import Buckets
from entrepot.platform.clock import system_clock
from entrepot.platform.outgoing import Outgoing
from entrepot.platform.secrets import read_key
from tests.postgres_fixture import InstalledServer

AUTHORITY = "127.0.0.1:8080"


def api_app(server: InstalledServer, *, thin: bool = True, outgoing: Outgoing | None = None) -> Any:
    """The API as the product builds it; `thin=False` leaves out the scan's own way."""
    sealing = read_key(server.settings.key_file, env="test")
    authenticator = Authenticator(server.database, sealing, {AUTHORITY}, system_clock)
    fast = {"rate": 1e6, "burst": 1e6}
    guard = Guard(authenticator, peers=Buckets(**fast), keys=Buckets(**fast))
    app = Litestar(
        api_routers(server.database, guard, sealing, outgoing),
        openapi_config=OpenAPIConfig("Entrepot", "test", use_handler_docstrings=True),
        exception_handlers={Exception: answer},
        request_max_body_size=2_000_000,
    )
    inner: Any = thin_scans(app, guard, server.database) if thin else app
    return counted(inner)


class ApiKeyInHand:
    """A key with its secret, and requests signed with it."""

    def __init__(self, app: Any, key_id: str, algorithm: str, secret: str) -> None:
        self.key_id = key_id
        self.secret = signing_secret(algorithm, secret)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url=f"http://{AUTHORITY}",
        )

    def signed(
        self, method: str, target: str, body: bytes = b"", key: str | None = None, **kwargs: Any
    ) -> dict[str, str]:
        """The headers of a request; writes get a fresh idempotency key unless one is given."""
        if key is None and method not in ("GET", "HEAD"):
            key = new_token(12)
        kwargs.setdefault("now_s", int(time.time()))
        kwargs.setdefault("nonce", new_token(24))
        return sign(
            method, AUTHORITY, target, body,
            key_id=self.key_id, secret=self.secret, idempotency_key=key, **kwargs,
        )  # fmt: skip

    async def ask(
        self, method: str, target: str, document: object = None, *, key: str | None = None
    ) -> httpx.Response:
        """Send `/api/v1<target>`."""
        body = b"" if document is None else json.dumps(document).encode()
        return await self.send(method, f"/api/v1{target}", body, key=key)

    async def send(
        self, method: str, target: str, body: bytes, *, key: str | None = None
    ) -> httpx.Response:
        """Send raw bytes to a raw target."""
        headers = self.signed(method, target, body, key)
        return await self.client.request(method, target, content=body, headers=headers)

    async def post(self, target: str, document: object, *, key: str | None = None) -> Any:
        """POST what must succeed; the decoded answer."""
        response = await self.ask("POST", target, document, key=key)
        assert response.status_code in (200, 201), response.text
        return response.json()

    async def get(self, target: str) -> Any:
        """GET what must succeed; the decoded answer."""
        response = await self.ask("GET", target)
        assert response.status_code == 200, response.text
        return response.json()


async def key_for(
    server: InstalledServer,
    app: Any,
    tenant: TenantId,
    *,
    scopes: set[str] | None = None,
    warehouses: list[str] | None = None,
    algorithm: KeyAlgorithm = KeyAlgorithm.HMAC_SHA256,
    maker: str = "tests",
) -> ApiKeyInHand:
    """A new key of a tenant, in hand. Keys of one `maker` are one pair of eyes."""
    sealing = read_key(server.settings.key_file, env="test")
    material = new_material(tenant, algorithm)
    await create_api_key(
        server.database,
        Operator(name=maker, tenant=tenant, permissions=PERMISSIONS),
        Stamp(),
        new=NewApiKey(
            label="test",
            scopes=sorted(scopes if scopes is not None else PERMISSIONS),
            algorithm=algorithm,
            warehouses=warehouses,
        ),
        material=material,
        sealing=sealing,
    )
    secret = material.secret or material.private_key_pem or ""
    return ApiKeyInHand(app, material.key_id, algorithm, secret)
