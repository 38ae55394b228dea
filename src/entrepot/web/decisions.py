"""What waits for the reader's decision: adjustments of others, counts that still differ."""

from datetime import datetime

import msgspec

from entrepot.flows.list_adjustments import list_adjustments
from entrepot.flows.list_counts import list_counts
from entrepot.web import lot_words
from entrepot.web.deps import Site
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import Visit

_FEW = 5
_COUNTS_LOOKED_AT = 50


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
        counts = await list_counts(deps.db, by, live=True, most=_COUNTS_LOOKED_AT)
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
    return found
