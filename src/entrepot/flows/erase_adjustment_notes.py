"""Erase what people wrote about an adjustment; every sum stays as it is."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.adjustment_types import AdjustmentSummary
from entrepot.stock.adjustments import operations as adjustments
from entrepot.stock.adjustments import queries as adjustment_queries


@flow(permission="stock:approve", callers=(Staff, ApiKey))
async def erase_adjustment_notes(tx: Tx, *, adjustment_id: UUID) -> AdjustmentSummary:
    """The adjustment without notes. Raises NotFound."""
    erased = await adjustments.erase_notes(tx, adjustment_id=adjustment_id)
    await put_audit(
        tx, verb="erase_adjustment_notes", subject="adjustment", subject_id=adjustment_id,
        facts={"notes": erased},
    )  # fmt: skip
    return await adjustment_queries.get_summary(tx, adjustment_id=adjustment_id)
