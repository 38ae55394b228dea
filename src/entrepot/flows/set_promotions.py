"""Promote lots for a time, or no longer."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import operations, strategy
from entrepot.stock.types import LevelsSet, NewPromotions


@flow(permission="stock:adjust", callers=(ApiKey, Staff))
async def set_promotions(tx: Tx, *, new: NewPromotions) -> LevelsSet:
    """How many lots. Raises NotFound for an unknown lot, Invalid for one named twice.

    A lot lies in any warehouse: whoever works in some only is refused.
    """
    needs_all_warehouses(tx.principal)
    named = [(one.sku, one.lot) for one in new.lots]
    if len(set(named)) < len(named):
        error = FieldError("lots", "named_twice", "a lot is named twice")
        raise Invalid("a lot is named twice", errors=[error])
    await strategy.set_promotions(tx, promotions=new.lots)
    await operations.tell_levels(tx, skus=sorted({one.sku for one in new.lots}))
    await put_audit(
        tx, verb="set_promotions", subject="stock", subject_id=None, facts={"rows": len(named)}
    )
    return LevelsSet(len(named))
