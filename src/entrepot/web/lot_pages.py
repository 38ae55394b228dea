"""Lots, serials and recalls in the office: trace both ways, call back, who received what."""

from datetime import date, timedelta
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.close_recall import close_recall
from entrepot.flows.export_recipients import export_recipients
from entrepot.flows.find_goods_named import find_goods_named
from entrepot.flows.get_recall import get_recall
from entrepot.flows.list_lots import list_lots
from entrepot.flows.list_recalls import list_recalls
from entrepot.flows.list_recipients import list_recipients
from entrepot.flows.name_actors import name_actors
from entrepot.flows.open_recall import open_recall
from entrepot.flows.trace_goods import trace_goods
from entrepot.flows.trace_reference import trace_reference
from entrepot.kernel.refusals import FieldError, Invalid, Refusal
from entrepot.platform.documents import convert
from entrepot.stock.lots.recall_types import NewRecall, RecallOutcome
from entrepot.stock.lots.types import LotRow
from entrepot.web import lot_words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.files import file_answer, kind_of
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.refusals import SHOWN_OR_FORBIDDEN, beside_form
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit

_PAGE = 50
_SOON = timedelta(days=30)
_CALLED_BACK = ("reference", "cause", "sku", "lots", "expires_from", "expires_until")


@get("/admin/lots")
async def lots(
    deps: Deps,
    visit: Visiting,
    search: FromQuery[str] = "",
    after_sku: FromQuery[str] = "",
    after_lot: FromQuery[str] = "",
) -> Response[str]:
    """A lot, a serial or a reference by its name; without one, lots that expire soon."""
    by, name = staff_of(visit), search.strip()[:80]
    rows: list[LotRow] = []
    if not name:
        rows = await list_lots(
            deps.db, by, expires_until=(deps.clock() + _SOON).date(), lying=True,
            after=(after_sku[:40], after_lot[:60]), most=_PAGE,
        )  # fmt: skip
    named = await find_goods_named(deps.db, by, name=name) if name else []
    lines = (
        await trace_reference(deps.db, by, reference=name, before=None, most=_PAGE) if name else []
    )
    return page(
        visit,
        "admin/lots.html",
        deps=deps,
        search=name,
        rows=rows,
        named=named,
        lines=lines,
        told=lot_words.ALL,
        zone=visit.house_of.zone,
        last=rows[-1] if len(rows) == _PAGE else None,
    )


@get("/admin/trace")
async def trace(
    deps: Deps,
    visit: Visiting,
    sku: FromQuery[str] = "",
    lot: FromQuery[str] = "",
    serial: FromQuery[str] = "",
    before: FromQuery[UUID | None] = None,
) -> Response[str]:
    """A lot or a serial both ways."""
    found = await trace_goods(
        deps.db, staff_of(visit), sku=sku[:40], lot=lot[:60] or None, serial=serial[:60] or None,
        before=before, most=_PAGE,
    )  # fmt: skip
    return page(
        visit,
        "admin/trace.html",
        deps=deps,
        found=found,
        told=lot_words.ALL,
        zone=visit.house_of.zone,
    )


@get("/admin/recalls")
async def recalls(
    deps: Deps, visit: Visiting, before: FromQuery[UUID | None] = None,
    sku: FromQuery[str] = "", lot: FromQuery[str] = "",
) -> Response[str]:  # fmt: skip
    """Recalls, and the form that opens one."""
    return await _recalls(deps, visit, before=before, given={"sku": sku[:40], "lot": lot[:60]})


async def _recalls(
    deps: Site,
    visit: Visit,
    *,
    before: UUID | None = None,
    refusal: Refusal | None = None,
    given: dict[str, str],
    lots: str = "",
) -> Response[str]:
    by = staff_of(visit)
    rows = await list_recalls(deps.db, by, state=None, before=before, most=_PAGE)
    errors, faults = lot_words.at_fields(visit, refusal, _CALLED_BACK, lot="lots")
    return page(
        visit,
        "admin/recalls.html",
        deps=deps,
        rows=rows,
        told=lot_words.ALL,
        refusal=refusal,
        told_by=lot_words.in_words,
        errors=errors,
        faults=faults,
        given=given,
        lots=lots or given.get("lot", ""),
        zone=visit.house_of.zone,
        next_url=f"{visit.path}?before={rows[-1].id}" if len(rows) == _PAGE else None,
    )


@post("/admin/recalls")
async def call_back(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Open a recall of the lots of one SKU, one a line, or of its days of expiry."""
    form = await read_form(request)
    try:
        wanted = {**form.given("reference", "cause"), "lines": _lines(form)}
        made = await open_recall(
            deps.db, staff_of(visit), stamp_of(request, form), new=convert(wanted, NewRecall)
        )
    except SHOWN_OR_FORBIDDEN as refusal:
        typed = form.raw.get("lots", "")
        return await _recalls(deps, visit, refusal=refusal, given=form.fields, lots=typed)
    return see_other(visit, f"{visit.base}/admin/recalls/{made.id}")


def _lines(form: Form) -> list[dict[str, str]]:
    sku = form.given("sku")
    named = [lot.strip() for lot in form.raw.get("lots", "").splitlines() if lot.strip()]
    days = form.given("expires_from", "expires_until")
    if not named and not days:
        missing = FieldError("lots", "lots_or_days", "name lots, or days of expiry")
        raise Invalid("which goods are called back?", errors=[missing])
    first, last = (day_of(days.get(name, "")) for name in ("expires_from", "expires_until"))
    if first and last and first > last:
        wrong = FieldError("expires_until", "ends_first", "must not be before the first day")
        raise Invalid("the last day is before the first", errors=[wrong])
    lines = [sku | {"lot": lot} for lot in named]
    return [*lines, sku | days] if days or not lines else lines


@get("/admin/recalls/{recall_id:uuid}")
async def recall(
    deps: Deps, visit: Visiting, recall_id: FromPath[UUID], after: FromQuery[int] = 0
) -> Response[str]:
    """One recall: its lots, where they lie, who received how much."""
    return await _recall(deps, visit, recall_id, after=after)


async def _recall(
    deps: Site, visit: Visit, recall_id: UUID, *, after: int = 0, refusal: Refusal | None = None
) -> Response[str]:
    by, start = staff_of(visit), min(max(after, 0), 10**9)
    found = await get_recall(deps.db, by, recall_id=recall_id)
    gone = await list_recipients(deps.db, by, recall_id=recall_id, after=start, most=_PAGE)
    actors = [actor for actor in (found.opened_by, found.closed_by) if actor]
    return page(
        visit,
        "admin/recall.html",
        deps=deps,
        one=found,
        gone=gone,
        names=await name_actors(deps.db, by, actors=actors),
        told=lot_words.ALL,
        refusal=refusal,
        told_by=lot_words.in_words,
        zone=visit.house_of.zone,
        next_url=f"{visit.base}/admin/recalls/{recall_id}?after={start + _PAGE}"
        if len(gone) == _PAGE
        else None,
    )


@get("/admin/recalls/{recall_id:uuid}/{form:str}")
async def take_along(
    deps: Deps, visit: Visiting, recall_id: FromPath[UUID], form: FromPath[str]
) -> Response[bytes]:
    """Who received how much, as a file."""
    kind = kind_of(form)
    made = await export_recipients(deps.db, staff_of(visit), recall_id=recall_id, form=kind)
    return file_answer(made, name="recall", kind=kind)


@post("/admin/recalls/{recall_id:uuid}/close")
async def end(
    request: PageRequest, deps: Deps, visit: Visiting, recall_id: FromPath[UUID]
) -> Response[str]:
    """End a recall."""
    form = await read_form(request)
    try:
        await close_recall(
            deps.db, staff_of(visit), stamp_of(request, form), recall_id=recall_id,
            how=convert(form.given("outcome"), RecallOutcome),
        )  # fmt: skip
    except Refusal as refusal:
        if not beside_form(refusal, "unknown_recall"):
            raise
        return await _recall(deps, visit, recall_id, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/recalls/{recall_id}")


def day_of(text: str) -> date | None:
    """A day as a form's date field sends it; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


LOT_PAGES = [lots, trace, recalls, call_back, recall, take_along, end]
