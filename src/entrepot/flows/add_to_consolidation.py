"""Add parcels to a draft: all of those named, or none; the draft is priced anew."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.consolidation import operations, queries
from entrepot.consolidation.repricing import reprice
from entrepot.consolidation.rules import faults, shown
from entrepot.consolidation.types import (
    MOST_PARCELS,
    Candidate,
    Consolidation,
    DraftParcel,
    MoreParcels,
)
from entrepot.consolidation.viewing import show
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.kernel.refusals import Conflict
from entrepot.parcels.queries import unknown_parcel
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="consolidations:change", callers=(Staff, ApiKey, Shopper))
async def add_to_consolidation(
    tx: Tx, *, consolidation_id: UUID, more: MoreParcels
) -> Consolidation:
    """The draft as it is then. Adding what is in it changes nothing.

    Raises NotFound for a parcel that is unknown or not the customer's, Conflict
    `parcels_not_eligible` with every reason, `too_many_parcels`, or `wrong_state`.
    """
    head = await operations.take(tx, consolidation_id=consolidation_id)
    held = {row.parcel_id for row in await queries.list_claimed(tx, consolidation_id=head.id)}
    wanted = [parcel_id for parcel_id in dict.fromkeys(more.parcels) if parcel_id not in held]
    if not wanted:
        return await show(tx, consolidation_id=head.id)
    if len(held) + len(wanted) > MOST_PARCELS:
        raise Conflict("a draft holds no more", code="too_many_parcels", most=MOST_PARCELS)
    await _check(tx, head, wanted, more)
    got = await operations.claim(tx, consolidation_id=head.id, parcel_ids=wanted, asked=True)
    if len(got) < len(wanted):
        await _check(tx, head, wanted, more)
        raise Conflict("somebody was faster", code="parcels_not_eligible")
    facts: dict[str, object] = {"parcels": sorted(got)}
    await operations.record(tx, head, "parcels_added", facts, first=False)
    await reprice(tx, consolidation_id=head.id)
    await put_audit(
        tx,
        verb="add_to_consolidation",
        subject="consolidation",
        subject_id=head.id,
        facts=facts,
    )
    return await show(tx, consolidation_id=head.id)


async def _check(tx: Tx, head: queries.Head, wanted: list[UUID], more: MoreParcels) -> None:
    """Raises NotFound or Conflict unless every wanted parcel may join."""
    found: list[Candidate] = [
        one
        for one in await queries.list_candidates(
            tx, customer_id=head.customer_id, warehouse=head.warehouse, named=wanted
        )
        if one.id in set(wanted)
    ]
    if len(found) < len(wanted):
        raise unknown_parcel()
    rules = await queries.get_rules(tx)
    seen: list[DraftParcel] = [
        shown(one, warehouse=head.warehouse, rules=rules, overdue=more.overdue, asked=True)
        for one in found
    ]
    if any(parcel.reasons for parcel in seen):
        raise Conflict(
            "some of these parcels cannot go", code="parcels_not_eligible", errors=faults(seen)
        )
