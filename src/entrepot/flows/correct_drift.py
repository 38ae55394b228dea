"""Correct a drift: post the one correction that was proposed, once."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.feeds import operations as feeds
from entrepot.stock.feeds.types import Drift


@flow(permission="reconciliation:repair", callers=(ApiKey, Staff))
async def correct_drift(tx: Tx, *, drift_id: UUID) -> Drift:
    """The drift, closed. See `stock.feeds.correct` for the refusals."""
    drift = await feeds.correct(tx, drift_id=drift_id)
    await put_audit(
        tx, verb="correct_drift", subject="stock_drift", subject_id=drift_id,
        facts={"state": drift.state, "correction": drift.correction},
    )  # fmt: skip
    return drift
