"""List the bins of a warehouse."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes import queries
from entrepot.nodes.types import Bin
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="bins:read", callers=(ApiKey, Staff))
async def list_bins(tx: ReadTx, *, warehouse: str, after: str = "", most: int = 100) -> list[Bin]:
    """Open bins by code, behind `after`. Raises NotFound for a warehouse not the caller's."""
    scope = scope_of(tx.principal).warehouses
    await queries.get_place(tx, code=warehouse, warehouses=scope)
    return await queries.list_bins(
        tx, warehouse=warehouse, after=after, most=most, warehouses=scope
    )
