"""Parcels without owner: the queue, and giving one to its customer."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.assign_parcel import assign_parcel
from entrepot.flows.list_nodes import list_nodes
from entrepot.flows.list_unclaimed import list_unclaimed
from entrepot.kernel.refusals import NotFound, Refusal
from entrepot.parcels.types import AssignedTo, UnclaimedParcel
from entrepot.platform.documents import convert
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import read_form, stamp_of
from entrepot.web.refusals import SHOWN
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit

_PAGE = 50


@get("/staff/unclaimed")
async def unclaimed(
    deps: Deps, visit: Visiting, after: FromQuery[UUID | None] = None, done: FromQuery[str] = ""
) -> Response[str]:
    """The queue, newest first."""
    parcels = await list_unclaimed(deps.db, staff_of(visit), most=_PAGE, after=after)
    more = f"{visit.path}?after={parcels[-1].id}" if len(parcels) == _PAGE else None
    return page(
        visit,
        "staff/unclaimed.html",
        deps=deps,
        parcels=parcels,
        refusal=None,
        done=visit.say("The parcel is assigned to %(code)s.", code=done[:40]) if done else None,
        next_url=more,
    )


@get("/staff/unclaimed/{parcel_id:uuid}")
async def unclaimed_parcel(deps: Deps, visit: Visiting, parcel_id: FromPath[UUID]) -> Response[str]:
    """One parcel without owner, with what its label told."""
    return await _show(deps, visit, parcel_id)


async def _show(
    deps: Site, visit: Visit, parcel_id: UUID, asked: str = "", refusal: Refusal | None = None
) -> Response[str]:
    parcel = await _find(deps, visit, parcel_id)
    nodes = {node.code: node.zone for node in await list_nodes(deps.db, staff_of(visit))}
    return page(
        visit,
        "staff/unclaimed_parcel.html",
        deps=deps,
        parcel=parcel,
        zone=nodes.get(parcel.warehouse, visit.house_of.zone),
        asked=asked,
        refusal=refusal,
        wrong_code="",
    )


async def _find(deps: Site, visit: Visit, parcel_id: UUID) -> UnclaimedParcel:
    after: UUID | None = None
    while True:
        parcels = await list_unclaimed(deps.db, staff_of(visit), most=200, after=after)
        found = next((parcel for parcel in parcels if parcel.id == parcel_id), None)
        if found is not None:
            return found
        if len(parcels) < 200:
            raise NotFound("this parcel is not in the queue (any more)", code="not_unclaimed")
        after = parcels[-1].id


@post("/staff/unclaimed/{parcel_id:uuid}")
async def assign(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    parcel_id: FromPath[UUID],
) -> Response[str]:
    """Give the parcel to a customer."""
    form = await read_form(request)
    code = form.text("suite_code")
    try:
        owner = convert({"suite_code": code}, AssignedTo)
        parcel = await assign_parcel(
            deps.db, staff_of(visit), stamp_of(request, form), parcel_id=parcel_id, owner=owner
        )
    except SHOWN as refusal:
        return await _show(deps, visit, parcel_id, code, refusal)
    given = parcel.customer.suite_code if parcel.customer else code
    return see_other(visit, f"{visit.base}/staff/unclaimed?done={given}")


UNCLAIMED_PAGES = [unclaimed, unclaimed_parcel, assign]
