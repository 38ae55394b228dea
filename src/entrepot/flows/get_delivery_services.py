"""The services by which a node delivers."""

from entrepot.access.flow import query
from entrepot.carriers import delivery
from entrepot.carriers.delivery import DeliveryServices
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes.queries import get_place
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="nodes:read", callers=(ApiKey, Staff))
async def get_delivery_services(tx: ReadTx, *, warehouse: str) -> DeliveryServices:
    """None at all where nothing was said. Raises NotFound outside the scope."""
    scope = scope_of(tx.principal).warehouses
    place = await get_place(tx, code=warehouse, warehouses=scope)
    found = await delivery.list_delivery(tx, warehouses=scope, codes=[place.code])
    return found.get(place.code, DeliveryServices("CNY", []))
