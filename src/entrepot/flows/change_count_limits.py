"""Change what a warehouse lets pass in a count without a second pair of eyes."""

import msgspec

from entrepot.access.flow import flow
from entrepot.counts import operations
from entrepot.counts.rules import Limits
from entrepot.counts.types import NewLimits
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes.queries import get_place
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="stock:approve", callers=(Staff, ApiKey))
async def change_count_limits(tx: Tx, *, warehouse: str, new: NewLimits) -> NewLimits:
    """The limits as they hold from now on."""
    place = await get_place(tx, code=warehouse, warehouses=scope_of(tx.principal).warehouses)
    limits = Limits(new.free_units, new.four_eyes_units, new.four_eyes_minor)
    await operations.put_limits(tx, node_id=place.node_id, limits=limits)
    facts = msgspec.structs.asdict(limits)
    await put_audit(
        tx, verb="change_count_limits", subject="node", subject_id=place.node_id, facts=facts
    )
    return new
