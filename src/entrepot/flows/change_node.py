"""Change a node: where it is, when it works, what it can do, who is master of its stock."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import working
from entrepot.nodes.working_types import ChangedNode, NodeDetail
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="nodes:change", callers=(Staff, ApiKey))
async def change_node(tx: Tx, *, code: str, change: ChangedNode) -> NodeDetail:
    """The node as it is now; what the change leaves out stays."""
    node = await working.change_node(
        tx, code=code, change=change, warehouses=scope_of(tx.principal).warehouses
    )
    await put_audit(
        tx,
        verb="change_node",
        subject="node",
        subject_id=node.id,
        facts={"code": node.code, "version": node.version},
    )
    return node
