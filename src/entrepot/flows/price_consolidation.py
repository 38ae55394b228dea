"""Price a draft again: prices have expired, or its parcels are no longer what was priced."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.consolidation import operations, queries
from entrepot.consolidation.repricing import reprice
from entrepot.consolidation.rules import faults
from entrepot.consolidation.types import Consolidation, NewPrices
from entrepot.consolidation.viewing import contents_of, show
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.kernel.refusals import Conflict
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="consolidations:change", callers=(Staff, ApiKey, Shopper))
async def price_consolidation(tx: Tx, *, consolidation_id: UUID, new: NewPrices) -> Consolidation:
    """The draft with fresh prices.

    Raises Conflict `parcels_not_eligible` when a parcel in it cannot leave any more, unless those
    are to be left out; `wrong_state` when it is a draft no longer.
    """
    head = await operations.take(tx, consolidation_id=consolidation_id)
    bad = [parcel for parcel in (await contents_of(tx, head)).parcels if parcel.reasons]
    if bad and not new.leave_out:
        raise Conflict(
            "some of these parcels cannot go", code="parcels_not_eligible", errors=faults(bad)
        )
    if bad:
        out = [parcel.id for parcel in bad]
        await operations.release(tx, consolidation_id=head.id, parcel_ids=out)
        facts: dict[str, object] = {"parcels": out, "why": "not_eligible"}
        await operations.record(tx, head, "parcels_removed", facts, first=False)
    await reprice(tx, consolidation_id=head.id)
    priced = await queries.get_head(tx, consolidation_id=head.id)
    await operations.record(
        tx, head, "priced", {"prediction_id": priced.prediction_id}, first=False
    )
    await put_audit(
        tx,
        verb="price_consolidation",
        subject="consolidation",
        subject_id=head.id,
        facts={"left_out": [parcel.id for parcel in bad]},
    )
    return await show(tx, consolidation_id=head.id)
