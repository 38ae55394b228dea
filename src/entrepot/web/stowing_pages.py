"""Goods on the phone from the dock into their bin, and goods that customers send back."""

from urllib.parse import quote
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.list_dock import list_dock
from entrepot.flows.put_away_goods import put_away_goods
from entrepot.flows.return_goods import return_goods
from entrepot.flows.suggest_bins import suggest_bins
from entrepot.flows.undo_put_away import undo_put_away
from entrepot.kernel.refusals import Refusal
from entrepot.nodes.types import Node
from entrepot.platform.documents import convert
from entrepot.stock.arrivals.types import DockRow, NewPutAway, NewReturn
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.dock_forms import done_before, faults_of, focus_of, line_of
from entrepot.web.forms import read_form, stamp_of
from entrepot.web.found_by_scan import names_of_skus
from entrepot.web.refusals import SHOWN_OR_FORBIDDEN, beside_form
from entrepot.web.staff_pages import choose_first, chosen_here, here, staff_of
from entrepot.web.visits import PageRequest, Visit

_PAGE = 50


@get("/staff/arrivals/stow")
async def dock(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    sku: FromQuery[str] = "",
    lot: FromQuery[str] = "",
    owner: FromQuery[str] = "",
    status: FromQuery[str] = "",
    bin: FromQuery[str] = "",
    code: FromQuery[str] = "",
    movement: FromQuery[UUID | None] = None,
) -> Response[str]:
    """What lies on the dock; with `sku` where it should go. `bin` and `movement`: what was put
    away just now, and what would undo it; `code`: what was scanned on the dock."""
    node = await here(request, deps, visit)
    if node is None:
        return choose_first(visit)
    chosen = {"sku": sku[:40], "lot": lot[:60], "owner": owner[:40], "status": status[:20]}
    if code.strip():
        return await _scanned(deps, visit, node, code.strip()[:120])
    done = (sku[:40], bin[:24], movement) if bin and movement else None
    return await _dock(deps, visit, node, {} if done else chosen, done=done)


async def _scanned(deps: Site, visit: Visit, node: Node, code: str) -> Response[str]:
    """The goods that a code stands for: their bins, or which of several lots it is."""
    try:
        rows = await list_dock(deps.db, staff_of(visit), node=node.code, most=_PAGE, code=code)
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _dock(deps, visit, node, {"code": code}, refusal=refusal)
    one = rows[0]
    kind = {"sku": one.sku, "lot": one.lot, "owner": one.owner, "status": one.status}
    return await _dock(deps, visit, node, kind if len(rows) == 1 else {}, found=rows)


async def _dock(
    deps: Site,
    visit: Visit,
    node: Node,
    chosen: dict[str, str],
    *,
    done: tuple[str, str, UUID] | None = None,
    refusal: Refusal | None = None,
    found: list[DockRow] | None = None,
) -> Response[str]:
    by = staff_of(visit)
    rows = found or await list_dock(deps.db, by, node=node.code, most=_PAGE)
    row = next((row for row in rows if _is(row, chosen)), None)
    bins = []
    if row is not None:
        bins = await suggest_bins(
            deps.db, by, node=node.code, code=row.sku, qty=row.on_hand, lot=row.lot
        )
    return page(
        visit,
        "staff/stow.html",
        deps=deps,
        warehouse=node,
        rows=rows,
        several=found is not None and row is None,
        row=row,
        bins=bins,
        given=chosen,
        done=done,
        names=await names_of_skus(deps, visit, [done[0]] if done else []),
        refusal=refusal,
        errors=faults_of(visit, refusal),
    )


def _is(row: DockRow, chosen: dict[str, str]) -> bool:
    kind = (row.sku, row.lot, row.owner, row.status)
    return kind == tuple(chosen.get(name, "") for name in ("sku", "lot", "owner", "status"))


@post("/staff/arrivals/stow")
async def stow(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Goods into the bin that was scanned."""
    form = await read_form(request)
    node = await chosen_here(request, deps, visit)
    kind = {name: form.text(name) for name in ("lot", "owner", "status")}
    try:
        line = line_of(form)
        wanted: dict[str, object] = {
            "node": node.code, "code": form.text("sku"), "to": form.text("to").upper(), **kind,
            **{name: line[name] for name in ("qty", "serials") if name in line},
        }  # fmt: skip
        done = await put_away_goods(
            deps.db, staff_of(visit), stamp_of(request, form), new=convert(wanted, NewPutAway)
        )
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _dock(deps, visit, node, form.fields, refusal=refusal)
    told = f"sku={quote(done.sku, safe='')}&bin={quote(done.bin, safe='')}"
    return see_other(visit, f"{visit.base}/staff/arrivals/stow?{told}&movement={done.movements[0]}")


@post("/staff/arrivals/stow/{movement_id:uuid}/undo")
async def undo_stow(
    request: PageRequest, deps: Deps, visit: Visiting, movement_id: FromPath[UUID]
) -> Response[str]:
    """The last put-away was a mistake: the goods lie on the dock again."""
    form = await read_form(request)
    node = await chosen_here(request, deps, visit)
    try:
        await undo_put_away(
            deps.db, staff_of(visit), stamp_of(request, form), movement_id=movement_id
        )
    except Refusal as refusal:
        if not beside_form(refusal, "unknown_movement"):
            raise
        return await _dock(deps, visit, node, {}, refusal=refusal)
    return see_other(visit, f"{visit.base}/staff/arrivals/stow")


@get("/staff/arrivals/returns")
async def returned(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    reference: FromQuery[str] = "",
    sku: FromQuery[str] = "",
    units: FromQuery[str] = "",
) -> Response[str]:
    """What a customer sends back."""
    node = await here(request, deps, visit)
    if node is None:
        return choose_first(visit)
    given = {"reference": reference.strip()[:80]}
    return await _return(deps, visit, node, given, done=done_before(sku, units))


async def _return(
    deps: Site,
    visit: Visit,
    node: Node,
    given: dict[str, str],
    *,
    done: tuple[str, int] | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    return page(
        visit,
        "staff/goods_return.html",
        deps=deps,
        warehouse=node,
        given=given,
        done=done,
        names=await names_of_skus(deps, visit, [done[0]] if done else []),
        refusal=refusal,
        errors=faults_of(visit, refusal),
        focus=focus_of(refusal, otherwise="code" if given.get("reference") else "reference"),
        without_sale=refusal is not None
        and refusal.code == "nothing_shipped"
        and visit.allowed("stock:approve"),
    )


@post("/staff/arrivals/returns")
async def take_back(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """One line of goods that came back."""
    form = await read_form(request)
    node = await chosen_here(request, deps, visit)
    try:
        wanted: dict[str, object] = {
            "node": node.code, **form.given("reference"), "lines": [line_of(form)],
            "without_sale": form.text("without_sale") == "yes",
        }  # fmt: skip
        done = await return_goods(
            deps.db, staff_of(visit), stamp_of(request, form), new=convert(wanted, NewReturn)
        )
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _return(deps, visit, node, form.fields, refusal=refusal)
    told = f"reference={quote(done.reference, safe='')}&sku={quote(done.lines[0].sku, safe='')}"
    return see_other(visit, f"{visit.base}/staff/arrivals/returns?{told}&units={done.lines[0].qty}")


STOWING_PAGES = [dock, stow, undo_stow, returned, take_back]
