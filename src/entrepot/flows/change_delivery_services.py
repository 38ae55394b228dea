"""Replace the services by which a node delivers."""

from entrepot.access.flow import flow
from entrepot.carriers import delivery
from entrepot.carriers.delivery import DeliveryServices
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes.queries import get_place
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="nodes:change", callers=(ApiKey, Staff))
async def change_delivery_services(
    tx: Tx, *, warehouse: str, wanted: DeliveryServices
) -> DeliveryServices:
    """The services as they are kept. Raises NotFound outside the scope, Invalid naming fields."""
    scope = scope_of(tx.principal).warehouses
    place = await get_place(tx, code=warehouse, warehouses=scope)
    changed = await delivery.put_delivery(
        tx, node_id=place.node_id, warehouse=place.code, wanted=wanted
    )
    if changed:
        await put_audit(
            tx, verb="change_delivery_services", subject="node", subject_id=place.node_id,
            facts={"services": [one.code for one in wanted.services]},
        )  # fmt: skip
    found = await delivery.list_delivery(tx, warehouses=scope, codes=[place.code])
    return found[place.code]
