"""The door of every page: finds the house and the reader, and refuses forged forms.

Hangs as guards on the page routers, so the API never pays for sessions.
"""

from collections.abc import Awaitable, Callable

from litestar import Request
from litestar.handlers import BaseRouteHandler

from entrepot.access.sessions import find_logged_in
from entrepot.kernel.principals import Shopper, Staff
from entrepot.kernel.refusals import Forbidden, Unauthenticated
from entrepot.web import csrf
from entrepot.web.deps import PageTenant, Site
from entrepot.web.visits import (
    SESSION_COOKIE,
    VISIT_COOKIE,
    House,
    PageConnection,
    PageRequest,
    Visit,
    begin_visit,
)

Guard = Callable[[PageConnection, BaseRouteHandler], Awaitable[None]]
_LOOKS = frozenset({"GET", "HEAD"})
_KEPT = "entrepot_visit"

OUR_HOUSE = House(base="", names={"en": "Entrepot"}, slug="Entrepot", zone="UTC", tenant=None)
"""Where pages belong to no tenant: the operator's and those that were not found."""


def house_guard(deps: Site) -> Guard:
    """Opens the visit of a tenant's page; a write needs the page's token."""

    async def open_visit(connection: PageConnection, _: BaseRouteHandler) -> None:
        tenant = await deps.tenants.tenant_of_slug(str(connection.path_params["slug"]))
        house = house_of(tenant)
        token = connection.cookies.get(SESSION_COOKIE)
        reader = await find_logged_in(deps.db, tenant.id, token) if token else None
        visit = begin_visit(connection, house, reader, session=token if reader else None)
        keep_visit(connection, visit)
        await check_form(connection, visit.session)

    return open_visit


def house_of(tenant: PageTenant) -> House:
    """The house of a tenant's pages."""
    return House(
        base=f"/t/{tenant.slug}",
        names=tenant.names,
        slug=tenant.slug,
        zone=tenant.zone,
        tenant=tenant.id,
        trade=tenant.kind,
    )


async def check_form(connection: PageConnection, session: str | None) -> None:
    """Refuse a write without the token of this session's (or, before log-in, visit's) pages."""
    if not isinstance(connection, Request) or connection.method in _LOOKS:
        return
    offered = connection.headers.get(csrf.HEADER)
    if offered is None:
        offered = (await connection.form()).get(csrf.FIELD)
    csrf.check(
        cookie=session or connection.cookies.get(VISIT_COOKIE),
        offered=offered if isinstance(offered, str) else None,
        fetch_site=connection.headers.get("sec-fetch-site"),
    )


async def staff_only(connection: PageConnection, _: BaseRouteHandler) -> None:
    """Only people who work for the tenant."""
    _only(connection, Staff)


async def shoppers_only(connection: PageConnection, _: BaseRouteHandler) -> None:
    """Only customers."""
    _only(connection, Shopper)


def _only(connection: PageConnection, kind: type[Staff] | type[Shopper]) -> None:
    visit = visit_of(connection)
    if visit is None or visit.principal is None:
        raise Unauthenticated("nobody is logged in")
    if not isinstance(visit.principal, kind):
        raise Forbidden("this page is for others", code="wrong_kind_of_caller")


def keep_visit(connection: PageConnection, visit: Visit) -> None:
    """Remember the visit for the rest of the request."""
    connection.scope["state"][_KEPT] = visit


def visit_of(connection: PageConnection) -> Visit | None:
    """The visit of this request, or None before the door."""
    found = connection.scope["state"].get(_KEPT)
    return found if isinstance(found, Visit) else None


async def provide_visit(request: PageRequest) -> Visit:
    """The visit as a handler's argument."""
    visit = visit_of(request)
    if visit is None:
        raise Unauthenticated("this page has no door")
    return visit
