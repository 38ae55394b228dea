"""What a warehouse lets pass in counts and adjustments without a second pair of eyes."""

from entrepot.access.flow import query
from entrepot.counts.queries import find_limits
from entrepot.counts.types import NewLimits
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes.queries import get_place
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="counts:approve", callers=(ApiKey, Staff))
async def get_count_limits(tx: ReadTx, *, warehouse: str) -> NewLimits:
    """The limits that hold now, the house's own where none were set. Raises NotFound."""
    place = await get_place(tx, code=warehouse, warehouses=scope_of(tx.principal).warehouses)
    limits = await find_limits(tx, node_id=place.node_id)
    return NewLimits(limits.free_units, limits.four_eyes_units, limits.four_eyes_minor)
