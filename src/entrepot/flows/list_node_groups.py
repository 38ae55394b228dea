"""List the groups of nodes and what may pass between them."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import channels
from entrepot.nodes.channel_types import NodeGroup
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="nodes:read", callers=(ApiKey, Staff))
async def list_node_groups(tx: ReadTx) -> list[NodeGroup]:
    """Groups by code; of their nodes, those that the caller works with."""
    return await channels.list_groups(tx, warehouses=scope_of(tx.principal).warehouses)
