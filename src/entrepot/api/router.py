"""The API's routers: the signed operations, and what watches the process."""

from litestar import Litestar, Router, get
from litestar.di import Provide
from litestar.response import Response

from entrepot.api.adjustments import ADJUSTMENT_ROUTES
from entrepot.api.answers import AnyRequest, answer, check_body
from entrepot.api.arrivals import ARRIVAL_ROUTES
from entrepot.api.carriers import CARRIER_ROUTES
from entrepot.api.catalog import CATALOG_ROUTES
from entrepot.api.consolidations import CONSOLIDATION_ROUTES
from entrepot.api.counts import COUNT_ROUTES
from entrepot.api.feed_watch import FEED_WATCH_ROUTES
from entrepot.api.feeds import FEED_ROUTES
from entrepot.api.guard import Guard, provide_caller
from entrepot.api.lots import LOT_ROUTES
from entrepot.api.nodes import NODE_ROUTES
from entrepot.api.openapi import document
from entrepot.api.picking import PICKING_ROUTES
from entrepot.api.prices import PRICE_ROUTES
from entrepot.api.reconciliation import RECONCILIATION_ROUTES
from entrepot.api.routes import ROUTES
from entrepot.api.routing import ROUTING_ROUTES
from entrepot.api.stock import STOCK_ROUTES
from entrepot.api.stock_reads import STOCK_READ_ROUTES
from entrepot.api.stock_strategy import STRATEGY_ROUTES
from entrepot.api.transfers import TRANSFER_ROUTES
from entrepot.api.watch import WATCH_ROUTES
from entrepot.carriers.live import LiveDoor
from entrepot.platform.database import Database
from entrepot.platform.outgoing import Outgoing
from entrepot.platform.secrets import SealingKey


def api_routers(
    database: Database, guard: Guard, sealing: SealingKey, outgoing: Outgoing | None = None
) -> list[Router]:
    """What the app mounts: `/api/v1` behind the guard, and the open operation routes.

    `outgoing` is the way out to others, with its own rules where none is given.
    """
    live = LiveDoor(sealing, outgoing or Outgoing())
    provided = {"db": Provide(lambda: database, sync_to_thread=False, use_cache=True)}
    signed = Router(
        "/api/v1",
        route_handlers=[
            *ROUTES,
            *CATALOG_ROUTES,
            *NODE_ROUTES,
            *PRICE_ROUTES,
            *CARRIER_ROUTES,
            *CONSOLIDATION_ROUTES,
            *STOCK_ROUTES,
            *STOCK_READ_ROUTES,
            *ARRIVAL_ROUTES,
            *STRATEGY_ROUTES,
            *ROUTING_ROUTES,
            *TRANSFER_ROUTES,
            *PICKING_ROUTES,
            *COUNT_ROUTES,
            *ADJUSTMENT_ROUTES,
            *LOT_ROUTES,
            *FEED_ROUTES,
            *FEED_WATCH_ROUTES,
            *RECONCILIATION_ROUTES,
        ],
        guards=[guard.for_routes()],
        before_request=check_body,
        dependencies={
            **provided,
            "caller": Provide(provide_caller, sync_to_thread=False),
            "sealing": Provide(lambda: sealing, sync_to_thread=False, use_cache=True),
            "live": Provide(lambda: live, sync_to_thread=False, use_cache=True),
        },
        exception_handlers={Exception: answer},
    )
    watch = Router(
        "/",
        route_handlers=[*WATCH_ROUTES, get_openapi],
        dependencies=provided,
        exception_handlers={Exception: answer},
    )
    return [signed, watch]


_documents: dict[int, bytes] = {}


@get("/openapi.json", include_in_schema=False)
async def get_openapi(request: AnyRequest) -> Response[bytes]:
    """The OpenAPI 3.1 document."""
    app: Litestar = request.app
    if id(app) not in _documents:
        _documents[id(app)] = document(app)
    return Response(_documents[id(app)], media_type="application/json")
