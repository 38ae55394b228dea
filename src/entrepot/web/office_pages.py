"""The tenant's office: what is waiting, parcels, customers."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.change_member_tier import change_member_tier
from entrepot.flows.create_customer import create_customer
from entrepot.flows.create_person import create_person
from entrepot.flows.get_customer import get_customer
from entrepot.flows.get_member_tier import get_member_tier
from entrepot.flows.get_parcel import get_parcel
from entrepot.flows.list_customers import list_customers
from entrepot.flows.list_nodes import list_nodes
from entrepot.flows.list_parcels import list_parcels
from entrepot.flows.list_unclaimed import list_unclaimed
from entrepot.flows.receiving_addresses import receiving_addresses
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Forbidden, Refusal
from entrepot.parties.tiers import NewTier
from entrepot.parties.types import NewCustomer
from entrepot.platform.documents import convert
from entrepot.tenancy.queries import last_isolation_run, list_isolation_findings
from entrepot.web.answers import page, see_other
from entrepot.web.decisions import waits_of
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import read_form, stamp_of
from entrepot.web.links import Handed, fresh_link, invitation
from entrepot.web.portal_pages import Places
from entrepot.web.refusals import SHOWN, SHOWN_OR_FORBIDDEN, by_field
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit

_PAGE = 50
_FEW = 5


async def places_of(deps: Site, principal: Staff) -> Places:
    """Zones and names of the reader's warehouses."""
    nodes = await list_nodes(deps.db, principal)
    return Places(
        zones={node.code: node.zone for node in nodes},
        names={node.code: node.names for node in nodes},
    )


@get("/admin")
async def today(deps: Deps, visit: Visiting) -> Response[str]:
    """Work to do before numbers: what waits for somebody, then what happened last."""
    staff = staff_of(visit)
    places = await places_of(deps, staff)
    return page(
        visit,
        "admin/today.html",
        deps=deps,
        unclaimed=await list_unclaimed(deps.db, staff, most=_FEW),
        parcels=await list_parcels(deps.db, staff, most=8),
        zone=visit.house_of.zone,
        zones=places.zones,
        waits=await waits_of(deps, visit),
    )


@get("/admin/parcels")
async def parcels(
    deps: Deps, visit: Visiting, number: FromQuery[str] = "", after: FromQuery[UUID | None] = None
) -> Response[str]:
    """Parcels by number, or the newest."""
    staff = staff_of(visit)
    wanted = number.strip()[:200] or None
    found = await list_parcels(deps.db, staff, tracking_number=wanted, after=after, most=_PAGE)
    places = await places_of(deps, staff)
    more = f"{visit.path}?after={found[-1].id}" if len(found) == _PAGE and not wanted else None
    return page(
        visit,
        "admin/parcels.html",
        deps=deps,
        parcels=found,
        number=number,
        next_url=more,
        zone=visit.house_of.zone,
        zones=places.zones,
    )


@get("/admin/parcels/{parcel_id:uuid}")
async def parcel(deps: Deps, visit: Visiting, parcel_id: FromPath[UUID]) -> Response[str]:
    """One parcel, with its bins."""
    staff = staff_of(visit)
    places = await places_of(deps, staff)
    return page(
        visit,
        "portal/parcel.html",
        deps=deps,
        parcel=await get_parcel(deps.db, staff, parcel_id=parcel_id),
        zone=visit.house_of.zone,
        zones=places.zones,
        names=places.names,
        live=False,
        back=f"{visit.base}/admin/parcels",
        owner_shown=True,
        bin_shown=True,
        prices_shown=visit.allowed("customers:read_contact"),
    )


async def _customers(
    deps: Site,
    visit: Visit,
    *,
    code: str = "",
    after: UUID | None = None,
    refusal: Refusal | None = None,
    given: dict[str, str] | None = None,
) -> Response[str]:
    found = await list_customers(
        deps.db, staff_of(visit), suite_code=code.strip()[:40] or None, after=after, most=_PAGE
    )
    return page(
        visit,
        "admin/customers.html",
        deps=deps,
        customers=found,
        code=code,
        next_url=f"{visit.path}?after={found[-1].id}" if len(found) == _PAGE else None,
        refusal=refusal,
        errors=by_field(visit, refusal),
        given=given or {},
        may_create=visit.allowed("customers:create"),
    )


@get("/admin/customers")
async def customers(
    deps: Deps, visit: Visiting, code: FromQuery[str] = "", after: FromQuery[UUID | None] = None
) -> Response[str]:
    """Customers by member code, or the newest."""
    return await _customers(deps, visit, code=code, after=after)


@post("/admin/customers", status_code=200)
async def add_customer(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """A new customer; the member code is made by us."""
    form = await read_form(request)
    given = form.given("name", "email", "phone", "locale")
    try:
        customer = await create_customer(
            deps.db, staff_of(visit), stamp_of(request, form), new=convert(given, NewCustomer)
        )
    except SHOWN as refusal:
        return await _customers(deps, visit, refusal=refusal, given=given)
    return see_other(visit, f"{visit.base}/admin/customers/{customer.id}")


async def _customer(
    deps: Site,
    visit: Visit,
    customer_id: UUID,
    *,
    refusal: Refusal | None = None,
    handed: Handed | None = None,
) -> Response[str]:
    staff = staff_of(visit)
    places = await places_of(deps, staff)
    tier = await get_member_tier(deps.db, staff, customer_id=customer_id)
    return page(
        visit,
        "admin/customer.html",
        deps=deps,
        customer=await get_customer(deps.db, staff, customer_id=customer_id),
        addresses=await receiving_addresses(deps.db, staff, customer_id=customer_id),
        parcels=await list_parcels(deps.db, staff, customer_id=customer_id, most=_PAGE),
        zone=visit.house_of.zone,
        zones=places.zones,
        refusal=refusal,
        handed=handed,
        tier=tier,
        tier_names=[(name, name) for name in tier.tiers],
        may_invite=visit.allowed("people:create"),
        may_change=visit.allowed("customers:change"),
    )


@get("/admin/customers/{customer_id:uuid}")
async def customer(deps: Deps, visit: Visiting, customer_id: FromPath[UUID]) -> Response[str]:
    """One customer: contact, addresses, parcels."""
    return await _customer(deps, visit, customer_id)


@post("/admin/customers/{customer_id:uuid}/invite", status_code=200)
async def invite_customer(
    request: PageRequest, deps: Deps, visit: Visiting, customer_id: FromPath[UUID]
) -> Response[str]:
    """A log-in for the customer: the one-time link is shown once."""
    form = await read_form(request)
    wanted: dict[str, object] = dict(form.given("email", "name", "locale"))
    wanted["customer_id"] = customer_id
    token = fresh_link(visit)
    try:
        person = await create_person(
            deps.db,
            staff_of(visit),
            stamp_of(request, form),
            new=invitation(wanted),
            link_token=token,
        )
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _customer(deps, visit, customer_id, refusal=refusal)
    handed = Handed(person.name, person.email, f"{visit.origin}{visit.base}/welcome/{token}")
    return await _customer(deps, visit, customer_id, handed=handed)


@post("/admin/customers/{customer_id:uuid}/tier", status_code=200)
async def change_tier(
    request: PageRequest, deps: Deps, visit: Visiting, customer_id: FromPath[UUID]
) -> Response[str]:
    """Another member tier, or none: what the base price of quotes is discounted by."""
    form = await read_form(request)
    try:
        new = convert({"tier": form.text("tier") or None}, NewTier)
        await change_member_tier(
            deps.db, staff_of(visit), stamp_of(request, form), customer_id=customer_id, new=new
        )
    except SHOWN as refusal:
        return await _customer(deps, visit, customer_id, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/customers/{customer_id}")


@get("/admin/walls")
async def walls(deps: Deps, visit: Visiting) -> Response[str]:
    """Whether anybody else's login reaches this house's data, as last tried."""
    staff = staff_of(visit)
    if not visit.allowed("audit:read"):
        raise Forbidden("a permission is missing", code="permission_missing")
    async with deps.db.control(staff) as tx:
        run = await last_isolation_run(tx)
        found = await list_isolation_findings(tx, run_id=run.run_id) if run else []
    mine = {visit.house_of.tenant, visit.house_of.slug}
    return page(
        visit,
        "admin/walls.html",
        deps=deps,
        run=run,
        findings=[one for one in found if one.tenant in mine and one.result == "open"],
        zone=visit.house_of.zone,
    )


OFFICE_PAGES = [
    walls, today, parcels, parcel, customers, add_customer, customer, invite_customer, change_tier,
]  # fmt: skip
