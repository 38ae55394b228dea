"""Counts on the phone: which bins to count, one sheet, and for the office what came of it."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.counts.types import Count, CountSummary, NewCount, NewCountPlan
from entrepot.flows.approve_count import approve_count
from entrepot.flows.begin_count import begin_count
from entrepot.flows.fill_in_count import fill_in_count
from entrepot.flows.get_count import get_count
from entrepot.flows.list_counts_to_walk import list_counts_to_walk
from entrepot.flows.open_count import open_count
from entrepot.flows.plan_counts import plan_counts
from entrepot.flows.reject_count import reject_count
from entrepot.kernel.refusals import NotFound, Refusal
from entrepot.nodes.types import Node
from entrepot.platform.documents import convert
from entrepot.web.answers import page, see_other
from entrepot.web.count_sheets import read_lines
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of, told_number
from entrepot.web.found_by_scan import NOT_SCANNED, Scan, names_of_skus, scanned
from entrepot.web.refusals import SHOWN_OR_FORBIDDEN, beside_form
from entrepot.web.staff_pages import choose_first, chosen_here, here, staff_of, warehouses_of
from entrepot.web.typed_lines import line_faults
from entrepot.web.visits import PageRequest, Visit

_PAGE = 50


@get("/staff/counts")
async def counts(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    after: FromQuery[UUID | None] = None,
    planned: FromQuery[str] = "",
    code: FromQuery[str] = "",
) -> Response[str]:
    """The live sheets of the warehouse where this device stands, along its bins; `code`: what was
    scanned to find one."""
    node = await here(request, deps, visit)
    if node is None:
        return choose_first(visit)
    wanted = scanned(code)
    if not wanted:
        return await _list(deps, visit, node, after=after, planned=told_number(planned, digits=3))
    found = await list_counts_to_walk(
        deps.db, staff_of(visit), warehouse=node.code, most=_PAGE, code=wanted
    )
    if len(found) == 1:
        return see_other(visit, f"{visit.base}/staff/counts/{found[0].id}")
    return await _list(deps, visit, node, scan=Scan(wanted, len(found)), found=found)


async def _list(
    deps: Site,
    visit: Visit,
    node: Node,
    *,
    after: UUID | None = None,
    planned: int | None = None,
    refusal: Refusal | None = None,
    given: Form | None = None,
    scan: Scan = NOT_SCANNED,
    found: Sequence[CountSummary] = (),
) -> Response[str]:
    sheets = found or await list_counts_to_walk(
        deps.db, staff_of(visit), warehouse=node.code, after=after, most=_PAGE
    )
    return page(
        visit,
        "staff/counts.html",
        deps=deps,
        warehouse=node,
        sheets=sheets,
        scan=scan,
        names=await names_of_skus(deps, visit, [one.sku for one in sheets if one.sku]),
        planned=planned,
        refusal=refusal,
        given=given.fields if given else {},
        next_url=f"{visit.path}?after={sheets[-1].id}"
        if not found and len(sheets) == _PAGE
        else None,
    )


@post("/staff/counts")
async def open_sheet(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Open a sheet for one bin, or all sheets that a rule asks for."""
    form = await read_form(request)
    node = await chosen_here(request, deps, visit)
    by, stamp = staff_of(visit), stamp_of(request, form)
    wanted = {"warehouse": node.code, **form.given("what", "rule")}
    try:
        if form.text("rule"):
            opened = await plan_counts(deps.db, by, stamp, plan=convert(wanted, NewCountPlan))
            return see_other(visit, f"{visit.base}/staff/counts?planned={len(opened.opened)}")
        wanted |= form.given("bin", "sku")
        sheet = await open_count(deps.db, by, stamp, new=convert(wanted, NewCount))
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _list(deps, visit, node, refusal=refusal, given=form)
    return see_other(visit, f"{visit.base}/staff/counts/{sheet.id}")


@get("/staff/counts/{count_id:uuid}")
async def sheet(deps: Deps, visit: Visiting, count_id: FromPath[UUID]) -> Response[str]:
    """One sheet: begin, fill in, or what came of it."""
    return await _sheet(deps, visit, count_id)


async def _sheet(
    deps: Site,
    visit: Visit,
    count_id: UUID,
    *,
    refusal: Refusal | None = None,
    typed: str = "",
) -> Response[str]:
    count = await get_count(deps.db, staff_of(visit), count_id=count_id)
    nodes = {node.code: node.zone for node in await warehouses_of(deps, staff_of(visit))}
    return page(
        visit,
        "staff/count.html",
        deps=deps,
        count=count,
        names=await names_of_skus(deps, visit, _skus_of(count)),
        zone=nodes.get(count.warehouse, visit.house_of.zone),
        counting=_is_open(count) and count.begun_at is not None,
        to_begin=_is_open(count) and count.begun_at is None,
        decides=visit.allowed("counts:approve"),
        refusal=refusal,
        faults=line_faults(visit, refusal, typed),
        typed=typed,
    )


def _skus_of(count: Count) -> list[str]:
    return [sku for sku in (count.sku, *(line.sku for line in count.lines)) if sku]


def _is_open(count: Count) -> bool:
    return count.status == "open" or (count.status == "recount" and not count.asked)


@post("/staff/counts/{count_id:uuid}/{step:str}")
async def take_step(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    count_id: FromPath[UUID],
    step: FromPath[str],
) -> Response[str]:
    """Begin, fill in, approve or reject."""
    form = await read_form(request)
    by, stamp, typed = staff_of(visit), stamp_of(request, form), form.raw.get("lines", "")
    try:
        if step == "sheet":
            what = (await get_count(deps.db, by, count_id=count_id)).what
            filled = read_lines(typed, what)
            await fill_in_count(deps.db, by, stamp, count_id=count_id, sheet=filled)
        elif step in _STEPS:
            await _STEPS[step](deps.db, by, stamp, count_id=count_id)
        else:
            raise NotFound("there is no such step", code="no_such_page")
    except Refusal as refusal:
        if not beside_form(refusal, "unknown_count"):
            raise
        return await _sheet(deps, visit, count_id, refusal=refusal, typed=typed)
    return see_other(visit, f"{visit.base}/staff/counts/{count_id}")


_STEPS = {"begin": begin_count, "approve": approve_count, "reject": reject_count}

COUNT_PAGES = [counts, open_sheet, sheet, take_step]
