"""Switch services on or off at a node: what is off is not offered from the next quote on."""

from entrepot.access.flow import flow
from entrepot.carriers import tariff_operations, tariff_queries
from entrepot.carriers.types import NodeServiceChanges, NodeServices
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes.queries import get_place
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="nodes:change", callers=(ApiKey, Staff))
async def change_node_services(
    tx: Tx, *, warehouse: str, changes: NodeServiceChanges
) -> NodeServices:
    """What the node offers now. Raises NotFound, or Invalid (`unknown_service`)."""
    scope = scope_of(tx.principal).warehouses
    place = await get_place(tx, code=warehouse, warehouses=scope)
    changed = await tariff_operations.put_node_services(
        tx, node_id=place.node_id, warehouse=place.code, changes=changes.services
    )
    if changed:
        await put_audit(
            tx,
            verb="change_node_services",
            subject="node",
            subject_id=place.node_id,
            facts={
                "on": [one.service for one in changes.services if one.offered],
                "off": [one.service for one in changes.services if not one.offered],
            },
        )
    offered = await tariff_queries.list_offered(tx, warehouse=warehouse, warehouses=scope)
    return NodeServices(warehouse, offered)
