"""Price tables as CSV or XLSX: one line a row of a price, turned into the next card versions.

Columns: `service, zone, kind`, then the numbers of the kind, named as in the card file: `first_g,
first_minor, step_g, step_minor` | `from_g, per_kg_minor, break_weight` | `to_g, per_kg_minor,
registration_minor` | `per_cbm_minor, min_cm3, step_cm3, kg_per_cbm`. Bands are lines of one service
and zone, in order; a `first_step_then_kg_bands` has its first weight on its first line. Everything
else of a card (weights, surcharges, taxes) is taken over from the service's newest version.
"""

import csv
import io
import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from entrepot.carriers.rating.cards import CardFile
from entrepot.carriers.rating.files import read_cards
from entrepot.carriers.rating.workbooks import workbook_lines
from entrepot.kernel.refusals import FieldError, Invalid, Unparsable

MOST_LINES = 200_000
FIRST = ("first_g", "first_minor", "step_g", "step_minor")
KG = ("from_g", "per_kg_minor")
REGISTERED = ("to_g", "per_kg_minor", "registration_minor")
CUBIC = ("per_cbm_minor", "min_cm3", "step_cm3", "kg_per_cbm")
COLUMNS = (
    "service", "zone", "kind", *FIRST, *KG, "to_g", "registration_minor", "break_weight", *CUBIC
)  # fmt: skip
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "first_step": (FIRST, ()),
    "first_step_then_kg_bands": (FIRST, KG),
    "registration_plus_kg": ((), REGISTERED),
    "kg_bands": ((), KG),
    "per_cbm": (CUBIC, ()),
}
"""For each kind the numbers on its first line, and those on each of its band lines."""

Line = tuple[int, dict[str, str]]
"""A line's number in the sheet (the heading is line 1) and its cells by column."""


def sheet_lines(raw: bytes) -> list[Line]:
    """The lines of a CSV or XLSX table. Raises Unparsable or Invalid (heading, size)."""
    table = workbook_lines(raw) if raw[:4] == b"PK\x03\x04" else _csv_lines(raw)
    if not table:
        raise Unparsable("the table is empty")
    number, heading = table[0]
    names = [name.strip().lower() for name in heading]
    errors = [
        FieldError(f"line {number}", "unknown_column", f"no such column: {name}")
        for name in names
        if name and name not in COLUMNS
    ]
    errors += [
        FieldError(f"line {number}", "duplicate_column", f"{name} stands twice")
        for name in sorted({name for name in names if name and names.count(name) > 1})
    ]
    errors += [
        FieldError(f"line {number}", "missing_column", f"there is no column {name}")
        for name in COLUMNS[:3]
        if name not in names
    ]
    if len(table) > MOST_LINES:
        errors.append(FieldError("", "too_long", f"at most {MOST_LINES} lines"))
    if errors:
        raise Invalid("the table's heading is wrong", errors=errors)
    lines = []
    for number, cells in table[1:]:
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
        if any(row.values()):
            lines.append((number, row))
    return lines


def _csv_lines(raw: bytes) -> list[tuple[int, list[str]]]:
    """UTF-8 (with or without mark), else GB 18030 as Chinese Excel writes it."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            raise Unparsable("neither UTF-8 nor GB 18030") from error
    heading = text.split("\n", 1)[0]
    mark = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise Unparsable(f"not a table: {error}") from error


def next_versions(
    document: dict[str, Any], lines: Iterable[Line], *, version: str, valid_from: date
) -> tuple[dict[str, Any], CardFile]:
    """The card file with the table's services in their next version, and the same, checked.

    `document` is the card file as parsed JSON; it is not changed. A version that ran without end
    ends on the day before. Raises Invalid with all errors, each at its line of the table.
    """
    prices, origins, errors = _prices(lines)
    services = [json.loads(json.dumps(service)) for service in document["services"]]
    newest = {service["id"]: service for service in services}
    places: dict[str, int] = {}
    for name, zones in prices.items():
        if name not in newest:
            errors.append(FieldError(_line(origins[name, ""]), "unknown_service", name))
            continue
        old = newest[name]
        new = json.loads(json.dumps(old))
        new["rate"].update(
            card=f"{name}@{version}", version=version, valid_from=valid_from.isoformat(),
            valid_to=None, price=zones,
        )  # fmt: skip
        if old["rate"]["valid_to"] is None:
            old["rate"]["valid_to"] = (valid_from - timedelta(days=1)).isoformat()
        for zone in zones:
            place = f"services[{len(services)}].rate.price.{zone}"
            places |= {f"{place}{at}": n for at, n in origins[name, zone].items()}
        services.append(new)
    if errors:
        raise Invalid("the table has errors", errors=sorted(errors, key=_by_line))
    changed = {**document, "services": services}
    try:
        return changed, read_cards(json.dumps(changed))
    except Invalid as refusal:
        found = [_at_line(error, places) for error in refusal.errors]
        raise Invalid(refusal.message, code=refusal.code, errors=found) from refusal


def _by_line(error: FieldError) -> tuple[int, str]:
    words = error.path.replace(":", "").split()
    return int(words[1]) if len(words) > 1 else 0, error.path


def _line(origin: dict[str, int]) -> str:
    return f"line {min(origin.values())}"


def _at_line(error: FieldError, places: dict[str, int]) -> FieldError:
    """The error at its line of the table, where it comes from one."""
    fitting = [place for place in places if error.path.startswith(place)]
    if not fitting:
        return error
    place = max(fitting, key=len)
    rest = error.path[len(place) :].lstrip(".")
    where = f"line {places[place]}" + (f": {rest}" if rest else "")
    return FieldError(where, error.code, error.message)


Origins = dict[tuple[str, str], dict[str, int]]


def _prices(
    lines: Iterable[Line],
) -> tuple[dict[str, dict[str, dict[str, Any]]], Origins, list[FieldError]]:
    """Prices by service and zone; which line each part came from; what is wrong with lines."""
    prices: dict[str, dict[str, dict[str, Any]]] = {}
    origins: Origins = {}
    errors: list[FieldError] = []
    for number, row in lines:
        name, zone, kind = row.get("service", ""), row.get("zone", ""), row.get("kind", "")
        where = f"line {number}"
        if not name or not zone or kind not in KINDS:
            text = f"service, zone and a kind of {', '.join(KINDS)}"
            errors.append(FieldError(where, "bad_value", text))
            continue
        origins.setdefault((name, ""), {}).setdefault("", number)
        own = origins.setdefault((name, zone), {})
        first, band = KINDS[kind]
        price = prices.setdefault(name, {}).get(zone)
        starts = price is None
        if price is None:
            price = prices[name][zone] = {"kind": kind, **_numbers(row, first, where, errors)}
            own[""] = number
            if row.get("break_weight"):
                price["break_weight"] = row["break_weight"].lower() in {"1", "yes", "true"}
        elif not band or price["kind"] != kind:
            errors.append(FieldError(where, "overlap", f"{name} {zone} has a price already"))
            continue
        if band:
            bands = price.setdefault("bands", [])
            own[f".bands[{len(bands)}]"] = number
            bands.append(_numbers(row, band, where, errors))
        allowed = {*(first if starts else ()), *band, *(("break_weight",) if starts else ())}
        for column in COLUMNS[3:]:
            if row.get(column) and column not in allowed:
                text = "this number has no meaning on this line"
                errors.append(FieldError(f"{where}: {column}", "unknown_field", text))
    return prices, origins, errors


def _numbers(
    row: dict[str, str], columns: Iterable[str], where: str, errors: list[FieldError]
) -> dict[str, int]:
    """The whole numbers of these columns; what is none is reported."""
    found = {}
    for column in columns:
        text = row.get(column, "")
        if text.isascii() and text.isdigit() and len(text) < 16:
            found[column] = int(text)
        else:
            code = "bad_value" if text else "missing"
            errors.append(FieldError(f"{where}: {column}", code, f"no whole number: {text!r}"))
            found[column] = 0
    return found
