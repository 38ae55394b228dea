"""Give goods another status: damaged, quarantine, hold, promotion, and back."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.adjustment_types import AdjustmentSummary, NewStatusChange
from entrepot.stock.adjustments import operations as adjustments
from entrepot.stock.adjustments import queries as adjustment_queries


@flow(permission="stock:move", callers=(Staff, ApiKey))
async def change_stock_status(tx: Tx, *, new: NewStatusChange) -> AdjustmentSummary:
    """The change, posted. Which status may follow which, and the permission that it takes, is
    `status_edges.tsv`: setting aside is anybody's, releasing takes `stock:approve`."""
    adjustment_id = await adjustments.change_status(tx, new=new)
    made = await adjustment_queries.get_summary(tx, adjustment_id=adjustment_id)
    await put_audit(
        tx, verb="change_stock_status", subject="adjustment", subject_id=adjustment_id,
        facts={"cause": made.cause, "units": made.units},
    )  # fmt: skip
    return made
