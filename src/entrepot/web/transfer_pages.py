"""Transfers on the phone: what leaves from here, what is on its way here, one scan at a time."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.access.flow import Stamp
from entrepot.flows.cancel_transfer import cancel_transfer
from entrepot.flows.close_transfer import close_transfer
from entrepot.flows.get_transfer import get_transfer
from entrepot.flows.list_transfers import list_transfers
from entrepot.flows.receive_transfer import receive_transfer
from entrepot.flows.send_transfer import send_transfer
from entrepot.kernel.principals import Staff, works_in
from entrepot.kernel.refusals import NotFound, Refusal
from entrepot.platform.documents import convert
from entrepot.stock.transfers.types import Arrived, ClosedShort, Loaded, TransferSummary
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of, told_number
from entrepot.web.found_by_scan import Scan, names_of_skus, scanned
from entrepot.web.refusals import beside_form, by_field
from entrepot.web.staff_pages import choose_first, here, staff_of, warehouses_of
from entrepot.web.transfer_lines import goods_faults, read_goods
from entrepot.web.visits import PageRequest, Visit

_PAGE = 50
_LIVE = ("draft", "sent")


@get("/staff/transfers")
async def transfers(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    before: FromQuery[UUID | None] = None,
    code: FromQuery[str] = "",
) -> Response[str]:
    """What is to be sent from this warehouse and what is on its way to it; `code`: what was
    scanned to find one."""
    node = await here(request, deps, visit)
    if node is None:
        return choose_first(visit)
    by, wanted = staff_of(visit), scanned(code)
    found = await _found(deps, visit, node.code, wanted) if wanted else []
    if len(found) == 1:
        return see_other(visit, f"{visit.base}/staff/transfers/{found[0].id}")
    rows = found or await list_transfers(
        deps.db, by, node=node.code, states=_LIVE, before=before, most=_PAGE
    )
    return page(
        visit,
        "staff/transfers.html",
        deps=deps,
        warehouse=node,
        to_send=[r for r in rows if r.from_ == node.code and r.state == "draft"],
        to_receive=[r for r in rows if r.to_ == node.code and r.state == "sent"],
        others=[
            r for r in rows
            if (r.from_ == node.code) == (r.state == "sent")
        ],
        scan=Scan(wanted, len(found)),
        next_url=f"{visit.path}?before={rows[-1].id}"
        if not found and len(rows) == _PAGE
        else None,
    )  # fmt: skip


async def _found(deps: Site, visit: Visit, node: str, code: str) -> list[TransferSummary]:
    """What a scan may stand for: work of this end, and only without any what waits at the other."""
    rows = await list_transfers(
        deps.db, staff_of(visit), node=node, states=_LIVE, most=_PAGE, code=code
    )
    ours = [row for row in rows if (row.from_ == node) == (row.state == "draft")]
    return ours or rows


@get("/staff/transfers/{transfer_id:uuid}")
async def transfer(
    deps: Deps,
    visit: Visiting,
    transfer_id: FromPath[UUID],
    done: FromQuery[str] = "",
) -> Response[str]:
    """One transfer: load it, receive it, or see where it is."""
    return await _transfer(deps, visit, transfer_id, done=done)


async def _transfer(
    deps: Site,
    visit: Visit,
    transfer_id: UUID,
    *,
    done: str = "",
    refusal: Refusal | None = None,
    given: Form | None = None,
) -> Response[str]:
    by = staff_of(visit)
    shown = await get_transfer(deps.db, by, transfer_id=transfer_id)
    zones = {node.code: node.zone for node in await warehouses_of(deps, by)}
    typed = given.raw.get("lines", "") if given else ""
    return page(
        visit,
        "staff/transfer.html",
        deps=deps,
        transfer=shown,
        names=await names_of_skus(deps, visit, [line.sku for line in shown.lines]),
        zone=zones.get(shown.to_) or zones.get(shown.from_, visit.house_of.zone),
        sending=shown.state == "draft"
        and works_in(by, shown.from_)
        and visit.allowed("stock:move"),
        receiving=shown.state == "sent"
        and works_in(by, shown.to_)
        and visit.allowed("stock:receive"),
        under_way=sum(g.sent - g.received - g.lost for g in shown.goods),
        came=sum(g.received for g in shown.goods),
        sent=sum(g.sent for g in shown.goods),
        done=told_number(done, digits=9),
        refusal=refusal,
        faults=goods_faults(visit, refusal, typed),
        fields=by_field(visit, refusal),
        given=given.fields if given else {},
        typed=typed,
    )


@post("/staff/transfers/{transfer_id:uuid}/{step:str}")
async def take_step(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    transfer_id: FromPath[UUID],
    step: FromPath[str],
) -> Response[str]:
    """Send, receive a scan or all of it, close short, call off."""
    form = await read_form(request)
    by, stamp = staff_of(visit), stamp_of(request, form)
    back = f"{visit.base}/staff/transfers/{transfer_id}"
    try:
        if step == "send":
            loaded = convert({"goods": read_goods(form.raw.get("lines", ""))}, Loaded)
            await send_transfer(deps.db, by, stamp, transfer_id=transfer_id, loaded=loaded)
        elif step == "receive":
            arrived = convert({"goods": [_arrived(form)]}, Arrived)
            await receive_transfer(deps.db, by, stamp, transfer_id=transfer_id, arrived=arrived)
            back += f"?done={arrived.goods[0].qty}"
        elif step == "all":
            await receive_transfer(deps.db, by, stamp, transfer_id=transfer_id, arrived=Arrived())
        else:
            await end_transfer(deps, by, stamp, form, transfer_id=transfer_id, step=step)
    except Refusal as refusal:
        if not beside_form(refusal, "unknown_transfer"):
            raise
        return await _transfer(deps, visit, transfer_id, refusal=refusal, given=form)
    return see_other(visit, back)


async def end_transfer(
    deps: Site, by: Staff, stamp: Stamp, form: Form, *, transfer_id: UUID, step: str
) -> None:
    """Close it short, or call it off. Raises NotFound for any other step."""
    if step == "close":
        short = convert(form.given("reason"), ClosedShort)
        await close_transfer(deps.db, by, stamp, transfer_id=transfer_id, short=short)
    elif step == "cancel":
        await cancel_transfer(deps.db, by, stamp, transfer_id=transfer_id)
    else:
        raise NotFound("there is no such step", code="no_such_page")


def _arrived(form: Form) -> dict[str, Any]:
    """One scan: the code, how many of it (one), where it is put, in which state."""
    found: dict[str, Any] = {"sku": form.text("code"), **form.given("serial", "lot")}
    if form.text("status") not in ("", "as_sent"):
        found["status"] = form.text("status")
    if form.text("bin"):
        found["bin"] = form.text("bin").upper()
    return found | form.whole("qty")


TRANSFER_PAGES = [transfers, transfer, take_step]
