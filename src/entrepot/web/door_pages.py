"""Logging in and out, and the one-time link with which somebody chooses a password."""

from litestar import Response, get, post
from litestar.params import FromPath

from entrepot.access.sessions import enter_by_link, find_link_owner, log_in, log_out
from entrepot.access.types import Entered, LinkOwner
from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Shopper
from entrepot.kernel.refusals import Invalid, NotFound, Refusal, TooMany, Unauthenticated
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import read_form
from entrepot.web.refusals import by_field
from entrepot.web.visits import SESSION_COOKIE, PageRequest, Visit, house_cookie

_LONGEST_PASSWORD = 1000


def tenant_of(visit: Visit) -> TenantId:
    """The tenant whose door this is."""
    tenant = visit.house_of.tenant
    if tenant is None:
        raise NotFound("this page belongs to no tenant")
    return TenantId(tenant)


def safe_next(visit: Visit, wanted: str) -> str:
    """Where to go after logging in: only inside this house, never to another site."""
    inside = wanted.startswith(f"{visit.base}/") and "\\" not in wanted and "//" not in wanted
    return wanted if inside and wanted.isprintable() else ""


def _front(visit: Visit, entered: Entered) -> str:
    principal = entered.who.principal
    if isinstance(principal, Shopper):
        return f"{visit.base}/portal"
    works = {"parcels:receive", "parcels:put_away"} & principal.permissions
    office = {"people:read", "customers:read_contact"} & principal.permissions
    return f"{visit.base}/staff" if works and not office else f"{visit.base}/admin"


def _agent(request: PageRequest) -> str:
    return request.headers.get("user-agent", "")[:200]


def _peer(request: PageRequest) -> str:
    return request.client.host if request.client else ""


def _let_in(visit: Visit, entered: Entered, wanted: str) -> Response[str]:
    cookie = house_cookie(SESSION_COOKIE, entered.token, house=visit.house_of, secure=visit.secure)
    return see_other(visit, safe_next(visit, wanted) or _front(visit, entered), cookies=[cookie])


@get("/")
async def front(visit: Visiting) -> Response[str]:
    """The house's sign: on to where this reader works or shops."""
    if visit.principal is None:
        return see_other(visit, f"{visit.base}/log-in")
    return see_other(visit, visit.home)


@get("/log-in")
async def log_in_page(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """The door."""
    return _door(deps, visit, next_url=safe_next(visit, request.query_params.get("next", "")))


def _door(
    deps: Site, visit: Visit, *, next_url: str, email: str = "", refusal: Refusal | None = None
) -> Response[str]:
    return page(
        visit,
        "door/log_in.html",
        deps=deps,
        refusal=refusal,
        said="",
        next_url=next_url,
        email=email,
    )


@post("/log-in", status_code=200)
async def enter(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Let the right e-mail and password in."""
    form = await read_form(request)
    wanted = safe_next(visit, form.text("next"))
    email = form.text("email")[:254]
    try:
        entered = await log_in(
            deps.db,
            tenant_of(visit),
            email=email,
            password=form.raw.get("password", "")[:_LONGEST_PASSWORD],
            peer=_peer(request),
            agent=_agent(request),
        )
    except (Unauthenticated, Invalid, TooMany) as refusal:
        return _door(deps, visit, next_url=wanted, email=email, refusal=refusal)
    return _let_in(visit, entered, wanted)


@post("/log-out")
async def leave(deps: Deps, visit: Visiting) -> Response[str]:
    """End the session on this device."""
    if visit.session:
        await log_out(deps.db, tenant_of(visit), visit.session)
    gone = house_cookie(SESSION_COOKIE, "", house=visit.house_of, secure=visit.secure, max_age_s=0)
    return see_other(visit, f"{visit.base}/log-in", cookies=[gone])


async def _owner(deps: Site, visit: Visit, token: str) -> LinkOwner:
    owner = await find_link_owner(deps.db, tenant_of(visit), token)
    if owner is None:
        raise NotFound("this link is not valid any more", code="link_is_over")
    return owner


def _welcome(
    deps: Site, visit: Visit, owner: LinkOwner, refusal: Refusal | None = None
) -> Response[str]:
    return page(
        visit,
        "door/set_password.html",
        deps=deps,
        refusal=refusal,
        errors=by_field(visit, refusal),
        email=owner.email,
    )


@get("/welcome/{token:str}")
async def welcome(deps: Deps, visit: Visiting, token: FromPath[str]) -> Response[str]:
    """A one-time link: looking at it does not use it up."""
    return _welcome(deps, visit, await _owner(deps, visit, token))


@post("/welcome/{token:str}", status_code=200)
async def choose_password(
    request: PageRequest, deps: Deps, visit: Visiting, token: FromPath[str]
) -> Response[str]:
    """Use the link: set the password and go in."""
    form = await read_form(request)
    owner = await _owner(deps, visit, token)
    try:
        entered = await enter_by_link(
            deps.db,
            tenant_of(visit),
            token=token,
            password=form.raw.get("password", "")[:_LONGEST_PASSWORD],
            agent=_agent(request),
        )
    except Invalid as refusal:
        return _welcome(deps, visit, owner, refusal)
    return _let_in(visit, entered, "")


@get("/{rest:path}")
async def no_such_page(rest: FromPath[str]) -> Response[str]:
    """Whatever else is asked for in this house, answered in the reader's language."""
    raise NotFound("there is no such page", code="no_such_page", asked=rest[:100])


DOOR_PAGES = [no_such_page, front, log_in_page, enter, leave, welcome, choose_password]
