"""The office's warehouses: places with their zone and address, and their bins."""

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.create_bins import create_bins
from entrepot.flows.create_node import create_node
from entrepot.flows.list_bins import list_bins
from entrepot.flows.list_nodes import list_nodes
from entrepot.kernel.refusals import NotFound, Refusal
from entrepot.nodes.types import CreatedBins, NewBins, NewNode
from entrepot.platform.documents import convert
from entrepot.web import words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.refusals import SHOWN, by_field
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit

_PAGE = 200


async def _nodes(
    deps: Site, visit: Visit, *, refusal: Refusal | None = None, given: Form | None = None
) -> Response[str]:
    return page(
        visit,
        "admin/nodes.html",
        deps=deps,
        nodes=await list_nodes(deps.db, staff_of(visit)),
        refusal=refusal,
        errors=by_field(visit, refusal),
        given=given.fields if given else {"zone": visit.house_of.zone, "country": "CN"},
        may_create=visit.allowed("nodes:create"),
    )


@get("/admin/nodes")
async def nodes(deps: Deps, visit: Visiting) -> Response[str]:
    """The warehouses."""
    return await _nodes(deps, visit)


def _read_node(form: Form) -> NewNode:
    wanted: dict[str, object] = {"code": form.text("code").upper(), "zone": form.text("zone")}
    wanted |= form.given("address", "receiving_phone")
    if form.text("country"):
        wanted["country"] = form.text("country").upper()
    names = {"en": form.text("name_en"), "zh-CN": form.text("name_zh")}
    lines = {"zh-CN": form.text("address_zh"), "en": form.text("address_en")}
    wanted["names"] = {tag: name for tag, name in names.items() if name}
    wanted["receiving_address"] = {tag: text for tag, text in lines.items() if text}
    return convert(wanted, NewNode)


@post("/admin/nodes", status_code=200)
async def add_node(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Open a warehouse."""
    form = await read_form(request)
    try:
        node = await create_node(
            deps.db, staff_of(visit), stamp_of(request, form), new=_read_node(form)
        )
    except SHOWN as refusal:
        return await _nodes(deps, visit, refusal=refusal, given=form)
    return see_other(visit, f"{visit.base}/admin/nodes/{node.code}")


async def _node(
    deps: Site,
    visit: Visit,
    code: str,
    *,
    after: str = "",
    refusal: Refusal | None = None,
    given: Form | None = None,
    made: CreatedBins | None = None,
) -> Response[str]:
    staff = staff_of(visit)
    found = next((one for one in await list_nodes(deps.db, staff) if one.code == code), None)
    if found is None:
        raise NotFound("there is no such warehouse for you", code="unknown_warehouse")
    bins = await list_bins(deps.db, staff, warehouse=code, after=after, most=_PAGE)
    return page(
        visit,
        "admin/node.html",
        deps=deps,
        node=found,
        bins=bins,
        next_url=f"{visit.path}?after={bins[-1].code}" if len(bins) == _PAGE else None,
        refusal=refusal,
        errors=by_field(visit, refusal),
        given=given.fields if given else {},
        made=made,
        bin_kinds=[(code, visit.say(name)) for code, name in words.BIN_CLASS.items()],
        may_create=visit.allowed("bins:create"),
    )


@get("/admin/nodes/{code:str}")
async def node(
    deps: Deps, visit: Visiting, code: FromPath[str], after: FromQuery[str] = ""
) -> Response[str]:
    """One warehouse and its bins."""
    return await _node(deps, visit, code, after=after[:40])


@post("/admin/nodes/{code:str}/bins", status_code=200)
async def add_bins(
    request: PageRequest, deps: Deps, visit: Visiting, code: FromPath[str]
) -> Response[str]:
    """A storage zone full of equal bins, or a few bins by name."""
    form = await read_form(request)
    try:
        made = await create_bins(
            deps.db, staff_of(visit), stamp_of(request, form), node=code, new=_read_bins(form)
        )
    except SHOWN as refusal:
        return await _node(deps, visit, code, refusal=refusal, given=form)
    return await _node(deps, visit, code, made=made)


def _read_bins(form: Form) -> NewBins:
    kind = form.text("class") or "shelf"
    names = form.text("codes").replace(",", " ").upper().split()
    if names:
        return convert({"bins": [{"code": name, "class": kind} for name in names]}, NewBins)
    zone: dict[str, object] = {"code": form.text("zone_code").upper(), "class": kind}
    zone |= {"aisles": 1, "bays": 1, "levels": 1} | form.whole("aisles", "bays", "levels")
    return convert({"zones": [zone]}, NewBins)


NODE_PAGES = [nodes, add_node, node, add_bins]
