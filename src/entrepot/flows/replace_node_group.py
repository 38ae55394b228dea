"""Replace a group of nodes: its members and what may pass to other groups."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import channels
from entrepot.nodes.channel_types import GroupDocument, NodeGroup
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="nodes:change", callers=(Staff, ApiKey))
async def replace_node_group(tx: Tx, *, code: str, document: GroupDocument) -> NodeGroup:
    """The group, made if there is none. Raises Conflict when a channel's pool would break it."""
    needs_all_warehouses(tx.principal)
    group = await channels.replace_group(tx, code=code, document=document)
    await put_audit(
        tx,
        verb="replace_node_group",
        subject="node_group",
        subject_id=group.id,
        facts={"code": code, "version": group.version, "nodes": len(group.nodes)},
    )
    return group
