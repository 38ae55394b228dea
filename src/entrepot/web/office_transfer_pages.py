"""Transfers in the office: what is under way, since when, what is late; a new one."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.create_transfer import create_transfer
from entrepot.flows.get_transfer import get_transfer
from entrepot.flows.list_nodes import list_nodes
from entrepot.flows.list_transfers import list_transfers
from entrepot.kernel.principals import works_in
from entrepot.kernel.refusals import Refusal
from entrepot.platform.documents import convert
from entrepot.stock.transfers.types import NewTransfer
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.found_by_scan import names_of_skus
from entrepot.web.languages import DAY_ENDS
from entrepot.web.refusals import SHOWN_OR_FORBIDDEN, beside_form, by_field
from entrepot.web.staff_pages import staff_of
from entrepot.web.transfer_lines import goods_faults, read_goods
from entrepot.web.transfer_pages import end_transfer
from entrepot.web.visits import PageRequest, Visit

_PAGE = 50
_STATES = {
    "live": ("draft", "sent"),
    "sent": ("sent",),
    "draft": ("draft",),
    "closed": ("received", "short", "cancelled"),
}


@get("/admin/transfers")
async def transfers(
    deps: Deps,
    visit: Visiting,
    show: FromQuery[str] = "live",
    node: FromQuery[str] = "",
    before: FromQuery[UUID | None] = None,
) -> Response[str]:
    """Transfers, newest first; `show` late: those that should have arrived."""
    return await _list(deps, visit, show=show, node=node, before=before)


async def _list(
    deps: Site,
    visit: Visit,
    *,
    show: str = "live",
    node: str = "",
    before: UUID | None = None,
    refusal: Refusal | None = None,
    given: Form | None = None,
) -> Response[str]:
    by, place = staff_of(visit), node.strip()[:16]
    rows = await list_transfers(
        deps.db, by, states=_STATES.get(show, _STATES["live"]), node=place or None,
        overdue=show == "late", before=before, most=_PAGE,
    )  # fmt: skip
    nodes = await list_nodes(deps.db, by)
    typed = given.raw.get("lines", "") if given else ""
    return page(
        visit,
        "admin/transfers.html",
        deps=deps,
        rows=rows,
        under_way=sum(row.under_way for row in rows),
        late=sum(row.overdue for row in rows),
        show=show if show in _STATES or show == "late" else "live",
        node=place,
        nodes=nodes,
        zones={one.code: one.zone for one in nodes},
        everywhere=by.warehouses is None,
        refusal=refusal,
        fields=by_field(visit, refusal),
        faults=goods_faults(visit, refusal, typed),
        given=given.fields if given else {},
        typed=typed,
        next_before=rows[-1].id if len(rows) == _PAGE else None,
    )


@post("/admin/transfers")
async def draw_up(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Draw up a transfer."""
    form = await read_form(request)
    by, stamp = staff_of(visit), stamp_of(request, form)
    try:
        document: dict[str, Any] = form.given("reference", "owner")
        document |= {end: form.text(end).upper() for end in ("from", "to")}
        document["lines"] = read_goods(form.raw.get("lines", ""), "lines")
        if form.text("expected_on"):
            # What is expected on a day is late after it, at the place where it is to arrive.
            zones = await _zones(deps, visit)
            there = zones.get(document.get("to", ""), visit.house_of.zone)
            document["expected_at"] = form.instant("expected_on", at=DAY_ENDS, zone=there)
        made = await create_transfer(deps.db, by, stamp, new=convert(document, NewTransfer))
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _list(deps, visit, refusal=refusal, given=form)
    return see_other(visit, f"{visit.base}/admin/transfers/{made.id}")


async def _zones(deps: Site, visit: Visit) -> dict[str, str]:
    """Zones of the nodes that the reader knows."""
    return {one.code: one.zone for one in await list_nodes(deps.db, staff_of(visit))}


@get("/admin/transfers/{transfer_id:uuid}")
async def transfer(deps: Deps, visit: Visiting, transfer_id: FromPath[UUID]) -> Response[str]:
    """One transfer with what was sent, came and was lost."""
    return await _one(deps, visit, transfer_id)


async def _one(
    deps: Site, visit: Visit, transfer_id: UUID, refusal: Refusal | None = None
) -> Response[str]:
    by = staff_of(visit)
    shown = await get_transfer(deps.db, by, transfer_id=transfer_id)
    return page(
        visit,
        "admin/transfer.html",
        deps=deps,
        transfer=shown,
        names=await names_of_skus(deps, visit, [line.sku for line in shown.lines]),
        zone=visit.house_of.zone,
        zones=await _zones(deps, visit),
        sends=shown.state == "draft" and works_in(by, shown.from_),
        cancels=shown.state == "draft" and visit.allowed("stock:move"),
        closes=shown.state == "sent" and works_in(by, shown.to_) and visit.allowed("stock:receive"),
        refusal=refusal,
    )


@post("/admin/transfers/{transfer_id:uuid}/{step:str}")
async def take_office_step(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    transfer_id: FromPath[UUID],
    step: FromPath[str],
) -> Response[str]:
    """Call a draft off, or close short what will not come."""
    form = await read_form(request)
    by, stamp = staff_of(visit), stamp_of(request, form)
    try:
        await end_transfer(deps, by, stamp, form, transfer_id=transfer_id, step=step)
    except Refusal as refusal:
        if not beside_form(refusal, "unknown_transfer"):
            raise
        return await _one(deps, visit, transfer_id, refusal)
    return see_other(visit, f"{visit.base}/admin/transfers/{transfer_id}")


OFFICE_TRANSFER_PAGES = [transfers, draw_up, transfer, take_office_step]
