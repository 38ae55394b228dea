"""Pasted pre-alerts: lines of text to pre-alerts, with everything that is wrong at once. Pure."""

import csv
import re
from collections.abc import Callable

import msgspec

from entrepot.kernel.amounts import minor_digits
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.parcels.payloads import read_payload
from entrepot.parcels.tracking import TrackingNumber
from entrepot.parcels.types import NewItem

MOST_LINES = 500
_PRICE = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,4}))?\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")


class PastedLine(msgspec.Struct, frozen=True):
    """One line, read. `place` counts from 1 as the sender sees it."""

    place: int
    number: TrackingNumber
    courier: str | None
    item: NewItem | None


def read_lines(text: str, *, currency: str) -> list[PastedLine]:
    """All pre-alerts of a paste, blank lines left out; `currency` where a line names none.

    Raises Invalid with every fault of every line: `lines[3].quantity`.
    """
    errors: list[FieldError] = []
    lines: list[PastedLine] = []
    filled = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not filled:
        errors.append(FieldError("text", "empty", "there is no line"))
    if len(filled) > MOST_LINES:
        errors.append(FieldError("text", "too_many_lines", f"at most {MOST_LINES} lines"))
        filled = []
    seen: dict[tuple[str, int | None], int] = {}
    for place, line in filled:
        read = _read_line(place, line, currency, errors)
        if read is None:
            continue
        key = (read.number.number, read.number.piece)
        if key in seen:
            message = f"the same number stands in line {seen[key]}"
            errors.append(FieldError(f"lines[{place}].tracking_number", "double", message))
        seen.setdefault(key, place)
        lines.append(read)
    if errors:
        raise Invalid("nothing was taken; mend these lines", errors=errors)
    return lines


def _read_line(place: int, line: str, currency: str, errors: list[FieldError]) -> PastedLine | None:
    separator = "\t" if "\t" in line else ","
    cells = [
        cell.strip()
        for cell in next(csv.reader([line.replace("\0", "\ufffd")], delimiter=separator))
    ]
    if len(cells) > 7:
        errors.append(FieldError(f"lines[{place}]", "too_many_columns", "seven columns at most"))
        return None
    number, courier, *declared = cells + [""] * (7 - len(cells))
    item = _read_item(place, declared, currency, errors)
    try:
        return PastedLine(place, read_payload(number), courier[:40] or None, item)
    except Invalid as refusal:
        errors.append(FieldError(f"lines[{place}].tracking_number", refusal.code, refusal.message))
        return None


def _read_item(
    place: int, cells: list[str], default_currency: str, errors: list[FieldError]
) -> NewItem | None:
    """The declared item of a line; None when its columns are empty, faults go to `errors`."""
    description, category, quantity, price, currency = cells
    if not any(cells):
        return None

    def wrong(column: str, code: str, message: str) -> None:
        errors.append(FieldError(f"lines[{place}].{column}", code, message))

    currency = currency.upper() or default_currency
    if not 1 <= len(description) <= 200:
        wrong("description", "missing", "1 to 200 characters are needed")
    if quantity and not (
        quantity.isascii() and quantity.isdecimal() and 1 <= int(quantity) <= 100_000
    ):
        wrong("quantity", "not_a_quantity", "a whole number from 1 to 100000 is needed")
        quantity = ""
    if not _CURRENCY.match(currency):
        wrong("currency", "not_a_currency", "three letters are needed, like CNY")
    if len(category) > 40:
        wrong("category", "unknown_category", "this is no goods category")
    return NewItem(
        description=description,
        quantity=int(quantity or 1),
        unit_price_minor=_minor(price or "0", currency, wrong),
        currency=currency,
        category=category or None,
    )


def _minor(price: str, currency: str, wrong: Callable[[str, str, str], None]) -> int:
    """A decimal price in minor units; more decimals than the currency has are refused."""
    match = _PRICE.match(price)
    digits = minor_digits(currency)
    decimals = (match.group(2) or "") if match else ""
    if match is None or len(decimals.rstrip("0")) > digits:
        wrong("unit_price", "not_a_price", f"a price with at most {digits} decimals is needed")
        return 0
    return int(match.group(1) + decimals.rstrip("0").ljust(digits, "0"))
