"""The office's look at consolidations: those of a warehouse or a customer, and each as it is."""

from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from entrepot.consolidation.rules import MACHINE
from entrepot.flows.get_consolidation import get_consolidation
from entrepot.flows.list_consolidations import list_consolidations
from entrepot.flows.list_destinations import list_destinations
from entrepot.web.answers import page
from entrepot.web.consolidation_views import WORDS, draft_context
from entrepot.web.deps import Deps, Visiting
from entrepot.web.office_pages import places_of
from entrepot.web.staff_pages import staff_of

_PAGE = 50


@get("/admin/consolidations")
async def consolidations(
    deps: Deps,
    visit: Visiting,
    status: FromQuery[str] = "",
    customer: FromQuery[UUID | None] = None,
    after: FromQuery[UUID | None] = None,
) -> Response[str]:
    """Consolidations of the reader's warehouses, newest first."""
    staff = staff_of(visit)
    wanted = [status] if status in MACHINE.states else None
    found = await list_consolidations(
        deps.db, staff, customer_id=customer, statuses=wanted, after=after, most=_PAGE
    )
    places = await places_of(deps, staff)
    more = f"&after={found[-1].id}" if len(found) == _PAGE else ""
    narrowed = f"status={status}" + (f"&customer={customer}" if customer else "")
    return page(
        visit,
        "admin/consolidations.html",
        deps=deps,
        consolidations=found,
        narrowed_to=status if wanted else "",
        next_url=f"{visit.path}?{narrowed}{more}" if more else None,
        names=places.names,
        zones=places.zones,
        zone=visit.house_of.zone,
        cw=WORDS,
    )


@get("/admin/consolidations/{consolidation_id:uuid}")
async def consolidation(
    deps: Deps, visit: Visiting, consolidation_id: FromPath[UUID]
) -> Response[str]:
    """One consolidation, as its customer sees it, with whose it is."""
    staff = staff_of(visit)
    made = await get_consolidation(deps.db, staff, consolidation_id=consolidation_id)
    lines = await list_destinations(deps.db, staff, warehouse=made.warehouse)
    places = await places_of(deps, staff)
    return page(
        visit,
        "admin/consolidation.html",
        deps=deps,
        may_change=False,
        area="admin",
        given={},
        at=visit.path,
        **draft_context(visit, made, lines, zones=places.zones, names=places.names),
    )


OFFICE_CONSOLIDATION_PAGES = [consolidations, consolidation]
