"""List the nodes that the caller works with."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.nodes import queries
from entrepot.nodes.types import Node
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="nodes:read", callers=(ApiKey, Operator, Staff))
async def list_nodes(tx: ReadTx) -> list[Node]:
    """Open nodes by code."""
    return await queries.list_nodes(tx, warehouses=scope_of(tx.principal).warehouses)
