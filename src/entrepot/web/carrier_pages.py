"""The office's live carriers: who is asked for prices beside our own cards, and the switch."""

from litestar import Response, get, post
from litestar.params import FromPath

from entrepot.carriers.connections import Switch
from entrepot.flows.list_carrier_connections import list_carrier_connections
from entrepot.flows.switch_carrier import switch_carrier
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Visiting
from entrepot.web.forms import read_form, stamp_of
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest


@get("/admin/prices/carriers")
async def carriers(deps: Deps, visit: Visiting) -> Response[str]:
    """Every connection: what it offers, from where, and whether it is asked."""
    return page(
        visit,
        "prices/carriers.html",
        deps=deps,
        connections=await list_carrier_connections(deps.db, staff_of(visit)),
        may_change=visit.allowed("rate_cards:change"),
    )


@post("/admin/prices/carriers/{code:str}", status_code=200)
async def switch_connection(
    request: PageRequest, deps: Deps, visit: Visiting, code: FromPath[str]
) -> Response[str]:
    """Ask it from now on, or no longer."""
    form = await read_form(request)
    to = Switch(enabled=form.text("enabled") == "true")
    await switch_carrier(deps.db, staff_of(visit), stamp_of(request, form), code=code, to=to)
    return see_other(visit, f"{visit.base}/admin/prices/carriers")


CARRIER_PAGES = [carriers, switch_connection]
