"""The reconciliation in the office: do the books agree, where not, and since when."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.correct_difference import correct_difference
from entrepot.flows.correct_drift import correct_drift
from entrepot.flows.list_differences import list_differences
from entrepot.flows.list_drifts import list_drifts
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_reconciliations import list_reconciliations
from entrepot.flows.reconcile import reconcile
from entrepot.kernel.refusals import NotFound, Refusal
from entrepot.platform.documents import convert
from entrepot.reconciliation.types import Difference, NewRun
from entrepot.web import reconciliation_words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.files import csv_file
from entrepot.web.forms import read_form, stamp_of
from entrepot.web.refusals import SHOWN
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit

_RUNS, _PAGE, _MOVES, _EXPORTED = 30, 100, 50, 10_000
HOME = "admin/reconciliation"


@get("/admin/reconciliation")
async def overview(
    deps: Deps, visit: Visiting, before: FromQuery[UUID | None] = None
) -> Response[str]:
    """Runs with what they found, and what is open."""
    return await _overview(deps, visit, before=before)


async def _overview(
    deps: Site, visit: Visit, *, before: UUID | None = None, refusal: Refusal | None = None
) -> Response[str]:
    by = staff_of(visit)
    rows = await list_differences(deps.db, by, state="open", before=before, most=_PAGE)
    sees_feeds = visit.allowed("feeds:read")
    return page(
        visit,
        "admin/reconciliation.html",
        deps=deps,
        runs=await list_reconciliations(deps.db, by, before=None, most=_RUNS),
        rows=rows,
        drifts=await list_drifts(
            deps.db, by, node=None, feed=None, state="open", before=None, most=_PAGE
        ) if sees_feeds else [],
        repairs=visit.allowed("reconciliation:repair"),
        names=reconciliation_words,
        refusal=refusal,
        next_before=rows[-1].id if len(rows) == _PAGE else None,
    )  # fmt: skip


@post("/admin/reconciliation")
async def start(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Compare now."""
    form = await read_form(request)
    try:
        new = convert(form.given("mode"), NewRun)
        await reconcile(deps.db, staff_of(visit), stamp_of(request, form), new=new)
    except SHOWN as refusal:
        return await _overview(deps, visit, refusal=refusal)
    return see_other(visit, f"{visit.base}/{HOME}")


async def _difference(deps: Site, visit: Visit, difference_id: UUID) -> Difference:
    found = await list_differences(
        deps.db, staff_of(visit), difference_id=difference_id, most=1
    )  # fmt: skip
    if not found:
        raise NotFound("there is no such difference", code="no_such_page")
    return found[0]


@get("/admin/reconciliation/differences/{difference_id:uuid}")
async def difference(deps: Deps, visit: Visiting, difference_id: FromPath[UUID]) -> Response[str]:
    """One difference with the movements of its SKU."""
    return await _shown(deps, visit, difference_id)


async def _shown(
    deps: Site, visit: Visit, difference_id: UUID, refusal: Refusal | None = None
) -> Response[str]:
    one = await _difference(deps, visit, difference_id)
    moves = await list_movements(
        deps.db, staff_of(visit), sku=one.sku, reference=None, before=None, most=_MOVES
    )
    return page(
        visit,
        "admin/difference.html",
        deps=deps,
        one=one,
        moves=moves,
        repairs=visit.allowed("reconciliation:repair"),
        names=reconciliation_words,
        refusal=refusal,
    )


@post("/admin/reconciliation/differences/{difference_id:uuid}")
async def correct(
    request: PageRequest, deps: Deps, visit: Visiting, difference_id: FromPath[UUID]
) -> Response[str]:
    """Correct it, once."""
    form = await read_form(request)
    try:
        await correct_difference(
            deps.db, staff_of(visit), stamp_of(request, form), difference_id=difference_id
        )
    except SHOWN as refusal:
        if refusal.code == "unknown_difference":
            raise
        return await _shown(deps, visit, difference_id, refusal)
    return see_other(visit, f"{visit.base}/{HOME}/differences/{difference_id}")


@post("/admin/reconciliation/drifts/{drift_id:uuid}")
async def correct_one_drift(
    request: PageRequest, deps: Deps, visit: Visiting, drift_id: FromPath[UUID]
) -> Response[str]:
    """Post the correction of a feed's drift, once."""
    form = await read_form(request)
    try:
        await correct_drift(deps.db, staff_of(visit), stamp_of(request, form), drift_id=drift_id)
    except SHOWN as refusal:
        if refusal.code == "unknown_drift":
            raise
        return await _overview(deps, visit, refusal=refusal)
    return see_other(visit, f"{visit.base}/{HOME}")


@get("/admin/reconciliation/export/{what:str}")
async def export(deps: Deps, visit: Visiting, what: FromPath[str]) -> Response[bytes]:
    """Runs or open differences as CSV."""
    by = staff_of(visit)
    if what == "runs":
        runs = await list_reconciliations(deps.db, by, before=None, most=1000)
        return csv_file(
            "runs", ("began_at", "mode", "documents", "found", "fresh", "gone", "drifts",
                     "violations", "took_ms"),
            [(r.began_at, r.mode, r.documents, r.found, r.fresh, r.gone, r.drifts, r.violations,
              r.took_ms) for r in runs],
        )  # fmt: skip
    if what != "differences":
        raise NotFound("there is no such file", code="no_such_page")
    rows = await list_differences(deps.db, by, state="open", most=_EXPORTED)
    return csv_file(
        "differences", ("kind", "sku", "place", "lot", "owner", "status", "told", "found",
                        "amount", "cause", "first_seen"),
        [(d.kind, d.sku, d.place, d.lot, d.owner, d.status, d.told, d.found, d.amount, d.cause,
          d.first_seen) for d in rows],
    )  # fmt: skip


RECONCILIATION_PAGES = [overview, start, difference, correct, correct_one_drift, export]
