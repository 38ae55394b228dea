"""List which node offers which service."""

from entrepot.access.flow import query
from entrepot.carriers import tariff_queries
from entrepot.carriers.types import OfferedService
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes.queries import get_place
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="nodes:read", callers=(ApiKey, Staff))
async def list_node_services(tx: ReadTx, *, warehouse: str | None = None) -> list[OfferedService]:
    """By node and service, within the caller's warehouses; NotFound for a node outside them."""
    scope = scope_of(tx.principal).warehouses
    if warehouse is not None:
        await get_place(tx, code=warehouse, warehouses=scope)
    return await tariff_queries.list_offered(tx, warehouse=warehouse, warehouses=scope)
