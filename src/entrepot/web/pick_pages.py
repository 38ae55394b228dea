"""Picking on the phone: which orders wait, and for one of them the next bin, scan by scan."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.get_pick_list import get_pick_list
from entrepot.flows.list_to_pick import list_to_pick
from entrepot.flows.pick_goods import pick_goods
from entrepot.flows.pick_short import pick_short
from entrepot.flows.unpick_goods import unpick_goods
from entrepot.kernel.refusals import NotFound, Refusal
from entrepot.nodes.types import Node
from entrepot.platform.documents import convert
from entrepot.stock.picking.types import MissedGoods, PickedGoods, UnpickedGoods
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.found_by_scan import Scan, names_of_skus, scanned
from entrepot.web.refusals import beside_form, by_field
from entrepot.web.staff_pages import choose_first, chosen_here, here, staff_of
from entrepot.web.visits import PageRequest, Visit

_PAGE = 50
_STEPS = ("pick", "unpick", "short")


@get("/staff/picks")
async def picks(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    after: FromQuery[UUID | None] = None,
    code: FromQuery[str] = "",
) -> Response[str]:
    """Orders with something to fetch in this warehouse, the oldest first; `code`: what was
    scanned to find one."""
    node = await here(request, deps, visit)
    if node is None:
        return choose_first(visit)
    by, wanted = staff_of(visit), scanned(code)
    found = []
    if wanted:
        found = await list_to_pick(deps.db, by, node=node.code, most=_PAGE, code=wanted)
    if len(found) == 1:
        return see_other(visit, f"{visit.base}/staff/picks/{found[0].id}")
    rows = found or await list_to_pick(deps.db, by, node=node.code, after=after, most=_PAGE)
    return page(
        visit,
        "staff/picks.html",
        deps=deps,
        warehouse=node,
        rows=rows,
        scan=Scan(wanted, len(found)),
        next_url=f"{visit.path}?after={rows[-1].id}" if not found and len(rows) == _PAGE else None,
    )


@get("/staff/picks/{reservation_id:uuid}")
async def pick(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    reservation_id: FromPath[UUID],
    done: FromQuery[str] = "",
) -> Response[str]:
    """The next bin of one order."""
    node = await here(request, deps, visit)
    if node is None:
        return choose_first(visit)
    return await _pick(deps, visit, node, reservation_id, done=done)


async def _pick(
    deps: Site,
    visit: Visit,
    node: Node,
    reservation_id: UUID,
    *,
    done: str = "",
    refusal: Refusal | None = None,
    given: Form | None = None,
) -> Response[str]:
    shown = await get_pick_list(
        deps.db, staff_of(visit), reservation_id=reservation_id, node=node.code
    )
    return page(
        visit,
        "staff/pick.html",
        deps=deps,
        warehouse=node,
        work=shown,
        task=shown.tasks[0] if shown.tasks else None,
        names=await names_of_skus(
            deps, visit, [line.sku for line in shown.lines] + [one.sku for one in shown.taken_over]
        ),
        units=sum(line.qty for line in shown.lines),
        picked=sum(line.picked for line in shown.lines),
        waiting=sum(line.backordered for line in shown.lines),
        done=done if done in _STEPS else "",
        refusal=refusal,
        errors=by_field(visit, refusal),
        given=given.fields if given else {},
    )


@post("/staff/picks/{reservation_id:uuid}/{step:str}")
async def take_pick_step(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    reservation_id: FromPath[UUID],
    step: FromPath[str],
) -> Response[str]:
    """One scan: picked, put back, or not there."""
    form = await read_form(request)
    node = await chosen_here(request, deps, visit)
    by, stamp, at = staff_of(visit), stamp_of(request, form), reservation_id
    back = f"{visit.base}/staff/picks/{at}?done={step}"
    try:
        if step == "pick":
            picked = convert(_picked(form, node), PickedGoods)
            await pick_goods(deps.db, by, stamp, reservation_id=at, goods=picked)
        elif step == "unpick":
            fields = {"node": node.code, **form.given("sku", "bin", "lot", "serial", "to")}
            put_back = convert(fields | form.whole("qty"), UnpickedGoods)
            await unpick_goods(deps.db, by, stamp, reservation_id=at, goods=put_back)
        elif step == "short":
            fields = {"node": node.code, **form.given("sku", "bin", "lot")}
            await pick_short(
                deps.db, by, stamp, reservation_id=at, goods=convert(fields, MissedGoods)
            )
        else:
            raise NotFound("there is no such step", code="no_such_page")
    except Refusal as refusal:
        if not beside_form(refusal, "unknown_reservation"):
            raise
        scanned = form if step == "pick" else None
        return await _pick(deps, visit, node, at, refusal=refusal, given=scanned)
    return see_other(visit, back)


def _picked(form: Form, node: Node) -> dict[str, Any]:
    """What was scanned at the bin: the goods, or, where every piece has one, its serial."""
    found: dict[str, Any] = {"node": node.code, **form.given("bin", "lot", "into")}
    found["bin"] = form.text("bin").upper()
    if form.text("serials"):
        return found | {"sku": form.text("sku"), "serial": form.text("code")}
    return found | {"sku": form.text("code")} | form.whole("qty")


PICK_PAGES = [picks, pick, take_pick_step]
