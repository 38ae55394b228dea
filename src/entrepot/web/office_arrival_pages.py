"""ASNs in the office: what is announced and how far it is, one of them, a new one from a table."""

import re
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from entrepot.flows.cancel_asn import cancel_asn
from entrepot.flows.close_asn import close_asn
from entrepot.flows.get_asn import get_asn
from entrepot.flows.import_asn import import_asn
from entrepot.flows.list_asns import list_asns
from entrepot.kernel.refusals import NotFound, Refusal
from entrepot.platform.documents import convert
from entrepot.stock.arrivals.types import AsnFile, AsnState, CloseAsn
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.dock_forms import field_of
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.languages import DAY_ENDS
from entrepot.web.refusals import SHOWN_OR_FORBIDDEN, beside_form, by_field, field_words
from entrepot.web.staff_pages import staff_of, warehouses_of
from entrepot.web.visits import PageRequest, Visit


def _(text: str) -> str:
    return text


_PAGE = 50
_COLUMNS = "code,qty,unit,lot,expires_on"
_PLACE = re.compile(r"(rows|lines)\[(\d+)\]")
_GOODS = ("lines", "csv", "code", "qty")
_NAMES = {
    "code": _("Code of the goods"), "qty": _("Quantity"), "lot": _("Lot"),
    "expires_on": _("Expires on"),
}  # fmt: skip
STATES: dict[str, AsnState] = {
    "announced": "announced", "receiving": "receiving", "received": "received",
    "cancelled": "cancelled",
}  # fmt: skip


@get("/admin/arrivals")
async def asns(
    deps: Deps,
    visit: Visiting,
    in_state: Annotated[str, QueryParameter(name="state")] = "",
    node: FromQuery[str] = "",
    after: FromQuery[UUID | None] = None,
) -> Response[str]:
    """ASNs with their progress, newest first."""
    by, wanted, place = staff_of(visit), STATES.get(in_state), node.strip()[:16]
    rows = await list_asns(deps.db, by, state=wanted, node=place or None, after=after, most=_PAGE)
    warehouses = await warehouses_of(deps, by)
    return page(
        visit,
        "admin/arrivals.html",
        deps=deps,
        asns=rows,
        state=wanted or "",
        states=STATES,
        node=place,
        warehouses=warehouses,
        zones={one.code: one.zone for one in warehouses},
        next_after=rows[-1].id if len(rows) == _PAGE else None,
    )


@get("/admin/arrivals/new")
async def new_asn(deps: Deps, visit: Visiting) -> Response[str]:
    """The form of a new ASN."""
    return await _new(deps, visit)


async def _new(
    deps: Site, visit: Visit, *, refusal: Refusal | None = None, given: Form | None = None
) -> Response[str]:
    return page(
        visit,
        "admin/new_arrival.html",
        deps=deps,
        warehouses=await warehouses_of(deps, staff_of(visit)),
        refusal=refusal,
        errors=by_field(visit, refusal),
        faults=_faults(visit, refusal, given.raw.get("lines", "") if given else ""),
        given=given.fields if given else {},
        lines=given.raw.get("lines", "") if given else "",
    )


def _faults(visit: Visit, refusal: Refusal | None, typed: str) -> list[tuple[str, str, str]]:
    """What is wrong with the goods: the line as it was typed and the name of its column, both
    empty where a fault is about none, and the words."""
    rows = [line.strip() for line in _table(typed).splitlines()]
    goods = [row for row in rows[1:] if row]
    found = []
    for error in refusal.errors if refusal else ():
        place = _PLACE.match(error.path)
        if place is None and not error.path.startswith(_GOODS):
            continue
        lines, at = (goods, 0) if place and place[1] == "lines" else (rows, 1)
        at = int(place[2]) - at if place else -1
        column = _NAMES.get(field_of(error), "")
        line = lines[at] if 0 <= at < len(lines) else ""
        found.append((line, visit.say(column) if column else "", field_words(visit, error)))
    return found


@post("/admin/arrivals/new")
async def announce(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """A new ASN; its lines are a table, copied from a sheet or typed."""
    form = await read_form(request)
    by = staff_of(visit)
    try:
        nodes = {node.code: node.zone for node in await warehouses_of(deps, by)}
        wanted = {
            **form.given("reference", "node", "supplier"),
            "expected_at": form.instant(
                "expected_on", at=DAY_ENDS, zone=nodes.get(form.text("node"), "UTC")
            ),
            "csv": _table(form.raw.get("lines", "")),
        }
        made = await import_asn(deps.db, by, stamp_of(request, form), file=convert(wanted, AsnFile))
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _new(deps, visit, refusal=refusal, given=form)
    return see_other(visit, f"{visit.base}/admin/arrivals/{made.id}")


def _table(text: str) -> str:
    """The lines with the names of their columns before them."""
    first = text.strip().partition("\n")[0].lower()
    if first.startswith("code"):
        return text.strip()
    separator = "\t" if "\t" in first else ";" if ";" in first else ","
    columns = _COLUMNS.split(",")[: max(2, first.count(separator) + 1)]
    return f"{separator.join(columns)}\n{text.strip()}"


@get("/admin/arrivals/{asn_id:uuid}")
async def asn_page(deps: Deps, visit: Visiting, asn_id: FromPath[UUID]) -> Response[str]:
    """One ASN: announced, received, still open, too many."""
    return await _asn(deps, visit, asn_id)


async def _asn(
    deps: Site, visit: Visit, asn_id: UUID, *, refusal: Refusal | None = None
) -> Response[str]:
    by = staff_of(visit)
    asn = await get_asn(deps.db, by, asn_id=asn_id)
    zones = {node.code: node.zone for node in await warehouses_of(deps, by)}
    return page(
        visit,
        "admin/arrival.html",
        deps=deps,
        asn=asn,
        zone=zones.get(asn.node, visit.house_of.zone),
        refusal=refusal,
    )


@post("/admin/arrivals/{asn_id:uuid}/{step:str}")
async def end_asn(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    asn_id: FromPath[UUID],
    step: FromPath[str],
) -> Response[str]:
    """Close or cancel it."""
    form = await read_form(request)
    by, stamp = staff_of(visit), stamp_of(request, form)
    try:
        if step == "cancel":
            await cancel_asn(deps.db, by, stamp, asn_id=asn_id)
        elif step == "close":
            closing = convert(form.given("reason"), CloseAsn)
            await close_asn(deps.db, by, stamp, asn_id=asn_id, closing=closing)
        else:
            raise NotFound("there is no such step", code="no_such_page")
    except Refusal as refusal:
        if not beside_form(refusal, "unknown_asn"):
            raise
        return await _asn(deps, visit, asn_id, refusal=refusal)
    return see_other(visit, f"{visit.base}/admin/arrivals/{asn_id}")


OFFICE_ARRIVAL_PAGES = [asns, new_asn, announce, asn_page, end_asn]
