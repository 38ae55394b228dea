"""What waits for the reader: what others asked for, counts that differ, goods that are late; and
what of the reader's own waits for others."""

from datetime import datetime

import msgspec

from entrepot.flows.get_count import get_count
from entrepot.flows.list_adjustments import list_adjustments
from entrepot.flows.list_asns import list_asns
from entrepot.flows.list_counts import list_counts
from entrepot.flows.list_differences import list_differences
from entrepot.flows.list_transfers import list_transfers
from entrepot.stock.adjustment_types import AdjustmentSummary
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


class Waits(msgspec.Struct, frozen=True):
    """What the reader may decide, and what of the reader's own others have to."""

    mine: list[Waiting]
    others: list[Waiting]


async def waits_of(deps: Site, visit: Visit) -> Waits:
    """A few of each kind; nobody is asked to decide what they asked for themselves."""
    adjustments, counts = await _adjustments(deps, visit), await _counts(deps, visit)
    late, different = await _late(deps, visit), await _different(deps, visit)
    return Waits(
        mine=[*adjustments.mine, *counts.mine, *late, *different],
        others=[*adjustments.others, *counts.others],
    )


async def _adjustments(deps: Site, visit: Visit) -> Waits:
    """Requests above a limit, what will not come of a transfer among them."""
    if not visit.allowed("stock:read"):
        return Waits([], [])
    by = staff_of(visit)
    rows = await list_adjustments(
        deps.db, by, node=None, state="requested", before=None, most=_LOOKED_AT
    )
    may = visit.allowed("stock:approve")
    return Waits(
        mine=[_asked(visit, row) for row in rows if may and row.asked_by != by.actor][:_FEW],
        others=[_asked(visit, row) for row in rows if row.asked_by == by.actor][:_FEW],
    )


def _asked(visit: Visit, row: AdjustmentSummary) -> Waiting:
    cause = visit.say(lot_words.CAUSE.get(row.cause, row.cause))
    return Waiting(f"/admin/adjustments/{row.id}", f"{cause} · {row.units}", row.node, row.asked_at)


async def _counts(deps: Site, visit: Visit) -> Waits:
    """Counts that differ; above the limit nobody who counted decides."""
    if not visit.allowed("counts:read"):
        return Waits([], [])
    by, may = staff_of(visit), visit.allowed("counts:approve")
    found = Waits([], [])
    for status in ("counted", "recount"):
        rows = await list_counts(deps.db, by, status=status, most=_LOOKED_AT)
        for row in [row for row in rows if row.asked][: _FEW * 2]:
            one = await get_count(deps.db, by, count_id=row.id)
            counted = by.actor in one.counters
            title = visit.say("Count %(bin)s", bin=one.bin)
            entry = Waiting(f"/staff/counts/{one.id}", title, one.warehouse, one.opened_at)
            if may and not (counted and one.other_eyes):
                found.mine.append(entry)
            elif counted:
                found.others.append(entry)
    return Waits(found.mine[:_FEW], found.others[:_FEW])


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
