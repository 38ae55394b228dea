"""The office's page on how a warehouse works: place, hours, abilities, limits, masters."""

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.params import FromPath

from entrepot.flows.change_node import change_node
from entrepot.flows.export_nodes import export_nodes
from entrepot.flows.get_node import get_node
from entrepot.flows.list_node_attributes import list_node_attributes
from entrepot.kernel.attributes import Attribute
from entrepot.kernel.refusals import Conflict, Invalid, Refusal
from entrepot.nodes import columns
from entrepot.nodes.working_types import ChangedNode, NodeDetail
from entrepot.platform.documents import convert
from entrepot.platform.sheets import Row
from entrepot.web import catalog_words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.files import file_answer, kind_of
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit

_SHOWN = (Conflict, Invalid)
_SECTIONS = (
    ("country", "city", "postcode", "region", "lat", "lon"),
    ("zone", "weekdays", "opens", "closes"),
    ("holidays", "closures"),
    ("staffed", "pick_up"),
    ("minutes_per_shipment", "minutes_per_unit"),
    ("capacities", "capabilities"),
    ("regions_served", "regions_blocked"),
    ("lanes",),
)
_MASTERS = ("quantities_master", "allocation_owner")


async def _page(
    deps: Site,
    visit: Visit,
    node: NodeDetail,
    *,
    given: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    attributes = await list_node_attributes(deps.db, staff_of(visit))
    named = columns.columns_for(attributes)
    cells = dict(zip(named, columns.row_of(node, named), strict=True))
    shown = {name: "" if cell is None else str(cell) for name, cell in cells.items()}
    return page(
        visit,
        "admin/node_working.html",
        deps=deps,
        node=node,
        given=given or shown,
        sections=_SECTIONS,
        column=catalog_words.COLUMN,
        hint=catalog_words.HINT,
        example=catalog_words.EXAMPLE,
        masters=_MASTERS,
        master_names=[(code, visit.say(name)) for code, name in catalog_words.MASTER.items()],
        attributes=attributes,
        pairs_of=catalog_words.pairs_of,
        refusal=refusal,
        told_by=catalog_words.in_words,
        errors=catalog_words.by_column(visit, refusal) if refusal else {},
        may_change=visit.allowed("nodes:change"),
    )


@get("/admin/nodes/{code:str}/working")
async def working(deps: Deps, visit: Visiting, code: FromPath[str]) -> Response[str]:
    """How a warehouse works."""
    return await _page(deps, visit, await get_node(deps.db, staff_of(visit), code=code))


def _cells(form: Form, attributes: Sequence[Attribute]) -> dict[str, str]:
    named = [column for section in _SECTIONS for column in section]
    named += [*_MASTERS, *(f"attribute.{one.name}" for one in attributes)]
    return {name: form.text(name) for name in named}


@post("/admin/nodes/{code:str}/working", status_code=200)
async def change_working(
    request: PageRequest, deps: Deps, visit: Visiting, code: FromPath[str]
) -> Response[str]:
    """A warehouse as its form says."""
    form = await read_form(request)
    staff = staff_of(visit)
    before = await get_node(deps.db, staff, code=code)
    attributes = await list_node_attributes(deps.db, staff)
    cells = _cells(form, attributes)
    try:
        change = _change(cells, attributes, before)
        await change_node(deps.db, staff, stamp_of(request, form), code=code, change=change)
    except _SHOWN as refusal:
        return await _page(deps, visit, before, given=cells, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/nodes/{code}/working")


def _change(
    cells: dict[str, str], attributes: Sequence[Attribute], before: NodeDetail
) -> ChangedNode:
    """The change that a form asks for. Raises Invalid with every fault."""
    definitions = {one.name: one for one in attributes}
    read, errors = columns.read_row(Row(0, {"code": before.code} | cells), definitions)
    if errors:
        raise Invalid(f"{len(errors)} things are wrong with the node", errors=errors)
    return convert(columns.merged(before, read), ChangedNode, strict=False)


@get("/admin/nodes/export/{form:str}")
async def export(deps: Deps, visit: Visiting, form: FromPath[str]) -> Response[bytes]:
    """All warehouses as a file that imports as it is."""
    kind = kind_of(form)
    made = await export_nodes(deps.db, staff_of(visit), form=kind)
    return file_answer(made, name="nodes", kind=kind)


NODE_WORKING_PAGES = [working, change_working, export]
