"""The shopper's consolidations: one click, the draft with its box and its prices, choose, undo."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from entrepot.access.flow import Stamp
from entrepot.consolidation.types import (
    ChosenLine,
    MoreParcels,
    NewConsolidation,
    NewPrices,
)
from entrepot.flows.add_to_consolidation import add_to_consolidation
from entrepot.flows.advise_consolidation import advise_consolidation
from entrepot.flows.choose_line import choose_line
from entrepot.flows.consolidate_parcels import consolidate_parcels
from entrepot.flows.get_consolidation import get_consolidation
from entrepot.flows.list_consolidations import list_consolidations
from entrepot.flows.list_destinations import list_destinations
from entrepot.flows.price_consolidation import price_consolidation
from entrepot.flows.redirect_consolidation import redirect_consolidation
from entrepot.flows.remove_from_consolidation import remove_from_consolidation
from entrepot.flows.undo_consolidation import undo_consolidation
from entrepot.kernel.refusals import Conflict, Invalid, NotFound, Refusal
from entrepot.platform.documents import convert
from entrepot.web.answers import page, see_other
from entrepot.web.consolidation_views import WORDS, draft_context, lines_of
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.portal_pages import addresses_of, places_of, shopper_of
from entrepot.web.refusals import SHOWN
from entrepot.web.visits import PageRequest, Visit


async def _draft(
    deps: Site,
    visit: Visit,
    consolidation_id: UUID,
    template: str,
    *,
    refusal: Refusal | None = None,
    given: dict[str, str] | None = None,
) -> Response[str]:
    shopper = shopper_of(visit)
    made = await get_consolidation(deps.db, shopper, consolidation_id=consolidation_id)
    lines = await list_destinations(deps.db, shopper, warehouse=made.warehouse)
    places = places_of(await addresses_of(deps, visit))
    to = made.destination
    shown = {"country": to.country, "postcode": to.postcode or ""} if to else {}
    return page(
        visit,
        template,
        deps=deps,
        refusal=refusal,
        given=given or shown,
        at=f"{visit.base}/portal/consolidations/{made.id}",
        may_change=True,
        area="portal",
        **draft_context(visit, made, lines, zones=places.zones, names=places.names),
    )


@get("/portal/consolidations")
async def all_consolidations(deps: Deps, visit: Visiting) -> Response[str]:
    """Drafts and what became of them."""
    return page(
        visit,
        "portal/consolidations.html",
        deps=deps,
        consolidations=await list_consolidations(deps.db, shopper_of(visit), most=100),
        names=places_of(await addresses_of(deps, visit)).names,
        zone=visit.house_of.zone,
        area="portal",
        cw=WORDS,
    )


def destination_given(form: Form) -> dict[str, object]:
    """Where to, as far as the form says it; blanks are as good as nothing."""
    given: dict[str, object] = dict(form.given("country", "state", "postcode"))
    return {"destination": given} if "country" in given else {}


@post("/portal/consolidations", status_code=200)
async def one_click(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Everything that may go from a warehouse becomes a draft. A second click leads to the first
    one's draft."""
    form = await read_form(request)
    wanted = form.given("warehouse") | destination_given(form)
    try:
        made = await consolidate_parcels(
            deps.db,
            shopper_of(visit),
            stamp_of(request, form),
            new=convert(wanted, NewConsolidation),
        )
    except Conflict as refusal:
        there = refusal.facts.get("consolidation_id")
        place = f"/{there}" if there else ""
        return see_other(visit, f"{visit.base}/portal/consolidations{place}")
    return see_other(visit, f"{visit.base}/portal/consolidations/{made.id}")


@get("/portal/consolidations/{consolidation_id:uuid}")
async def one(deps: Deps, visit: Visiting, consolidation_id: FromPath[UUID]) -> Response[str]:
    """A consolidation."""
    return await _draft(deps, visit, consolidation_id, "portal/consolidation.html")


@get("/portal/consolidations/{consolidation_id:uuid}/part")
async def one_part(deps: Deps, visit: Visiting, consolidation_id: FromPath[UUID]) -> Response[str]:
    """The consolidation alone, when something changed."""
    return await _draft(deps, visit, consolidation_id, "portal/consolidation_part.html")


async def _change(
    deps: Site, visit: Visit, consolidation_id: UUID, verb: str, form: Form, stamp: Stamp
) -> None:
    """One of the forms of the draft's page. Raises what its flow raises."""
    shopper, db = shopper_of(visit), deps.db
    match verb:
        case "choice":
            chosen = convert(form.given("service", "quote_id"), ChosenLine)
            await choose_line(db, shopper, stamp, consolidation_id=consolidation_id, chosen=chosen)
        case "add":
            more = convert({"parcels": form.many.get("parcel", [])}, MoreParcels)
            await add_to_consolidation(
                db, shopper, stamp, consolidation_id=consolidation_id, more=more
            )
        case "remove":
            parcel_id = convert(form.text("parcel"), UUID)
            await remove_from_consolidation(
                db, shopper, stamp, consolidation_id=consolidation_id, parcel_id=parcel_id
            )
        case "destination":
            asked = convert({"warehouse": "-", **destination_given(form)}, NewConsolidation)
            if asked.destination is None:
                raise Invalid("a country is needed", code="country_missing")
            await redirect_consolidation(
                db, shopper, stamp, consolidation_id=consolidation_id, to=asked.destination
            )
        case "prices":
            new = NewPrices(leave_out=form.text("leave_out") == "1")
            await price_consolidation(
                db, shopper, stamp, consolidation_id=consolidation_id, new=new
            )
        case _:
            raise NotFound("there is no such form", code="no_such_route")


@post("/portal/consolidations/{consolidation_id:uuid}/{verb:str}", status_code=200)
async def change(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    consolidation_id: FromPath[UUID],
    verb: FromPath[str],
) -> Response[str]:
    """Add, remove, redirect, price again, choose: then the draft as it is."""
    form = await read_form(request)
    try:
        await _change(deps, visit, consolidation_id, verb, form, stamp_of(request, form))
    except SHOWN as refusal:
        return await _draft(
            deps, visit, consolidation_id, "portal/consolidation.html",
            refusal=refusal, given=form.given("country", "postcode"),
        )  # fmt: skip
    return see_other(visit, f"{visit.base}/portal/consolidations/{consolidation_id}")


@post("/portal/consolidations/{consolidation_id:uuid}/undo", status_code=200)
async def undo(
    request: PageRequest, deps: Deps, visit: Visiting, consolidation_id: FromPath[UUID]
) -> Response[str]:
    """Its parcels are free again."""
    form = await read_form(request)
    try:
        await undo_consolidation(
            deps.db,
            shopper_of(visit),
            stamp_of(request, form),
            consolidation_id=consolidation_id,
        )
    except Conflict as refusal:
        return await _draft(
            deps, visit, consolidation_id, "portal/consolidation.html", refusal=refusal
        )
    return see_other(visit, f"{visit.base}/portal")


async def _advice(deps: Site, visit: Visit, consolidation_id: UUID, template: str) -> Response[str]:
    shopper = shopper_of(visit)
    made = await get_consolidation(deps.db, shopper, consolidation_id=consolidation_id)
    return page(
        visit,
        template,
        deps=deps,
        made=made,
        advice=await advise_consolidation(deps.db, shopper, consolidation_id=consolidation_id),
        codes={str(parcel.id): parcel.tracking_number for parcel in made.parcels},
        service_names={line.offer.service: line.offer.name for line in lines_of(made)},
        at=f"{visit.base}/portal/consolidations/{made.id}",
    )


@get("/portal/consolidations/{consolidation_id:uuid}/advice")
async def advice(deps: Deps, visit: Visiting, consolidation_id: FromPath[UUID]) -> Response[str]:
    """Would parts or a later day be cheaper?"""
    return await _advice(deps, visit, consolidation_id, "portal/advice.html")


@get("/portal/consolidations/{consolidation_id:uuid}/advice-part")
async def advice_part(
    deps: Deps, visit: Visiting, consolidation_id: FromPath[UUID]
) -> Response[str]:
    """The same for the draft's page, which asks once it is shown."""
    return await _advice(deps, visit, consolidation_id, "portal/advice_part.html")


CONSOLIDATION_PAGES = [
    all_consolidations, one_click, one, one_part, change, undo, advice, advice_part,
]  # fmt: skip
