"""Adjustments in the office: ask, decide; goods that are kept back, and their release."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.flows.approve_adjustment import approve_adjustment
from entrepot.flows.ask_adjustment import ask_adjustment
from entrepot.flows.change_stock_status import change_stock_status
from entrepot.flows.get_adjustment import get_adjustment
from entrepot.flows.list_adjustments import list_adjustments
from entrepot.flows.list_kept_back import list_kept_back
from entrepot.flows.name_actors import name_actors
from entrepot.flows.reject_adjustment import reject_adjustment
from entrepot.flows.withdraw_adjustment import withdraw_adjustment
from entrepot.kernel.refusals import NotFound, Refusal
from entrepot.platform.documents import convert
from entrepot.stock.adjustment_rules import causes, status_steps
from entrepot.stock.adjustment_types import Decision, NewAdjustment, NewStatusChange
from entrepot.web import lot_words, words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.found_by_scan import names_of_skus
from entrepot.web.refusals import SHOWN_OR_FORBIDDEN, beside_form
from entrepot.web.staff_pages import staff_of, warehouses_of
from entrepot.web.visits import PageRequest, Visit

_PAGE = 50
_STATES = tuple(lot_words.ADJUSTMENT_STATE)
_ASKED = ("node", "sku", "qty", "cause", "bin", "status", "lot", "serial", "note")
_SET_ASIDE = ("node", "sku", "qty", "bin", "lot", "serial", "to_status", "cause", "note")
_KIND = ("node", "sku", "bin", "lot", "owner", "status")
_STEPS = {
    "approve": approve_adjustment,
    "reject": reject_adjustment,
    "withdraw": withdraw_adjustment,
}


@get("/admin/adjustments")
async def adjustments(
    deps: Deps, visit: Visiting, before: FromQuery[UUID | None] = None
) -> Response[str]:
    """Adjustments, or those in one state."""
    return await _list(deps, visit, state=visit.query.get("state", ""), before=before)


async def _list(
    deps: Site,
    visit: Visit,
    *,
    state: str = "",
    before: UUID | None = None,
    refusal: Refusal | None = None,
    given: Form | None = None,
) -> Response[str]:
    by = staff_of(visit)
    wanted = state if state in _STATES else None
    errors, faults = lot_words.at_fields(visit, refusal, _ASKED)
    rows = await list_adjustments(deps.db, by, node=None, state=wanted, before=before, most=_PAGE)
    say = visit.say
    choices = [
        (f"{cause.code} {reason}",
         f"{say(lot_words.CAUSE[cause.code])} · {say(words.STOCK_REASON[reason])}")
        for cause in causes().values() if cause.kind == "adjust"
        for reason in sorted(cause.reasons)
    ]  # fmt: skip
    return page(
        visit,
        "admin/adjustments.html",
        deps=deps,
        rows=rows,
        names=await name_actors(deps.db, by, actors=[row.asked_by for row in rows]),
        state=wanted or "",
        states=_STATES,
        choices=choices,
        warehouses=await warehouses_of(deps, by),
        told=lot_words.ALL,
        refusal=refusal,
        told_by=lot_words.in_words,
        errors=errors,
        faults=faults,
        given=given.fields if given else {},
        next_url=f"{visit.path}?state={wanted or ''}&before={rows[-1].id}"
        if len(rows) == _PAGE
        else None,
    )


@post("/admin/adjustments")
async def ask(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Ask for an adjustment of one kind of goods."""
    form = await read_form(request)
    try:
        cause, _, reason = form.text("cause").partition(" ")
        line = form.given("sku", "bin", "lot", "serial", "status") | {"reason": reason}
        wanted = {"cause": cause, "lines": [line | form.whole("qty")], **form.given("node", "note")}
        made = await ask_adjustment(
            deps.db, staff_of(visit), stamp_of(request, form), new=convert(wanted, NewAdjustment)
        )
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _list(deps, visit, refusal=refusal, given=form)
    return see_other(visit, f"{visit.base}/admin/adjustments/{made.id}")


@get("/admin/adjustments/{adjustment_id:uuid}")
async def adjustment(deps: Deps, visit: Visiting, adjustment_id: FromPath[UUID]) -> Response[str]:
    """One adjustment, to decide or to look at."""
    return await _one(deps, visit, adjustment_id)


async def _one(
    deps: Site, visit: Visit, adjustment_id: UUID, *, refusal: Refusal | None = None, note: str = ""
) -> Response[str]:
    by = staff_of(visit)
    found = await get_adjustment(deps.db, by, adjustment_id=adjustment_id)
    actors = [actor for actor in (found.asked_by, found.decided_by) if actor]
    return page(
        visit,
        "admin/adjustment.html",
        deps=deps,
        one=found,
        names=await name_actors(deps.db, by, actors=actors),
        called=await names_of_skus(deps, visit, [line.sku for line in found.lines]),
        own=found.asked_by == by.actor,
        told=lot_words.ALL,
        refusal=refusal,
        told_by=lot_words.in_words,
        note=note,
        zone=visit.house_of.zone,
    )


@post("/admin/adjustments/{adjustment_id:uuid}/{step:str}")
async def decide(
    request: PageRequest,
    deps: Deps,
    visit: Visiting,
    adjustment_id: FromPath[UUID],
    step: FromPath[str],
) -> Response[str]:
    """Approve, reject or withdraw."""
    form = await read_form(request)
    if step not in _STEPS:
        raise NotFound("there is no such step", code="no_such_page")
    try:
        said = convert(form.given("note"), Decision)
        await _STEPS[step](
            deps.db, staff_of(visit), stamp_of(request, form), adjustment_id=adjustment_id,
            said=said,
        )  # fmt: skip
    except Refusal as refusal:
        if not beside_form(refusal, "unknown_adjustment"):
            raise
        return await _one(deps, visit, adjustment_id, refusal=refusal, note=form.text("note"))
    return see_other(visit, f"{visit.base}/admin/adjustments/{adjustment_id}")


@get("/admin/kept-back")
async def kept_back(
    deps: Deps,
    visit: Visiting,
    node: FromQuery[str] = "",
    status: FromQuery[str] = "",
    after: FromQuery[list[str] | None] = None,
) -> Response[str]:
    """Goods that are damaged, in quarantine, on hold or expired."""
    return await _kept(deps, visit, node=node, status=status, after=after or [])


async def _kept(
    deps: Site,
    visit: Visit,
    *,
    node: str = "",
    status: str = "",
    after: list[str] | None = None,
    refusal: Refusal | None = None,
    given: Form | None = None,
) -> Response[str]:
    by = staff_of(visit)
    start = [text[:80] for text in after or []]
    errors, faults = lot_words.at_fields(visit, refusal, _SET_ASIDE)
    rows = await list_kept_back(
        deps.db, by, node=node.strip()[:16] or None, sku=None, statuses=[status],
        after=start if len(start) == 6 else [""] * 6, most=_PAGE,
    )  # fmt: skip
    return page(
        visit,
        "admin/kept_back.html",
        deps=deps,
        rows=rows,
        called=await names_of_skus(deps, visit, [row.sku for row in rows]),
        node=node,
        chosen=status,
        warehouses=await warehouses_of(deps, by),
        told=lot_words.ALL,
        causes=[
            (cause.code, visit.say(lot_words.CAUSE[cause.code]))
            for cause in causes().values()
            if cause.kind == "status"
        ],
        aside=_named(visit, ["quarantine", "hold", "damaged"]),
        targets={row.status: _targets(visit, row.status) for row in rows},
        refusal=refusal,
        told_by=lot_words.in_words,
        errors=errors,
        faults=faults,
        given=given.fields if given else {},
        asked=_kind(given.fields) if given else None,
        kinds={row: _kind(msgspec.structs.asdict(row)) for row in rows},
        zone=visit.house_of.zone,
        last=rows[-1] if len(rows) == _PAGE else None,
    )


def _kind(fields: Mapping[str, object]) -> tuple[object, ...]:
    """Which goods a row, or a form that was sent from it, is about."""
    return tuple(fields.get(name) or "" for name in _KIND)


def _named(visit: Visit, statuses: list[str]) -> list[tuple[str, str]]:
    return [(status, visit.say(words.STOCK_STATUS[status])) for status in statuses]


def _targets(visit: Visit, status: str) -> list[tuple[str, str]]:
    """The statuses that this reader may give goods of a status, with their names."""
    return _named(visit, [
        target for (source, target), needed in status_steps().items()
        if source == status and visit.allowed(needed)
    ])  # fmt: skip


@post("/admin/kept-back")
async def change_status(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Give goods another status, with a cause."""
    form = await read_form(request)
    try:
        line = form.given("sku", "bin", "lot", "serial", "status", "to_status", "owner")
        wanted = {"lines": [line | form.whole("qty")], **form.given("node", "cause", "note")}
        await change_stock_status(
            deps.db, staff_of(visit), stamp_of(request, form),
            new=convert(wanted, NewStatusChange),
        )  # fmt: skip
    except SHOWN_OR_FORBIDDEN as refusal:
        return await _kept(deps, visit, refusal=refusal, given=form)
    return see_other(visit, f"{visit.base}/admin/kept-back")


ADJUSTMENT_PAGES = [adjustments, ask, adjustment, decide, kept_back, change_status]
