"""The pages of one tenant in a test: the app in process, people who can log in, their browsers."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from litestar import Litestar

from entrepot.access.passwords import hash_password
from entrepot.access.types import NewPerson
from entrepot.flows.create_person import create_person
from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Operator
from entrepot.kernel.refusals import NotFound
from entrepot.parties.types import Customer
from entrepot.platform.live import Live
from entrepot.platform.secrets import read_key
from entrepot.tenancy.queries import find_tenant
from entrepot.tenancy.types import Tenant
from entrepot.web.deps import PageTenant, WebDeps
from entrepot.web.pages import page_router
from tests.flows.trade import Trade, stamp
from tests.postgres_fixture import InstalledServer

PASSWORD = "a quiet harbour at dawn"
_HASH: list[str] = []
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
_KEY = re.compile(r'name="idempotency_key" value="([^"]+)"')


class TestTenants:
    """Finds tenants for the pages, as the app does."""

    __test__ = False

    def __init__(self, server: InstalledServer) -> None:
        self._server = server

    async def tenant_of_slug(self, slug: str) -> PageTenant:
        async with self._server.database.control(Operator("pages")) as tx:
            found = await find_tenant(tx, word=slug)
        if found is None or found.slug != slug:
            raise NotFound("there is no such tenant", code="no_such_tenant")
        return page_tenant(found)


def page_tenant(tenant: Tenant) -> PageTenant:
    """A tenant as its pages know it."""
    names = msgspec.json.decode(tenant.names, type=dict[str, str])
    return PageTenant(
        TenantId(tenant.tenant), tenant.slug, tenant.name, names, tenant.zone,
        list(tenant.languages), tenant.kind,
    )  # fmt: skip


def page_app(server: InstalledServer, trade: Trade, live: Live) -> Litestar:
    """The pages alone, as one app."""
    deps = WebDeps(
        db=trade.db,
        tenants=TestTenants(server),
        clock=trade.db.clock,
        live=live,
        settings=server.settings,
        key=read_key(server.settings.key_file, env="test"),
    )
    return Litestar([page_router(deps)])


class PageHouse(msgspec.Struct):
    """A tenant with its pages."""

    trade: Trade
    app: Litestar
    live: Live

    @property
    def base(self) -> str:
        return f"/t/{self.trade.tenant.slug}"

    async def person(self, email: str, **what: Any) -> None:
        """Somebody who can log in with PASSWORD: `roles=[…]` or `customer_id=…`."""
        if not _HASH:
            _HASH.append(await hash_password(PASSWORD))
        new = NewPerson(email=email, name=email.split("@")[0], **what)
        await create_person(
            self.trade.db, self.trade.staff, stamp(), new=new,
            password_hash=_HASH[0],
        )  # fmt: skip

    def browser(self, language: str = "en") -> "Browser":
        """A fresh browser without cookies."""
        return Browser(self, language)

    async def worker(self, *roles: str, **what: Any) -> "Browser":
        """A browser with somebody of the staff logged in."""
        email = f"{'-'.join(roles)}-{stamp().key[:6]}@work.example".lower()
        await self.person(email, roles=list(roles), **what)
        return await self.browser().log_in(email)

    async def shopper(self, customer: Customer) -> "Browser":
        """A browser with a customer logged in."""
        email = f"{customer.suite_code}-{stamp().key[:6]}@shop.example".lower()
        await self.person(email, customer_id=customer.id)
        return await self.browser().log_in(email)

    def changed(self, topic: str) -> None:
        """What the listener hears when a topic of this tenant changed."""
        self.live._heard(None, 0, "", f"{self.trade.tenant.tenant} {topic}")


class Browser:
    """Keeps cookies, reads the page's token, posts forms as the page's own forms would."""

    def __init__(self, house: PageHouse, language: str) -> None:
        self.house = house
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(house.app, raise_app_exceptions=False),
            base_url="http://127.0.0.1:8080",
            headers={"accept-language": language},
        )
        self.page = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """A page of the house, cookies along."""
        answer = await self.client.get(f"{self.house.base}{path}", headers=headers)
        self.page = answer.text
        return answer

    async def post(
        self, path: str, fields: dict[str, Any], *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        """A form of the page that was loaded last."""
        found = _TOKEN.search(self.page)
        keys = _KEY.search(self.page)
        sent = {
            "csrf_token": found[1] if found else "",
            "idempotency_key": key or (keys[1] if keys else ""),
            **fields,
        }
        return await self.client.post(f"{self.house.base}{path}", data=sent, headers=headers)

    async def log_in(self, email: str) -> "Browser":
        """Through the door."""
        await self.get("/log-in")
        answer = await self.post("/log-in", {"email": email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return self

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[asyncio.Queue[bytes]]:
        """Server-sent events as they come; an empty piece when the server has closed."""
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        left = asyncio.Event()

        async def receive() -> Any:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                if message.get("body"):
                    heard.put_nowait(message["body"])
                if not message.get("more_body"):
                    heard.put_nowait(b"")

        cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        scope: Any = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": f"{self.house.base}{path}", "raw_path": b"",
            "root_path": "", "query_string": b"", "client": ("127.0.0.1", 1),
            "headers": [(b"host", b"127.0.0.1:8080"), (b"cookie", cookies.encode())],
            "server": ("127.0.0.1", 8080), "extensions": {},
        }  # fmt: skip
        watching = asyncio.create_task(self.house.app(scope, receive, send))
        try:
            yield heard
        finally:
            left.set()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
