"""Where the lines of a warehouse go, and what they call the lines of their prices."""

from entrepot.access.flow import query
from entrepot.carriers.calculator import choices_of, line_names
from entrepot.consolidation.repricing import find_tariff
from entrepot.consolidation.types import WarehouseLines
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.nodes.queries import get_place
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="consolidations:read", callers=(ApiKey, Shopper, Staff))
async def list_destinations(tx: ReadTx, *, warehouse: str) -> WarehouseLines:
    """Nowhere as long as no prices were imported. Raises NotFound (`unknown_warehouse`)."""
    await get_place(tx, code=warehouse, warehouses=scope_of(tx.principal).warehouses)
    tariff = await find_tariff(tx, warehouse=warehouse)
    if tariff is None:
        return WarehouseLines((), {})
    return WarehouseLines(choices_of(tariff).countries, line_names(tariff))
