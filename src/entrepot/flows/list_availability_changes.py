"""Which SKUs of a channel changed since a cursor."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.database import ReadTx
from entrepot.stock import queries
from entrepot.stock.types import AvailabilityChanges


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_availability_changes(tx: ReadTx, *, channel: str, after: int) -> AvailabilityChanges:
    """The changes and the cursor for the next call; the same cursor back means nothing is new.

    Raises Forbidden for callers of some warehouses only: what the channel may sell is of all.
    """
    needs_all_warehouses(tx.principal)
    return await queries.list_changes(tx, channel=channel, after=after)
