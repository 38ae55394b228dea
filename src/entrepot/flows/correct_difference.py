"""Correct a difference: derive the copy anew, once."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.reconciliation import operations
from entrepot.reconciliation.types import Difference


@flow(permission="reconciliation:repair", callers=(ApiKey, Staff))
async def correct_difference(tx: Tx, *, difference_id: UUID) -> Difference:
    """The difference, closed. See `reconciliation.operations.correct` for the refusals."""
    difference = await operations.correct(tx, difference_id=difference_id)
    await put_audit(
        tx, verb="correct_difference", subject="stock_difference", subject_id=difference_id,
        facts={"kind": difference.kind, "amount": difference.amount},
    )  # fmt: skip
    return difference
