"""The calculator's form: texts as typed → a request, or everything that is wrong with them.

Weights are kilograms or pounds, sides centimetres or inches. Kilograms and centimetres must be
whole grams and millimetres; pounds and inches are rounded up (1 lb = 453.59237 g, 1 in = 25.4 mm,
the international yard and pound of 1959), so a price is never shown too low.
"""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, Decimal, InvalidOperation

import msgspec

from entrepot.carriers.rating.requests import Request
from entrepot.kernel.amounts import minor_digits
from entrepot.kernel.reading import faults_of
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.web.forms import Form

MOST_ROWS = 20
_SIDES = ("l", "w", "h")
_FACTORS = {
    "metric": (Decimal(1000), Decimal(10)),
    "imperial": (Decimal("453.59237"), Decimal("25.4")),
}
_LONGEST = 40
_SHOWN_AS = {"declared.minor": "declared", "declared.currency": "currency",
             "insured_minor": "insured"}  # fmt: skip


class Row(msgspec.Struct, frozen=True):
    """One parcel as typed."""

    number: int
    given: dict[str, str]
    tags: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing but perhaps tags was filled in."""
        return not any(self.given.values())


def rows_of(form: Form, *, more: bool = False) -> list[Row]:
    """The parcels of the form, as many as it says, with one more when asked; at least one."""
    text = form.text("rows")
    count = int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 1
    count = max(1, min(count + more, MOST_ROWS))
    return [
        Row(
            number,
            {name: form.text(f"{name}{number}")[:_LONGEST] for name in ("g", *_SIDES)},
            tuple(form.many.get(f"tags{number}", ()))[:20],
        )
        for number in range(count)
    ]


def read_request(form: Form, rows: list[Row], *, today: date, base: str) -> Request:
    """The request that was typed. Rows left empty do not count, except the first.

    Raises Invalid with every fault; paths are names of the form's fields (`g0`, `declared` …).
    """
    errors: list[FieldError] = []
    units = form.text("units")
    to_g, to_mm = _FACTORS.get(units, _FACTORS["metric"])
    filled = [row for row in rows if not row.empty] or rows[:1]
    places: dict[str, str] = dict(_SHOWN_AS)
    pieces = []
    for index, row in enumerate(filled):
        grams = _measure(row.given["g"], to_g, f"g{row.number}", errors)
        sides = [_measure(row.given[s], to_mm, f"{s}{row.number}", errors) for s in _SIDES]
        pieces.append({"g": grams, "mm": sides, "tags": list(row.tags) or ["general"]})
        places[f"pieces[{index}].g"] = f"g{row.number}"
        places |= {f"pieces[{index}].mm[{at}]": f"{s}{row.number}" for at, s in enumerate(_SIDES)}
    wanted: dict[str, object] = {
        "country": form.text("country"),
        "ship_date": today.isoformat(),
        "pieces": pieces,
        **form.given("postcode"),
    }
    currency = form.text("currency").upper() or base
    if form.text("declared"):
        minor = _amount(form.text("declared"), currency, "declared", errors)
        wanted["declared"] = {"minor": minor, "currency": currency}
    if form.text("insured"):
        wanted["insured_minor"] = _amount(form.text("insured"), base, "insured", errors)
    if form.text("hs6"):
        wanted["hs6"] = form.text("hs6").replace(",", " ").replace("，", " ").split()
    errors += [
        FieldError(field_of(fault.path, places), fault.code, fault.message)
        for fault in faults_of(wanted, Request)
    ]
    if errors:
        raise Invalid("the form has errors", errors=errors)
    return msgspec.convert(wanted, Request)


def field_of(path: str, places: Mapping[str, str] = _SHOWN_AS) -> str:
    """The form's field for a path of the request."""
    return places.get(path) or ("hs6" if path.startswith("hs6") else path)


def _measure(text: str, factor: Decimal, name: str, errors: list[FieldError]) -> int:
    """Grams or millimetres; a fault is noted and 1 stands in, so that the rest is read too."""
    if not text:
        errors.append(FieldError(name, "missing", "this is needed"))
        return 1
    value = _decimal(text)
    if value is None or value <= 0 or value > 100_000:
        errors.append(FieldError(name, "not_a_measure", "a number above zero is needed"))
        return 1
    scaled = value * factor
    if factor == factor.to_integral_value() and scaled != scaled.to_integral_value():
        errors.append(FieldError(name, "too_fine", "finer than grams and millimetres"))
        return 1
    return int(scaled.to_integral_value(ROUND_CEILING))


def _amount(text: str, currency: str, name: str, errors: list[FieldError]) -> int:
    value = _decimal(text)
    scaled = None if value is None else value.scaleb(minor_digits(currency))
    if scaled is None or not 0 <= scaled <= 10**12 or scaled != scaled.to_integral_value():
        errors.append(FieldError(name, "not_an_amount", "must be an amount like 49.00"))
        return 0
    return int(scaled)


def _decimal(text: str) -> Decimal | None:
    """A plain number as typed, a comma for the point too; None for all else (1e9, NaN, ＋３)."""
    plain = text.replace(",", ".")
    if not plain.isascii() or plain.count(".") > 1 or not plain.replace(".", "").isdecimal():
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None
