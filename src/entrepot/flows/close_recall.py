"""Close a recall: its goods are good after all, or are scrapped."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.counts.queries import find_limits
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.adjustment_rules import Limits
from entrepot.stock.lots import recalls
from entrepot.stock.lots.recall_types import RecallOutcome, RecallSummary


@flow(permission="stock:approve", callers=(Staff, ApiKey))
async def close_recall(tx: Tx, *, recall_id: UUID, how: RecallOutcome) -> RecallSummary:
    """The closed recall. Above the limits of a node whoever opened it does not close it. See
    `stock.recalls.close_recall` for the refusals."""
    recalls.need_every_warehouse(tx)
    held = await recalls.take(tx, recall_id=recall_id)
    limits = {}
    for row in held:
        found = await find_limits(tx, node_id=row.node_id)
        limits[row.node_id] = Limits(found.four_eyes_units, found.four_eyes_minor)
    await recalls.close_recall(
        tx, recall_id=recall_id, outcome=how.outcome, held=held, limits=limits
    )
    await put_audit(
        tx, verb="close_recall", subject="recall", subject_id=recall_id,
        facts={"outcome": how.outcome, "units": sum(row.units for row in held)},
    )  # fmt: skip
    return await recalls.get_summary(tx, recall_id=recall_id)
