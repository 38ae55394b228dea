"""Routing over the signed API: what an order would get, and the services that deliver."""

from litestar import get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from entrepot.api.deps import CallerOf, DatabaseOf
from entrepot.api.parameters import NodePath
from entrepot.carriers.delivery import DeliveryServices
from entrepot.flows.change_delivery_services import change_delivery_services
from entrepot.flows.get_delivery_services import get_delivery_services
from entrepot.flows.preview_routing import Cart, ShownPreview, preview_routing


@post("/routing/previews", status_code=200, tags=["routing"])
async def post_preview(data: JSONBody[Cart], caller: CallerOf, db: DatabaseOf) -> ShownPreview:
    """What an order would get just now: shipments, delivery options, cash on delivery, the ways
    to part it and the least number of shipments. Nothing is held."""
    return await preview_routing(db, caller.principal, cart=data)


@get("/nodes/{code:str}/delivery-services", tags=["routing"])
async def get_services(code: NodePath, caller: CallerOf, db: DatabaseOf) -> DeliveryServices:
    """The services by which a node delivers orders."""
    return await get_delivery_services(db, caller.principal, warehouse=code)


@put("/nodes/{code:str}/delivery-services", tags=["routing"])
async def put_services(
    code: NodePath, data: JSONBody[DeliveryServices], caller: CallerOf, db: DatabaseOf
) -> DeliveryServices:
    """Replace them."""
    return await change_delivery_services(
        db, caller.principal, caller.stamp, warehouse=code, wanted=data
    )


ROUTING_ROUTES: list[HTTPRouteHandler] = [post_preview, get_services, put_services]
