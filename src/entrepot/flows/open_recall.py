"""Open a recall: lots are called back in every node at once."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.lots import recalls
from entrepot.stock.lots.recall_types import NewRecall, RecallSummary


@flow(permission="stock:adjust", callers=(Staff, ApiKey))
async def open_recall(tx: Tx, *, new: NewRecall) -> RecallSummary:
    """The open recall. What lay there in order is in quarantine, promises of it are backorders.
    See `stock.recalls.open_recall` for the refusals."""
    recall_id = await recalls.open_recall(tx, new=new)
    made = await recalls.get_summary(tx, recall_id=recall_id)
    await put_audit(
        tx, verb="open_recall", subject="recall", subject_id=recall_id,
        facts={"reference": made.reference, "cause": made.cause, "units": made.units},
    )  # fmt: skip
    return made
