"""The shopper's pages: what has arrived, what comes, what to decide; each parcel; the address."""

from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from entrepot.flows.get_customer import get_customer
from entrepot.flows.get_parcel import get_parcel
from entrepot.flows.receiving_addresses import receiving_addresses
from entrepot.flows.shopper_home import shopper_home
from entrepot.kernel.principals import Shopper
from entrepot.kernel.refusals import Unauthenticated
from entrepot.nodes.types import ReceivingAddress
from entrepot.web.answers import page
from entrepot.web.consolidation_views import click_context
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.visits import Visit


class Places(msgspec.Struct, frozen=True):
    """Names and zones of the warehouses, by code."""

    zones: dict[str, str]
    names: dict[str, dict[str, str]]


def shopper_of(visit: Visit) -> Shopper:
    """The shopper. Raises Unauthenticated when nobody is logged in."""
    if not isinstance(visit.principal, Shopper):
        raise Unauthenticated("nobody is logged in")
    return visit.principal


async def addresses_of(deps: Site, visit: Visit) -> list[ReceivingAddress]:
    """Where this shopper lets sellers send."""
    return await receiving_addresses(deps.db, shopper_of(visit))


def places_of(addresses: list[ReceivingAddress]) -> Places:
    """What the shopper's pages say of warehouses."""
    return Places(
        zones={address.warehouse: address.zone for address in addresses},
        names={address.warehouse: address.names for address in addresses},
    )


async def suite_code_of(deps: Site, visit: Visit) -> str:
    """The shopper's own member code."""
    return (await get_customer(deps.db, shopper_of(visit))).suite_code


async def _home(deps: Site, visit: Visit, template: str, suite_code: str) -> Response[str]:
    places = places_of(await addresses_of(deps, visit))
    return page(
        visit,
        template,
        deps=deps,
        home=await shopper_home(deps.db, shopper_of(visit)),
        zone=visit.house_of.zone,
        zones=places.zones,
        names=places.names,
        suite_code=suite_code,
        **await click_context(deps, visit, shopper_of(visit)),
    )


@get("/portal")
async def home(deps: Deps, visit: Visiting) -> Response[str]:
    """The first screen."""
    return await _home(deps, visit, "portal/home.html", await suite_code_of(deps, visit))


@get("/portal/home-part")
async def home_part(deps: Deps, visit: Visiting) -> Response[str]:
    """The first screen's lists alone, when something changed."""
    return await _home(deps, visit, "portal/home_part.html", "")


async def _parcel(deps: Site, visit: Visit, parcel_id: UUID, template: str) -> Response[str]:
    places = places_of(await addresses_of(deps, visit))
    return page(
        visit,
        template,
        deps=deps,
        parcel=await get_parcel(deps.db, shopper_of(visit), parcel_id=parcel_id),
        zone=visit.house_of.zone,
        zones=places.zones,
        names=places.names,
        live=True,
        back=f"{visit.base}/portal",
        owner_shown=False,
        bin_shown=False,
        prices_shown=True,
    )


@get("/portal/parcels/{parcel_id:uuid}")
async def parcel(deps: Deps, visit: Visiting, parcel_id: FromPath[UUID]) -> Response[str]:
    """One parcel and all that happened to it."""
    return await _parcel(deps, visit, parcel_id, "portal/parcel.html")


@get("/portal/parcels/{parcel_id:uuid}/part")
async def parcel_part(deps: Deps, visit: Visiting, parcel_id: FromPath[UUID]) -> Response[str]:
    """The parcel's facts alone, when something changed."""
    return await _parcel(deps, visit, parcel_id, "portal/parcel_part.html")


@get("/portal/address")
async def address(deps: Deps, visit: Visiting) -> Response[str]:
    """The receiving address of each warehouse, ready to copy."""
    return page(
        visit,
        "portal/address.html",
        deps=deps,
        addresses=await addresses_of(deps, visit),
        suite_code=await suite_code_of(deps, visit),
    )


PORTAL_PAGES = [home, home_part, parcel, parcel_part, address]
