"""List the extra attributes that nodes can have."""

from entrepot.access.flow import query
from entrepot.kernel.attributes import Attribute
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import working
from entrepot.platform.database import ReadTx


@query(permission="nodes:read", callers=(ApiKey, Staff))
async def list_node_attributes(tx: ReadTx) -> list[Attribute]:
    """Their definitions, by name."""
    return await working.list_attributes(tx)
