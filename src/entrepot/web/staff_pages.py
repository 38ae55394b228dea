"""The scan station: one screen that waits for a code, and where it stands."""

from collections.abc import Sequence

from litestar import Response, get, post

from entrepot.flows.list_nodes import list_nodes
from entrepot.flows.recent_scans import recent_scans
from entrepot.kernel.principals import Principal, Staff, works_in
from entrepot.kernel.refusals import NotFound, Unauthenticated
from entrepot.nodes.types import Node
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import read_form, stamp_of
from entrepot.web.scan_cards import AnswerCard
from entrepot.web.scanning import answer_scan, read_scan
from entrepot.web.visits import PageRequest, Visit, house_cookie

WAREHOUSE_COOKIE = "entrepot_warehouse"
PART_HEADER = "x-page-part"
_YEAR_S = 365 * 86400
_RECENT = 5


async def warehouses_of(deps: Site, principal: Principal) -> list[Node]:
    """The nodes where this reader may scan."""
    nodes = await list_nodes(deps.db, principal)
    return [node for node in nodes if works_in(principal, node.code)]


def staff_of(visit: Visit) -> Staff:
    """The worker. Raises Unauthenticated when nobody is logged in."""
    if not isinstance(visit.principal, Staff):
        raise Unauthenticated("nobody is logged in")
    return visit.principal


def remembered(request: PageRequest, nodes: Sequence[Node]) -> Node | None:
    """The warehouse this device stands in; the only one needs no choice."""
    code = request.cookies.get(WAREHOUSE_COOKIE)
    chosen = next((node for node in nodes if node.code == code), None)
    return chosen or (nodes[0] if len(nodes) == 1 else None)


async def here(request: PageRequest, deps: Site, visit: Visit) -> Node | None:
    """The warehouse where this device stands, where one is known."""
    return remembered(request, await warehouses_of(deps, staff_of(visit)))


async def chosen_here(request: PageRequest, deps: Site, visit: Visit) -> Node:
    """The same for a form that only a chosen warehouse has. Raises NotFound without one."""
    node = await here(request, deps, visit)
    if node is None:
        raise NotFound("no warehouse is chosen", code="no_such_warehouse")
    return node


def choose_first(visit: Visit) -> Response[str]:
    """Go and choose a warehouse for this device."""
    return see_other(visit, f"{visit.base}/staff/warehouse")


@get("/staff")
async def station(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """The station, or the choice of a warehouse on a device that has none yet."""
    node = await here(request, deps, visit)
    if node is None:
        return choose_first(visit)
    return await _station(deps, visit, node, None)


async def _station(deps: Site, visit: Visit, node: Node, card: AnswerCard | None) -> Response[str]:
    recent = await recent_scans(deps.db, staff_of(visit), warehouse=node.code, most=_RECENT)
    return page(
        visit,
        "staff/station.html",
        deps=deps,
        warehouse=node,
        recent=recent,
        zone=node.zone,
        card=card,
    )


@post("/staff/scan", status_code=200)
async def scan(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """One scan: the answer alone for the station's script, the whole page without one."""
    principal = staff_of(visit)
    form = await read_form(request)
    wanted = read_scan(form)
    nodes = await warehouses_of(deps, principal)
    node = next((node for node in nodes if node.code == wanted.warehouse), None)
    if node is None:
        raise NotFound("there is no such warehouse for you", code="no_such_warehouse")
    card = await answer_scan(
        deps, visit, principal, stamp_of(request, form), scan=wanted, zone=node.zone
    )
    if not request.headers.get(PART_HEADER):
        return await _station(deps, visit, node, card)
    recent = await recent_scans(deps.db, principal, warehouse=node.code, most=_RECENT)
    return page(
        visit,
        "staff/answer.html",
        deps=deps,
        card=card,
        recent=recent,
        zone=node.zone,
    )


@get("/staff/recent")
async def recent_part(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """The last scans, for a station that heard of a colleague's."""
    principal = staff_of(visit)
    node = await chosen_here(request, deps, visit)
    recent = await recent_scans(deps.db, principal, warehouse=node.code, most=_RECENT)
    return page(
        visit,
        "staff/recent_part.html",
        deps=deps,
        recent=recent,
        zone=node.zone,
    )


@get("/staff/warehouse")
async def choose_warehouse(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Where this device stands."""
    return page(
        visit,
        "staff/warehouse.html",
        deps=deps,
        warehouses=await warehouses_of(deps, staff_of(visit)),
        current=request.cookies.get(WAREHOUSE_COOKIE, ""),
    )


@post("/staff/warehouse")
async def remember_warehouse(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Remember the choice on this device."""
    form = await read_form(request)
    nodes = await warehouses_of(deps, staff_of(visit))
    if form.text("warehouse") not in {node.code for node in nodes}:
        raise NotFound("there is no such warehouse for you", code="no_such_warehouse")
    cookie = house_cookie(
        WAREHOUSE_COOKIE,
        form.text("warehouse"),
        house=visit.house_of,
        secure=visit.secure,
        max_age_s=_YEAR_S,
    )
    return see_other(visit, f"{visit.base}/staff", cookies=[cookie])


STAFF_PAGES = [station, scan, recent_part, choose_warehouse, remember_warehouse]
