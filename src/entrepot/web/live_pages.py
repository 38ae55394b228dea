"""Server-sent events: a page hears that something changed, and asks for its part again.

A stream ends when its session ends; the browser then comes back through the door.
"""

from collections.abc import AsyncIterator

from litestar import get
from litestar.params import FromPath
from litestar.response import ServerSentEvent, ServerSentEventMessage

from entrepot.access.sessions import find_logged_in
from entrepot.kernel.principals import Shopper, works_in
from entrepot.kernel.refusals import NotFound, Unauthenticated
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.door_pages import tenant_of
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import Visit

_RETRY_MS = 2000


async def _changes(deps: Site, visit: Visit, topic: str) -> AsyncIterator[ServerSentEventMessage]:
    tenant = tenant_of(visit)
    # Something at once, so that proxies and browsers know the stream is open.
    yield ServerSentEventMessage(comment="open", retry=_RETRY_MS)
    async for changed in deps.live.subscribe(tenant, topic):
        if await find_logged_in(deps.db, tenant, visit.session or "") is None:
            return
        if changed:
            yield ServerSentEventMessage(event="changed", data="1")
        else:
            yield ServerSentEventMessage(comment="quiet")


@get("/portal/events")
async def portal_events(deps: Deps, visit: Visiting) -> ServerSentEvent:
    """What changes for this shopper."""
    if not isinstance(visit.principal, Shopper):
        raise Unauthenticated("nobody is logged in")
    return ServerSentEvent(_changes(deps, visit, f"customer:{visit.principal.customer_id}"))


@get("/staff/events/{warehouse:str}")
async def staff_events(deps: Deps, visit: Visiting, warehouse: FromPath[str]) -> ServerSentEvent:
    """What changes in this warehouse."""
    if not works_in(staff_of(visit), warehouse):
        raise NotFound("there is no such warehouse for you", code="unknown_warehouse")
    return ServerSentEvent(_changes(deps, visit, f"warehouse:{warehouse}"))
