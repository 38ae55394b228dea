"""Periods in the office: what was frozen, what came too late, closing and opening again."""

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.close_period import close_period
from entrepot.flows.list_late_entries import list_late_entries
from entrepot.flows.list_period_balances import list_period_balances
from entrepot.flows.list_periods import list_periods
from entrepot.flows.reopen_period import reopen_period
from entrepot.kernel.refusals import Refusal
from entrepot.platform.documents import convert
from entrepot.reconciliation.types import Closing
from entrepot.web import reconciliation_words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.files import csv_file
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.reconciliation_pages import HOME
from entrepot.web.refusals import SHOWN, by_field
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit

_PERIODS, _LINES, _LATE = 24, 100, 50
_EXPORTED = 100_000
_HOME = f"{HOME}/periods"


@get("/admin/reconciliation/periods")
async def periods(deps: Deps, visit: Visiting) -> Response[str]:
    """Periods, newest first, and the form to close the next."""
    return await _periods(deps, visit)


async def _periods(
    deps: Site, visit: Visit, *, refusal: Refusal | None = None, given: Form | None = None
) -> Response[str]:
    return page(
        visit,
        "admin/periods.html",
        deps=deps,
        rows=await list_periods(deps.db, staff_of(visit), before=None, most=_PERIODS),
        closes=visit.allowed("reconciliation:close"),
        names=reconciliation_words,
        refusal=refusal,
        given=given.fields if given else {},
        errors=by_field(visit, refusal),
    )


@post("/admin/reconciliation/periods")
async def close(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Close a period up to the beginning of a day, UTC; or open the last one again."""
    form = await read_form(request)
    by, stamp = staff_of(visit), stamp_of(request, form)
    try:
        if form.text("reopen"):
            await reopen_period(deps.db, by, stamp, code=form.text("reopen")[:30])
        else:
            wanted = {"code": form.text("code"), "until": f"{form.text('until')}T00:00:00Z"}
            await close_period(deps.db, by, stamp, new=convert(wanted, Closing))
    except SHOWN as refusal:
        return await _periods(deps, visit, refusal=refusal, given=form)
    return see_other(visit, f"{visit.base}/{_HOME}")


@get("/admin/reconciliation/periods/{code:str}")
async def period(
    deps: Deps, visit: Visiting, code: FromPath[str], after: FromQuery[str] = ""
) -> Response[str]:
    """One period: its frozen balances, and what came too late for it."""
    by = staff_of(visit)
    lines = await list_period_balances(
        deps.db, by, code=code, node=None, sku=None, after=after[:400], most=_LINES
    )
    return page(
        visit,
        "admin/period.html",
        deps=deps,
        code=code,
        lines=lines,
        late=await list_late_entries(deps.db, by, code=code, after="", most=_LATE),
        names=reconciliation_words,
        next_after=lines[-1].cursor if len(lines) == _LINES else None,
    )


@get("/admin/reconciliation/periods/{code:str}/export")
async def export(deps: Deps, visit: Visiting, code: FromPath[str]) -> Response[bytes]:
    """The frozen balances of a period as CSV."""
    rows = await list_period_balances(
        deps.db, staff_of(visit), code=code, node=None, sku=None, after="", most=_EXPORTED
    )
    return csv_file(
        "period", ("sku", "node", "place", "lot", "owner", "status", "opening", "moved_in",
                   "moved_out", "late", "closing"),
        [(r.sku, r.node, r.place, r.lot, r.owner, r.status, r.opening, r.moved_in, r.moved_out,
          r.late, r.closing) for r in rows],
    )  # fmt: skip


PERIOD_PAGES = [periods, close, period, export]
