"""Set what base units are worth, for limits of value."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.adjustment_types import NewUnitValues
from entrepot.stock.adjustments import unit_values
from entrepot.stock.types import LevelsSet


@flow(permission="stock:approve", callers=(Staff, ApiKey))
async def set_unit_values(tx: Tx, *, new: NewUnitValues) -> LevelsSet:
    """How many values were set. Raises NotFound naming a SKU that is not there."""
    needs_all_warehouses(tx.principal)
    rows = await unit_values.set_unit_values(tx, new=new)
    await put_audit(
        tx, verb="set_unit_values", subject="stock_value", subject_id=None, facts={"rows": rows}
    )
    return LevelsSet(rows)
