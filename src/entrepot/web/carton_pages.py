"""The office's cartons, and what a parcel needs to join a consolidation."""

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.consolidation.eligibility import Rules
from entrepot.consolidation.packing.types import CartonType
from entrepot.flows.change_carton import change_carton
from entrepot.flows.change_joining_rules import change_joining_rules
from entrepot.flows.get_consolidation_settings import get_consolidation_settings
from entrepot.flows.remove_carton import remove_carton
from entrepot.kernel.refusals import FieldError, Invalid, Refusal
from entrepot.platform.documents import convert
from entrepot.web import words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.refusals import SHOWN_OR_FORBIDDEN, field_words
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit
from entrepot.web.words import _

_FAULT = {
    "inner_mm": _("Three whole numbers such as 400 × 300 × 250, none above the outer size."),
    "outer_mm": _("Three whole numbers such as 410 × 310 × 260."),
    "max_g": _("More than the empty carton weighs."),
}
_STATUSES = ("received", "inspected", "stored")


async def _page(
    deps: Site,
    visit: Visit,
    *,
    given: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    settings = await get_consolidation_settings(deps.db, staff_of(visit))
    return page(
        visit,
        "admin/cartons.html",
        deps=deps,
        cartons=settings.cartons,
        rules=settings.rules,
        statuses=[(code, words.STATUS[code]) for code in _STATUSES],
        given=given or {},
        refusal=refusal,
        errors=_errors(visit, refusal),
        may_change=visit.allowed("settings:change"),
    )


def _errors(visit: Visit, refusal: Refusal | None) -> dict[str, str]:
    errors = {}
    for error in refusal.errors if refusal else ():
        field = error.path.partition("[")[0]
        errors[field] = visit.say(_FAULT[field]) if field in _FAULT else field_words(visit, error)
    return errors


def _given(carton: CartonType) -> dict[str, str]:
    return {
        "code": carton.code,
        "inner_mm": " × ".join(map(str, carton.inner_mm)),
        "outer_mm": " × ".join(map(str, carton.outer_mm)),
        "tare_g": str(carton.tare_g),
        "max_g": str(carton.max_g),
        "cost_minor": str(carton.cost_minor),
    }


@get("/admin/consolidations/cartons")
async def cartons(deps: Deps, visit: Visiting, code: FromQuery[str] = "") -> Response[str]:
    """The cartons and the rules; with a code, that carton stands in the form."""
    settings = await get_consolidation_settings(deps.db, staff_of(visit))
    found = next((one for one in settings.cartons if one.code == code), None)
    return await _page(deps, visit, given=_given(found) if found else None)


def _sides(form: Form, name: str) -> list[int]:
    parts = form.text(name).replace("×", " ").replace("*", " ").lower().replace("x", " ").split()
    if len(parts) != 3 or not all(p.isascii() and p.isdecimal() and len(p) < 7 for p in parts):
        raise Invalid("three sides are needed", errors=[FieldError(name, "not_a_number", "sides")])
    return [int(part) for part in parts]


def _carton(form: Form) -> CartonType:
    """The carton of the form. Raises Invalid naming every field that cannot be read."""
    errors: list[FieldError] = []
    wanted: dict[str, object] = {"code": form.text("code")}
    for name in ("inner_mm", "outer_mm"):
        try:
            wanted[name] = _sides(form, name)
        except Invalid as refusal:
            errors += refusal.errors
    try:
        wanted |= form.whole("tare_g", "max_g", "cost_minor")
    except Invalid as refusal:
        errors += refusal.errors
    if errors:
        raise Invalid("the carton has errors", errors=errors)
    return convert(wanted, CartonType)


@post("/admin/consolidations/cartons", status_code=200)
async def write_carton(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """A carton as its form says, new or changed."""
    form = await read_form(request)
    try:
        await change_carton(deps.db, staff_of(visit), stamp_of(request, form), carton=_carton(form))
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _page(deps, visit, given=form.fields, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/consolidations/cartons")


@post("/admin/consolidations/cartons/{code:str}/remove", status_code=200)
async def end_carton(
    request: PageRequest, deps: Deps, visit: Visiting, code: FromPath[str]
) -> Response[str]:
    """The catalogue without a carton."""
    form = await read_form(request)
    try:
        await remove_carton(deps.db, staff_of(visit), stamp_of(request, form), code=code)
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _page(deps, visit, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/consolidations/cartons")


def _rules(form: Form, before: Rules) -> Rules:
    """The rules of the form; what it does not show stays as it was. Raises Invalid."""
    unshown = before.refused_tags - words.TAG.keys()
    overdue = form.whole("most_overdue_minor").get("most_overdue_minor")
    wanted = {
        "statuses": form.many.get("statuses", []),
        "coming": sorted(before.coming),
        "refused_tags": [*form.many.get("refused_tags", []), *unshown],
        "most_overdue_minor": overdue,
        **{name: form.text(name) == "true" for name in ("measured", "declared", "complete_sets")},
    }
    if not wanted["statuses"]:
        raise Invalid("nothing could join", errors=[FieldError("statuses", "missing", "none")])
    return convert(wanted, Rules)


@post("/admin/consolidations/rules", status_code=200)
async def write_rules(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """The rules as their form says."""
    form = await read_form(request)
    staff = staff_of(visit)
    before = await get_consolidation_settings(deps.db, staff)
    try:
        await change_joining_rules(
            deps.db, staff, stamp_of(request, form), rules=_rules(form, before.rules)
        )
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _page(deps, visit, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/consolidations/cartons")


CARTON_PAGES = [cartons, write_carton, end_carton, write_rules]
