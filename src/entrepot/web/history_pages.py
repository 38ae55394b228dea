"""The history of a SKU in the office: filters, running balance, documents, a past day."""

from datetime import datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from entrepot.flows.export_history import export_history
from entrepot.flows.get_document import get_document
from entrepot.flows.get_sku import get_sku
from entrepot.flows.list_history import list_history
from entrepot.flows.list_stock_as_of import list_stock_as_of
from entrepot.flows.name_actors import name_actors
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.stock.history import Wanted
from entrepot.stock.rules import reasons
from entrepot.stock.types import StockRow
from entrepot.web.answers import page
from entrepot.web.deps import Deps, Visiting
from entrepot.web.files import file_answer
from entrepot.web.lot_pages import day_of
from entrepot.web.staff_pages import staff_of, warehouses_of
from entrepot.web.visits import Visit

_PAGE = 50
_PLACES = 200
_FILTERS = ("node", "reason", "lot", "bin", "actor", "since", "until")
_LONGEST = 80


def _(text: str) -> str:
    return text


_NO_DAY = _("This is no day: choose it in the calendar, or type it like 2026-11-30.")


def _asked(visit: Visit) -> dict[str, str]:
    """The filters of the address, cut to what a code can be."""
    return {name: visit.query.get(name, "").strip()[:_LONGEST] for name in _FILTERS}


def _days(visit: Visit, *names: str) -> dict[str, str]:
    """Those of the address's fields that are to be a day and are none → what is wrong."""
    return {
        name: visit.say(_NO_DAY)
        for name in names
        if visit.query.get(name, "").strip() and midnight(visit, visit.query[name].strip()) is None
    }


def _wanted(visit: Visit, asked: dict[str, str]) -> Wanted:
    """A day of the filter is one of the house: from its first instant, until its last."""
    return Wanted(
        node=asked["node"] or None,
        reason=asked["reason"] if asked["reason"] in reasons() else None,
        lot=asked["lot"] or None,
        bin=asked["bin"] or None,
        actor=asked["actor"] or None,
        since=midnight(visit, asked["since"]),
        until=midnight(visit, asked["until"], days=1),
    )


def midnight(visit: Visit, text: str, days: int = 0) -> datetime | None:
    """When a day begins at the house, `days` after the one that is named."""
    day = day_of(text)
    if day is None or not 2000 <= day.year < 2200:
        return None
    return datetime.combine(day + timedelta(days=days), time(), ZoneInfo(visit.house_of.zone))


@get("/admin/stock/{code:str}/history")
async def history(
    deps: Deps, visit: Visiting, code: FromPath[str], before: FromQuery[UUID | None] = None
) -> Response[str]:
    """Movements with what lay there after each."""
    by, asked = staff_of(visit), _asked(visit)
    sku, errors = await get_sku(deps.db, by, code=code), _days(visit, "since", "until")
    rows = []
    if not errors:
        rows = await list_history(
            deps.db, by, sku=sku.code, wanted=_wanted(visit, asked), before=before, most=_PAGE
        )
    kept = urlencode({name: value for name, value in asked.items() if value})
    return page(
        visit,
        "admin/sku_history.html",
        deps=deps,
        sku=sku,
        status=422 if errors else None,
        readable=not errors,
        rows=rows,
        errors=errors,
        asked=asked,
        kept=kept,
        reasons=list(reasons()),
        warehouses=await warehouses_of(deps, by),
        names=await name_actors(deps.db, by, actors=[row.actor for row in rows]),
        zone=visit.house_of.zone,
        next_before=rows[-1].id if len(rows) == _PAGE else None,
    )


@get("/admin/stock/{code:str}/history.csv")
async def history_file(deps: Deps, visit: Visiting, code: FromPath[str]) -> Response[bytes]:
    """The same rows as a file."""
    wrong = _days(visit, "since", "until")
    if wrong:
        errors = [FieldError(name, "bad_value", "must be a day") for name in wrong]
        raise Invalid("from when until when?", errors=errors)
    wanted = _wanted(visit, _asked(visit))
    made = await export_history(deps.db, staff_of(visit), sku=code, wanted=wanted)
    return file_answer(made, name="history", kind="csv")


@get("/admin/movements/{movement_id:uuid}")
async def document(deps: Deps, visit: Visiting, movement_id: FromPath[UUID]) -> Response[str]:
    """The document that a movement belongs to."""
    by = staff_of(visit)
    rows = await get_document(deps.db, by, movement_id=movement_id)
    return page(
        visit,
        "admin/document.html",
        deps=deps,
        rows=rows,
        first=rows[0],
        marked=movement_id,
        names=await name_actors(deps.db, by, actors=[rows[0].actor]),
        zone=visit.house_of.zone,
    )


@get("/admin/stock/{code:str}/as-of")
async def as_of(
    deps: Deps, visit: Visiting, code: FromPath[str], day: FromQuery[str] = ""
) -> Response[str]:
    """What lay where at the end of a day of the house; today: just now."""
    by, errors = staff_of(visit), _days(visit, "day")
    sku = await get_sku(deps.db, by, code=code)
    now = deps.clock()
    end = midnight(visit, day.strip(), days=1)
    rows: list[StockRow] = []
    if end is not None and end - timedelta(days=1) <= now:
        found = await list_stock_as_of(
            deps.db, by, skus=[sku.code], node=None, after="", as_of=min(end, now), most=_PLACES
        )
        rows = found.rows
    return page(
        visit,
        "admin/sku_as_of.html",
        deps=deps,
        sku=sku,
        status=422 if errors else None,
        errors=errors,
        day="" if errors else day.strip(),
        to_come=end is not None and end - timedelta(days=1) > now,
        rows=rows,
        units=sum(row.on_hand for row in rows),
    )


HISTORY_PAGES = [history, history_file, document, as_of]
