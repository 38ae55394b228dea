"""Withdraw an adjustment that one has asked for oneself."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.adjustment_types import AdjustmentSummary, Decision
from entrepot.stock.adjustments import operations as adjustments
from entrepot.stock.adjustments import queries as adjustment_queries


@flow(permission="stock:adjust", callers=(Staff, ApiKey))
async def withdraw_adjustment(tx: Tx, *, adjustment_id: UUID, said: Decision) -> AdjustmentSummary:
    """The withdrawn adjustment. See `stock.adjustments.decide` for the refusals."""
    await adjustments.decide(tx, adjustment_id=adjustment_id, verb="withdraw", note=said.note)
    await put_audit(tx, verb="withdraw_adjustment", subject="adjustment", subject_id=adjustment_id)
    return await adjustment_queries.get_summary(tx, adjustment_id=adjustment_id)
