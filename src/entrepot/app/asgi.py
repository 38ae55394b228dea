"""The ASGI app of one process: API, pages, the thin way for scans, counting around all."""

from contextlib import AsyncExitStack
from typing import Any

import structlog
from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.types import ASGIApp

from entrepot import __version__
from entrepot.access.authentication import Authenticator
from entrepot.api.answers import answer
from entrepot.api.guard import Guard
from entrepot.api.router import api_routers
from entrepot.api.thin import thin_scans
from entrepot.api.watch import counted
from entrepot.app.children import die_with_parent
from entrepot.app.logs import configure_logs
from entrepot.app.pages import page_tenants
from entrepot.app.tenant_hosts import lead_by_host
from entrepot.app.wiring import House, open_house
from entrepot.platform.buckets import Buckets
from entrepot.platform.outgoing import Outgoing
from entrepot.platform.settings import Settings, read_settings
from entrepot.web.deps import WebDeps
from entrepot.web.pages import page_router

log = structlog.get_logger()

PEER_RATE = Buckets(rate=4000, burst=8000)
KEY_RATE = Buckets(rate=4000, burst=8000)


class App:
    """Opens its parts when the server starts it, serves, and closes them when it ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._inner: ASGIApp | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert self._inner is not None
        await self._inner(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                house = await stack.enter_async_context(open_house(self._settings))
                litestar, self._inner = build(house)
                await stack.enter_async_context(litestar.lifespan())
            except Exception as error:
                log.exception("app.not_started")
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def build(house: House) -> tuple[Litestar, ASGIApp]:
    """Litestar with everything mounted, and the same behind the layers before it."""
    authenticator = Authenticator(
        house.database, house.key, house.settings.authorities, house.database.clock
    )
    guard = Guard(authenticator, peers=PEER_RATE, keys=KEY_RATE)
    outgoing = Outgoing(loopback=house.settings.outgoing_loopback)
    pages = page_router(
        WebDeps(
            db=house.database,
            tenants=page_tenants(house),
            clock=house.database.clock,
            live=house.live,
            settings=house.settings,
            key=house.key,
        )
    )
    litestar = Litestar(
        route_handlers=[*api_routers(house.database, guard, house.key, outgoing), pages],
        openapi_config=OpenAPIConfig(
            title="Entrepot",
            version=__version__,
            description="Parcels, scans, customers and places. Every request is signed.",
            use_handler_docstrings=True,
        ),
        exception_handlers={Exception: answer},
        request_max_body_size=2_000_000,
    )
    led = lead_by_host(litestar, house.directory)
    return litestar, counted(thin_scans(led, guard, house.database))


def create() -> App:
    """The factory that the server calls in each of its processes."""
    die_with_parent()
    settings = read_settings()
    configure_logs(readable=settings.env in ("development", "demo"))
    return App(settings)
