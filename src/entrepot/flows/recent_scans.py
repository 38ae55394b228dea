"""The last parcels received at a warehouse."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes.queries import get_place
from entrepot.parcels import queries
from entrepot.parcels.scope import scope_of
from entrepot.parcels.types import ParcelSummary
from entrepot.platform.database import ReadTx


@query(permission="parcels:read", callers=(ApiKey, Staff))
async def recent_scans(tx: ReadTx, *, warehouse: str, most: int = 5) -> list[ParcelSummary]:
    """Newest first. Raises NotFound for a warehouse that is not the caller's."""
    await get_place(tx, code=warehouse, warehouses=scope_of(tx.principal).warehouses)
    return await queries.list_recent_scans(tx, warehouse=warehouse, most=most)
