"""List the connections to live carriers, without their credentials."""

from entrepot.access.flow import query
from entrepot.carriers import connections
from entrepot.carriers.connections import Connection
from entrepot.flows.preview_rate_cards import refuse_part_of_house
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx


@query(permission="rate_cards:read", callers=(ApiKey, Staff))
async def list_carrier_connections(tx: ReadTx) -> list[Connection]:
    """Every connection by code. Raises Forbidden for who works in some warehouses only."""
    refuse_part_of_house(tx.principal)
    return await connections.list_connections(tx)
