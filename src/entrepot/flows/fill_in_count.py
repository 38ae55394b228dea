"""Fill in a count: what was seen at the bin; what the rules let pass is posted at once."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.counts import operations, queries
from entrepot.counts.types import CountSummary, FilledSheet
from entrepot.flows.approve_count import post_differences
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="counts:count", callers=(Staff, ApiKey))
async def fill_in_count(tx: Tx, *, count_id: UUID, sheet: FilledSheet) -> CountSummary:
    """The sheet as it stands now: closed, to be counted again, or waiting for a decision.

    Raises Invalid naming every line that cannot be counted here, Conflict (`wrong_state`) when
    no round is open.
    """
    scope = scope_of(tx.principal).warehouses
    taken = await operations.take_count(tx, count_id=count_id, warehouses=scope)
    verdict = await operations.fill_in(tx, taken=taken, sheet=sheet)
    if verdict == "approve":
        done = await operations.take_count(tx, count_id=count_id, warehouses=scope)
        await post_differences(tx, done)
        await operations.close(tx, taken=done, verb="approve")
    await put_audit(
        tx,
        verb="fill_in_count",
        subject="count",
        subject_id=count_id,
        facts={"round": taken.round, "verdict": verdict},
    )
    return await queries.get_summary(tx, count_id=count_id, warehouses=scope)
