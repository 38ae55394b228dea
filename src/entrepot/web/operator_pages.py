"""The operator's pages: tenants, servers, and whether the walls between tenants hold."""

from collections.abc import Awaitable, Callable

import msgspec
from litestar import Response, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from entrepot.access.operators import enter_as_operator, find_operator, log_out_operator
from entrepot.kernel.principals import Operator
from entrepot.kernel.refusals import Unauthenticated
from entrepot.tenancy.queries import (
    last_isolation_run,
    list_isolation_findings,
    list_isolation_layers,
    list_servers,
    list_tenants,
)
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.entering import OUR_HOUSE, check_form, keep_visit
from entrepot.web.visits import (
    SESSION_COOKIE,
    House,
    PageConnection,
    PageRequest,
    Visit,
    begin_visit,
    house_cookie,
)

PLATFORM = House(
    base="/platform", names={"en": "Entrepot"}, slug="Entrepot", zone="UTC", tenant=None
)
Guard = Callable[[PageConnection, BaseRouteHandler], Awaitable[None]]


def operator_guard(site: Site) -> Guard:
    """Opens the visit of an operator's page; the session lies in the control database."""

    async def open_visit(connection: PageConnection, _: BaseRouteHandler) -> None:
        token = connection.cookies.get(SESSION_COOKIE)
        operator = await find_operator(site.db, token) if token else None
        visit = begin_visit(connection, PLATFORM, None, session=token if operator else None)
        if operator is not None:
            visit = msgspec.structs.replace(visit, principal=operator, person_name=operator.name)
        keep_visit(connection, visit)
        await check_form(connection, visit.session)

    return open_visit


def public_guard(site: Site) -> Guard:
    """Opens the visit of a page that needs no log-in and belongs to no tenant."""

    async def open_visit(connection: PageConnection, _: BaseRouteHandler) -> None:
        keep_visit(connection, begin_visit(connection, OUR_HOUSE, None))
        await check_form(connection, None)

    return open_visit


def operator_of(visit: Visit) -> Operator:
    """The operator. Raises Unauthenticated when nobody is logged in."""
    if not isinstance(visit.principal, Operator):
        raise Unauthenticated("no operator is logged in", code="operator_needed")
    return visit.principal


@get("/")
async def tenants(deps: Deps, visit: Visiting) -> Response[str]:
    """Every tenant, its state and where it lives."""
    async with deps.db.control(operator_of(visit)) as tx:
        found = await list_tenants(tx)
    return page(visit, "platform/tenants.html", deps=deps, tenants=found)


@get("/servers")
async def servers(deps: Deps, visit: Visiting) -> Response[str]:
    """The PostgreSQL servers."""
    async with deps.db.control(operator_of(visit)) as tx:
        found = await list_servers(tx)
    return page(visit, "platform/servers.html", deps=deps, servers=found)


@get("/isolation")
async def isolation(deps: Deps, visit: Visiting) -> Response[str]:
    """The last check of the walls: layers, and what is open."""
    async with deps.db.control(operator_of(visit)) as tx:
        run = await last_isolation_run(tx)
        layers = await list_isolation_layers(tx, run_id=run.run_id) if run else []
        findings = await list_isolation_findings(tx, run_id=run.run_id) if run else []
    return page(
        visit,
        "platform/isolation.html",
        deps=deps,
        run=run,
        layers=layers,
        findings=findings,
    )


@get("/enter/{token:str}")
async def enter_page(deps: Deps, visit: Visiting, token: FromPath[str]) -> Response[str]:
    """A one-time link: looking does not use it up, the button does."""
    return page(visit, "platform/enter.html", deps=deps)


@post("/enter/{token:str}")
async def enter(
    request: PageRequest, deps: Deps, visit: Visiting, token: FromPath[str]
) -> Response[str]:
    """Use the link up and go in."""
    agent = request.headers.get("user-agent", "")
    session, _ = await enter_as_operator(deps.db, token=token, agent=agent)
    cookie = house_cookie(SESSION_COOKIE, session, house=PLATFORM, secure=visit.secure)
    return see_other(visit, "/platform", cookies=[cookie])


@post("/log-out")
async def leave(deps: Deps, visit: Visiting) -> Response[str]:
    """End the operator's session."""
    if visit.session:
        await log_out_operator(deps.db, visit.session)
    gone = house_cookie(SESSION_COOKIE, "", house=PLATFORM, secure=visit.secure, max_age_s=0)
    return see_other(visit, "/", cookies=[gone])


OPERATOR_PAGES = [tenants, servers, isolation, enter_page, enter, leave]
