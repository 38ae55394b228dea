"""Pre-alerts: one parcel by form, many by pasted lines with every fault beside its line."""

import re
from decimal import Decimal, InvalidOperation

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery

from entrepot.flows.announce_parcel import announce_parcel
from entrepot.flows.announce_parcels import announce_parcels
from entrepot.kernel.amounts import minor_digits
from entrepot.kernel.refusals import FieldError, Invalid, Refusal, TooLarge
from entrepot.parcels.types import BulkAnnouncement, NewPreAlert, PastedPreAlerts
from entrepot.platform.documents import convert
from entrepot.web import words
from entrepot.web.answers import page, see_other
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import Form, read_form, stamp_of
from entrepot.web.portal_pages import addresses_of, shopper_of
from entrepot.web.refusals import SHOWN, by_field, field_words
from entrepot.web.rendering import named
from entrepot.web.visits import PageRequest, Visit
from entrepot.web.words import _ as mark

_LINE = re.compile(r"lines\[(\d+)\]")
_FIELDS = ("tracking_number", "courier", "warehouse", "description", "quantity", "unit_price",
           "currency")  # fmt: skip
_COLUMNS = {
    "tracking_number": mark("Tracking number"),
    "courier": mark("Courier"),
    "description": mark("Item"),
    "category": mark("Category"),
    "quantity": mark("Quantity"),
    "unit_price": mark("Unit price"),
    "currency": mark("Currency"),
}
_SHOWN_AS = {
    "items[0].description": "description",
    "items[0].quantity": "quantity",
    "items[0].unit_price_minor": "unit_price",
    "items[0].currency": "currency",
}


class PastedLine(msgspec.Struct, frozen=True):
    """One line of what was pasted, and what is wrong with it."""

    number: int
    text: str
    errors: list[str]


async def _choices(deps: Site, visit: Visit) -> list[tuple[str, str]]:
    found = await addresses_of(deps, visit)
    some = [(a.warehouse, named(visit.language, a.names, a.warehouse)) for a in found]
    return [("", visit.say("Not known yet")), *some]


def _couriers(visit: Visit) -> list[tuple[str, str]]:
    known = [(code.lower(), visit.say(name)) for code, name in words.COURIER.items()]
    return [("", visit.say("Recognise it by the number")), *known]


def minor_units(text: str, currency: str) -> int:
    """A decimal amount as minor units of its currency.

    Raises Invalid for what is no amount, negative, or finer than the minor unit.
    """
    try:
        amount = Decimal(text.replace(",", ".")).scaleb(minor_digits(currency))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value():
        error = FieldError("unit_price", "not_an_amount", "must be an amount like 49.00")
        raise Invalid("no amount", errors=[error])
    return int(amount)


def _read(form: Form) -> NewPreAlert:
    wanted: dict[str, object] = dict(form.given("tracking_number", "courier", "warehouse"))
    wanted.setdefault("tracking_number", "")
    if form.text("description"):
        currency = form.text("currency").upper() or "CNY"
        wanted["items"] = [
            {
                "description": form.text("description"),
                "quantity": form.whole("quantity").get("quantity", 1),
                "unit_price_minor": minor_units(form.text("unit_price") or "0", currency),
                "currency": currency,
            }
        ]
    return convert(wanted, NewPreAlert)


async def _form(
    deps: Site,
    visit: Visit,
    given: dict[str, str],
    *,
    refusal: Refusal | None = None,
    done: str = "",
) -> Response[str]:
    errors = by_field(visit, refusal)
    return page(
        visit,
        "portal/pre_alert.html",
        deps=deps,
        refusal=refusal,
        done=done,
        given={"currency": "CNY", "quantity": "1"} | given,
        errors={_SHOWN_AS.get(path, path): text for path, text in errors.items()},
        couriers=_couriers(visit),
        warehouses=await _choices(deps, visit),
    )


@get("/portal/pre-alert")
async def pre_alert(deps: Deps, visit: Visiting, done: FromQuery[str] = "") -> Response[str]:
    """The form for one parcel."""
    said = visit.say("%(number)s is announced.", number=done[:60]) if done else ""
    return await _form(deps, visit, {}, done=said)


@post("/portal/pre-alert", status_code=200)
async def announce(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Announce one parcel."""
    form = await read_form(request)
    try:
        parcel = await announce_parcel(
            deps.db, shopper_of(visit), stamp_of(request, form), new=_read(form)
        )
    except SHOWN as refusal:
        return await _form(deps, visit, form.given(*_FIELDS), refusal=refusal)
    return see_other(visit, f"{visit.base}/portal/pre-alert?done={parcel.tracking_number}")


def lines_of(visit: Visit, text: str, refusal: Refusal) -> list[PastedLine]:
    """Every pasted line with the faults that the refusal names for it."""
    wrong: dict[int, list[str]] = {}
    for error in refusal.errors:
        at = _LINE.match(error.path)
        if at:
            column = _COLUMNS.get(error.path.rpartition(".")[2])
            said = field_words(visit, error)
            said = f"{visit.say(column)}: {said}" if column else said
            wrong.setdefault(int(at[1]), []).append(said)
    return [
        PastedLine(number, line, wrong.get(number, []))
        for number, line in enumerate(text.splitlines(), start=1)
    ]


async def _paste(
    deps: Site,
    visit: Visit,
    text: str,
    *,
    warehouse: str = "",
    refusal: Refusal | None = None,
    bulk: BulkAnnouncement | None = None,
) -> Response[str]:
    lines = lines_of(visit, text, refusal) if refusal else []
    return page(
        visit,
        "portal/pre_alert_paste.html",
        deps=deps,
        refusal=refusal,
        lines=lines,
        wrong_lines=sum(1 for line in lines if line.errors),
        text=text,
        bulk=bulk,
        warehouse=warehouse,
        warehouses=await _choices(deps, visit),
    )


@get("/portal/pre-alert/paste")
async def paste_page(deps: Deps, visit: Visiting) -> Response[str]:
    """The form for many parcels."""
    return await _paste(deps, visit, "")


@post("/portal/pre-alert/paste", status_code=200)
async def paste(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Announce all lines, or none and say every fault; what was pasted is never lost."""
    form = await read_form(request)
    text = form.raw.get("text", "")
    wanted = {"text": text} | form.given("warehouse")
    try:
        bulk = await announce_parcels(
            deps.db,
            shopper_of(visit),
            stamp_of(request, form),
            paste=convert(wanted, PastedPreAlerts),
        )
    except (TooLarge, *SHOWN) as refusal:
        return await _paste(deps, visit, text, warehouse=form.text("warehouse"), refusal=refusal)
    return await _paste(deps, visit, "", bulk=bulk)


PRE_ALERT_PAGES = [pre_alert, announce, paste_page, paste]
