"""Close a transfer short: what is still under way will not come. Above a limit it waits."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.counts.queries import find_limits
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import transfers_short
from entrepot.stock.adjustment_rules import Limits
from entrepot.stock.transfers import operations as transfers
from entrepot.stock.transfers import queries as transfers_views
from entrepot.stock.transfers.types import ClosedShort, Transfer


@flow(permission="stock:receive", callers=(ApiKey, Staff))
async def close_transfer(tx: Tx, *, transfer_id: UUID, short: ClosedShort) -> Transfer:
    """The transfer: short, or above a limit of the node where it should have arrived still under
    way, with the adjustment that waits in `short_asked`.

    Raises NotFound unless the caller works there, Conflict `wrong_state` when nothing of it is
    under way, `short_asked` when that waits already.
    """
    taken = await transfers.take(tx, transfer_id=transfer_id, side="to")
    found = await find_limits(tx, node_id=taken.to_id)
    limits = Limits(found.four_eyes_units, found.four_eyes_minor)
    made = await transfers_short.close(tx, taken=taken, reason=short.reason, limits=limits)
    await put_audit(
        tx, verb="close_transfer", subject="transfer", subject_id=transfer_id,
        facts={
            "document_id": made.document_id, "adjustment_id": made.adjustment_id,
            "reason": short.reason,
        },
    )  # fmt: skip
    return await transfers_views.get_transfer(tx, transfer_id=transfer_id)
