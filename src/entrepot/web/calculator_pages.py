"""The public calculator: what would it cost? Without log-in, without JavaScript, storing nothing.

One address for form and answer, everything in the query, so an answer can be kept as a bookmark.
"""

from litestar import Response, get

from entrepot.access.sessions import visitor
from entrepot.flows.open_calculator import CalculatorForm, open_calculator
from entrepot.flows.use_calculator import Calculated, use_calculator
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, Refusal
from entrepot.platform.buckets import Buckets
from entrepot.web.answers import page
from entrepot.web.calculator_form import field_of, read_request, rows_of
from entrepot.web.countries import countries
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.door_pages import tenant_of
from entrepot.web.forms import Form, form_of
from entrepot.web.refusals import by_field
from entrepot.web.rendering import named
from entrepot.web.visits import PageRequest, Visit

PEERS = Buckets(rate=5.0, burst=60)
"""For one address: sixty prices at once, then five a second. Behind a proxy all visitors have its
address: as everywhere, X-Forwarded-For is not believed."""

_LOOK_COSTS = 0.5
_FIELDS = ("warehouse", "country", "postcode", "declared", "currency", "insured", "hs6", "units")


def _form_of(request: PageRequest) -> Form:
    """The query as a form; what is typed too long is cut, the fields have their own limits."""
    many: dict[str, list[str]] = {}
    for name, value in list(request.query_params.multi_items())[:400]:
        many.setdefault(str(name), []).append(str(value)[:400])
    return form_of(many)


@get("/calculator")
async def calculator(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """The form; with a country in the query also every price."""
    form = _form_of(request)
    asked, more = bool(form.text("rows")), bool(form.text("more"))
    PEERS.charge(request.client.host if request.client else "", 1.0 if asked else _LOOK_COSTS)
    tenant = visitor(tenant_of(visit), visit.language)
    try:
        choices = await open_calculator(deps.db, tenant, node=form.text("warehouse") or None)
    except Conflict as refusal:
        return _page(deps, visit, form, None, refusal=refusal)
    if not asked or more:
        return _page(deps, visit, form, choices, more=more)
    try:
        wanted = read_request(form, rows_of(form), today=choices.today, base=choices.choices.base)
        found = await use_calculator(deps.db, tenant, warehouse=choices.node, request=wanted)
    except Invalid as refusal:
        return _page(deps, visit, form, choices, refusal=_by_form(refusal))
    return _page(deps, visit, form, choices, found=found)


def _by_form(refusal: Invalid) -> Invalid:
    errors = [FieldError(field_of(e.path), e.code, e.message) for e in refusal.errors]
    return Invalid(refusal.message, code=refusal.code, errors=errors)


def _page(
    deps: Site,
    visit: Visit,
    form: Form,
    choices: CalculatorForm | None,
    *,
    refusal: Refusal | None = None,
    found: Calculated | None = None,
    more: bool = False,
) -> Response[str]:
    offers = found.quote.offers if found else ()
    known = {} if choices is None else {
        "warehouses": [(n.code, named(visit.language, n.names, n.code)) for n in choices.nodes],
        "countries": countries(visit, choices.choices.countries),
        "currencies": [(code, code) for code in choices.choices.currencies],
        "base": choices.choices.base,
        "tags": [tag for tag in choices.choices.tags if tag not in ("general", "prohibited")],
        "zone": next(n.zone for n in choices.nodes if n.code == choices.node),
    }  # fmt: skip
    return page(
        visit,
        "prices/calculator.html",
        deps=deps,
        status=refusal.status if refusal and choices else 200,
        refusal=refusal,
        errors=by_field(visit, refusal),
        given={"units": "metric"} | form.given(*_FIELDS),
        rows=rows_of(form, more=more),
        known=known,
        found=found,
        priced=[offer for offer in offers if offer.price is not None],
        excluded=[offer for offer in offers if offer.price is None],
    )


CALCULATOR_PAGES = [calculator]
