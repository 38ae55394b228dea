"""Goods coming in, on the phone: what is awaited, one scan after the other, closing."""

from urllib.parse import quote
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.close_asn import close_asn
from entrepot.flows.get_asn import get_asn
from entrepot.flows.list_asns import list_asns
from entrepot.flows.receive_goods import receive_goods
from entrepot.kernel.refusals import Refusal
from entrepot.platform.documents import convert
from entrepot.stock.arrivals.types import Asn, CloseAsn, NewReceipt
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.dock_forms import acceptable, done_before, faults_of, focus_of, line_of
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.found_by_scan import Scan, names_of_skus, scanned
from entrepot.web.refusals import SHOWN_OR_FORBIDDEN, beside_form
from entrepot.web.staff_pages import choose_first, chosen_here, here, staff_of
from entrepot.web.visits import PageRequest, Visit

_PAGE = 50


@get("/staff/arrivals")
async def arrivals(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    after: FromQuery[UUID | None] = None,
    code: FromQuery[str] = "",
) -> Response[str]:
    """What is awaited at this warehouse; `code`: what was scanned to find one."""
    node = await here(request, deps, visit)
    if node is None:
        return choose_first(visit)
    by, wanted = staff_of(visit), scanned(code)
    found = []
    if wanted:
        found = await list_asns(deps.db, by, node=node.code, live=True, most=_PAGE, code=wanted)
    if len(found) == 1:
        return see_other(visit, f"{visit.base}/staff/arrivals/{found[0].id}")
    asns = found or await list_asns(deps.db, by, node=node.code, live=True, after=after, most=_PAGE)
    return page(
        visit,
        "staff/arrivals.html",
        deps=deps,
        warehouse=node,
        asns=asns,
        scan=Scan(wanted, len(found)),
        next_url=f"{visit.path}?after={asns[-1].id}" if not found and len(asns) == _PAGE else None,
    )


@get("/staff/arrivals/{asn_id:uuid}")
async def arrival(
    deps: Deps,
    visit: Visiting,
    asn_id: FromPath[UUID],
    sku: FromQuery[str] = "",
    units: FromQuery[str] = "",
) -> Response[str]:
    """One ASN: scan what lies on the dock."""
    asn = await get_asn(deps.db, staff_of(visit), asn_id=asn_id)
    return await _receive(deps, visit, asn.node, asn, done=done_before(sku, units))


@get("/staff/arrivals/receive")
async def walk_in(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    reference: FromQuery[str] = "",
    sku: FromQuery[str] = "",
    units: FromQuery[str] = "",
) -> Response[str]:
    """Goods that nobody announced."""
    node = await here(request, deps, visit)
    if node is None:
        return choose_first(visit)
    given = {"reference": reference.strip()[:80]}
    return await _receive(deps, visit, node.code, None, done=done_before(sku, units), given=given)


async def _receive(
    deps: Site,
    visit: Visit,
    node: str,
    asn: Asn | None,
    *,
    done: tuple[str, int] | None = None,
    refusal: Refusal | None = None,
    given: dict[str, str] | None = None,
) -> Response[str]:
    typed = given or {}
    lacking = asn is None and not typed.get("reference")
    return page(
        visit,
        "staff/receive.html",
        deps=deps,
        node=node,
        asn=asn,
        open=asn is None or asn.state in ("announced", "receiving"),
        done=done,
        names=await names_of_skus(deps, visit, [done[0]] if done else []),
        refusal=refusal,
        errors=faults_of(visit, refusal),
        given=typed,
        focus=focus_of(refusal, otherwise="reference" if lacking else "code"),
        acceptable=acceptable(visit, refusal),
    )


@post("/staff/arrivals/{asn_id:uuid}")
async def scan_arrival(
    request: PageRequest, deps: Deps, visit: Visiting, asn_id: FromPath[UUID]
) -> Response[str]:
    """One line of goods, counted at its ASN."""
    form = await read_form(request)
    by = staff_of(visit)
    asn = await get_asn(deps.db, by, asn_id=asn_id)
    try:
        wanted: dict[str, object] = {"node": asn.node, "asn": str(asn.id)}
        wanted["lines"] = [line_of(form)]
        return await _take(request, deps, visit, form, wanted, f"/staff/arrivals/{asn.id}?")
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _receive(deps, visit, asn.node, asn, refusal=refusal, given=form.fields)


@post("/staff/arrivals/receive")
async def scan_walk_in(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """One line of goods that nobody announced."""
    form = await read_form(request)
    node = await chosen_here(request, deps, visit)
    try:
        wanted: dict[str, object] = {
            "node": node.code,
            **form.given("reference"),
            "lines": [line_of(form)],
        }
        back = f"/staff/arrivals/receive?reference={quote(form.text('reference'), safe='')}&"
        return await _take(request, deps, visit, form, wanted, back)
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _receive(deps, visit, node.code, None, refusal=refusal, given=form.fields)


async def _take(
    request: PageRequest, deps: Site, visit: Visit, form: Form, wanted: dict[str, object], back: str
) -> Response[str]:
    wanted |= {"accept": form.text("accept") == "yes"}
    done = await receive_goods(
        deps.db, staff_of(visit), stamp_of(request, form), new=convert(wanted, NewReceipt)
    )
    line = done.lines[0]
    return see_other(visit, f"{visit.base}{back}sku={quote(line.sku, safe='')}&units={line.qty}")


@post("/staff/arrivals/{asn_id:uuid}/close")
async def close_arrival(
    request: PageRequest, deps: Deps, visit: Visiting, asn_id: FromPath[UUID]
) -> Response[str]:
    """Nothing more will come of it."""
    form = await read_form(request)
    by = staff_of(visit)
    try:
        closing = convert(form.given("reason"), CloseAsn)
        await close_asn(deps.db, by, stamp_of(request, form), asn_id=asn_id, closing=closing)
    except Refusal as refusal:
        if not beside_form(refusal, "unknown_asn"):
            raise
        asn = await get_asn(deps.db, by, asn_id=asn_id)
        return await _receive(deps, visit, asn.node, asn, refusal=refusal, given=form.fields)
    return see_other(visit, f"{visit.base}/staff/arrivals/{asn_id}")


ARRIVAL_PAGES = [arrivals, arrival, walk_in, scan_arrival, scan_walk_in, close_arrival]
