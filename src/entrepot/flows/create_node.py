"""Create a node: a warehouse, store, partner or marketplace, with its receiving bin."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Operator, Staff
from entrepot.nodes import operations
from entrepot.nodes.types import NewNode, Node
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="nodes:create", callers=(Staff, ApiKey, Operator))
async def create_node(tx: Tx, *, new: NewNode) -> Node:
    """The node. Its receiving bin is called R."""
    needs_all_warehouses(tx.principal)
    node = await operations.create_node(tx, new=new)
    await put_audit(
        tx, verb="create_node", subject="node", subject_id=node.id, facts={"code": node.code}
    )
    return node
