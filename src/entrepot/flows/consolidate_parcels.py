"""One click: a customer's parcels that may go become one draft; the others are told with reasons.

The draft claims its parcels and moves none. Who comes second for the same parcels is refused.
"""

from collections.abc import Sequence
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
    NewConsolidation,
)
from entrepot.consolidation.viewing import show
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.kernel.refusals import Conflict
from entrepot.nodes.queries import get_place
from entrepot.parcels.operations import customer_meant
from entrepot.parcels.queries import unknown_parcel
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="consolidations:create", callers=(Staff, ApiKey, Shopper))
async def consolidate_parcels(tx: Tx, *, new: NewConsolidation) -> Consolidation:
    """The draft with its prices. With `parcels`, all of those or none.

    Raises NotFound for a customer, warehouse or parcel that is unknown or not the caller's,
    Conflict `parcels_not_eligible` when a named parcel may not join, and `nothing_eligible` when
    none may; `errors` then has every reason of every parcel.
    """
    customer = await customer_meant(tx, customer_id=new.customer_id, suite_code=None)
    place = await get_place(tx, code=new.warehouse, warehouses=scope_of(tx.principal).warehouses)
    candidates = await queries.list_candidates(
        tx, customer_id=customer.id, warehouse=new.warehouse, named=new.parcels or ()
    )
    wanted, seen = await _wanted(tx, new, candidates)
    to = new.destination or await queries.find_last_destination(tx, customer_id=customer.id)
    consolidation_id = new_id(tx.now)
    await operations.open_draft(
        tx, consolidation_id=consolidation_id, customer_id=customer.id, node_id=place.node_id, to=to
    )
    got = await operations.claim(
        tx,
        consolidation_id=consolidation_id,
        parcel_ids=wanted,
        asked=new.parcels is not None,
    )
    if not got or (new.parcels is not None and len(got) < len(wanted)):
        raise await _taken(tx, new, customer.id, seen)
    head = await queries.get_head(tx, consolidation_id=consolidation_id)
    facts: dict[str, object] = {"number": head.number, "parcels": sorted(got)}
    await operations.record(tx, head, "drafted", facts, first=True)
    await reprice(tx, consolidation_id=consolidation_id)
    await put_audit(
        tx,
        verb="consolidate_parcels",
        subject="consolidation",
        subject_id=consolidation_id,
        facts=facts,
    )
    return await show(tx, consolidation_id=consolidation_id)


async def _wanted(
    tx: Tx, new: NewConsolidation, candidates: Sequence[Candidate]
) -> tuple[list[UUID], list[DraftParcel]]:
    """The parcels that shall join, and all that were looked at."""
    rules = await queries.get_rules(tx)
    named = None if new.parcels is None else set(new.parcels)
    if named is not None and not named <= {one.id for one in candidates}:
        raise unknown_parcel()
    seen = [
        shown(
            one, warehouse=new.warehouse, rules=rules, overdue=new.overdue, asked=named is not None
        )
        for one in candidates
        if named is None or one.id in named
    ]
    fit = [parcel.id for parcel in seen if not parcel.reasons]
    if named is not None and len(fit) < len(named):
        raise Conflict(
            "some of these parcels cannot go", code="parcels_not_eligible", errors=faults(seen)
        )
    if not fit:
        raise _nothing(seen)
    return fit[:MOST_PARCELS], seen


def _nothing(seen: Sequence[DraftParcel]) -> Conflict:
    held = next((parcel.draft for parcel in seen if parcel.draft is not None), None)
    return Conflict(
        "no parcel can go now",
        code="nothing_eligible",
        errors=faults(seen),
        consolidation=None if held is None else held.code,
        consolidation_id=None if held is None else str(held.id),
    )


async def _taken(
    tx: Tx, new: NewConsolidation, customer_id: UUID, seen: Sequence[DraftParcel]
) -> Conflict:
    """Somebody was faster: which draft holds what, as far as the caller may see it."""
    rules = await queries.get_rules(tx)
    looked_at = {parcel.id for parcel in seen}
    again = [
        shown(one, warehouse=new.warehouse, rules=rules, asked=new.parcels is not None)
        for one in await queries.list_candidates(
            tx, customer_id=customer_id, warehouse=new.warehouse, named=list(looked_at)
        )
        if one.id in looked_at
    ]
    if new.parcels is None:
        return _nothing(again)
    return Conflict(
        "some of these parcels cannot go", code="parcels_not_eligible", errors=faults(again)
    )
