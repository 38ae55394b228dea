"""What waits for the reader: what others asked for, counts that differ, goods that are late."""

from datetime import datetime

import msgspec

from entrepot.flows.list_adjustments import list_adjustments
from entrepot.flows.list_asns import list_asns
from entrepot.flows.list_counts import list_counts
from entrepot.flows.list_differences import list_differences
from entrepot.flows.list_transfers import list_transfers
from entrepot.web import lot_words
from entrepot.web.deps import Site
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import Visit

_FEW = 5
_LOOKED_AT = 50


class Waiting(msgspec.Struct, frozen=True):
    """Something to decide; `url` behind the house's own."""

    url: str
    title: str
    where: str
    since: datetime


async def decisions_of(deps: Site, visit: Visit) -> list[Waiting]:
    """A few of each kind that the reader may decide; nobody is shown their own requests."""
    by = staff_of(visit)
    found = []
    if visit.allowed("stock:approve") and visit.allowed("stock:read"):
        rows = await list_adjustments(
            deps.db, by, node=None, state="requested", before=None, most=_FEW * 2
        )
        found += [
            Waiting(
                f"/admin/adjustments/{row.id}",
                f"{visit.say(lot_words.CAUSE.get(row.cause, row.cause))} · {row.units}",
                row.node,
                row.asked_at,
            )
            for row in rows
            if row.asked_by != by.actor
        ][:_FEW]
    if visit.allowed("counts:approve") and visit.allowed("counts:read"):
        counts = await list_counts(deps.db, by, live=True, most=_LOOKED_AT)
        found += [
            Waiting(
                f"/staff/counts/{one.id}",
                visit.say("Count %(bin)s", bin=one.bin),
                one.warehouse,
                one.opened_at,
            )
            for one in counts
            if one.asked
        ][:_FEW]
    return [*found, *await _late(deps, visit), *await _different(deps, visit)]


async def _late(deps: Site, visit: Visit) -> list[Waiting]:
    """Goods that should be here: transfers under way and ASNs, the longest late first."""
    if not visit.allowed("stock:read"):
        return []
    by, now = staff_of(visit), deps.clock()
    transfers = await list_transfers(deps.db, by, overdue=True, most=_FEW)
    announced = await list_asns(deps.db, by, live=True, most=_LOOKED_AT)
    found = [
        Waiting(
            f"/admin/transfers/{one.id}",
            visit.say("Transfer %(code)s is late", code=one.code),
            f"{one.from_} → {one.to_}",
            one.expected_at,
        )
        for one in transfers
        if one.expected_at is not None
    ]
    found += [
        Waiting(
            f"/admin/arrivals/{one.id}",
            visit.say("Delivery %(reference)s is late", reference=one.reference),
            one.node,
            one.expected_at,
        )
        for one in announced
        if one.expected_at < now
    ]
    return sorted(found, key=lambda one: one.since)[:_FEW]


async def _different(deps: Site, visit: Visit) -> list[Waiting]:
    """Differences of the books that nobody has corrected yet."""
    if not visit.allowed("reconciliation:read"):
        return []
    rows = await list_differences(deps.db, staff_of(visit), state="open", most=_FEW)
    return [
        Waiting(
            "/admin/reconciliation",
            visit.say("The books differ: %(sku)s", sku=row.sku),
            row.place or row.node or "",
            row.first_seen,
        )
        for row in rows
    ]
