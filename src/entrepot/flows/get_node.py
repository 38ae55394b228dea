"""One node with all of how it works."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import working
from entrepot.nodes.working_types import NodeDetail
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="nodes:read", callers=(ApiKey, Staff))
async def get_node(tx: ReadTx, *, code: str) -> NodeDetail:
    """The node of this code. Raises NotFound outside the caller's warehouses."""
    return await working.get_detail(tx, code=code, warehouses=scope_of(tx.principal).warehouses)
