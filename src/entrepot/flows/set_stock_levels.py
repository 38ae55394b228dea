"""Set levels of SKUs at nodes: safety, protected, what is to come and may be sold ahead."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import operations, queries
from entrepot.stock.types import LevelsSet, NewLevels


@flow(permission="stock:adjust", callers=(ApiKey, Staff, Job))
async def set_stock_levels(tx: Tx, *, new: NewLevels) -> LevelsSet:
    """How many rows. Raises NotFound for an unknown SKU or node, Invalid for one named twice."""
    named = [(level.sku, level.node) for level in new.levels]
    if len(set(named)) < len(named):
        error = FieldError("levels", "named_twice", "a SKU is named twice for one node")
        raise Invalid("a SKU is named twice for one node", errors=[error])
    pairs = await queries.pairs_named(
        tx, skus=[sku for sku, _ in named], nodes=[node for _, node in named]
    )
    await operations.set_levels(
        tx,
        pairs=pairs,
        safety=[level.safety for level in new.levels],
        protected=[level.protected for level in new.levels],
        inbound=[level.inbound for level in new.levels],
        sells_inbound=[level.sells_inbound for level in new.levels],
        extra=[level.backorder_extra for level in new.levels],
    )
    for node in sorted({node for _, node in named}):
        told = [sku for sku, where in named if where == node]
        await operations.tell_levels(tx, skus=told, warehouse=node)
    await put_audit(
        tx, verb="set_stock_levels", subject="stock", subject_id=None, facts={"rows": len(pairs)}
    )
    return LevelsSet(len(pairs))
