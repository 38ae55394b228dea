"""A node as a row of a sheet, and back. Pure.

Lists in a cell are parted by spaces or `;`: `staffed` reads `1 08:00-17:00 x3; 2 …` (Monday is 1),
`pick_up` the same without people, `capacities` `shipments=500; units=2000`, `closures`
`2026-12-24T12:00:00Z/2026-12-27T00:00:00Z`, `lanes` `SF@CN-XJ delivers=false, cold=true`.
Columns that a file leaves out stay as they are.
Coordinates that were found by city or postcode are left blank, so they are found again.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from entrepot.kernel.attributes import Attribute, read_text, write_text
from entrepot.kernel.refusals import FieldError
from entrepot.nodes.working_types import Lane, NodeDetail
from entrepot.platform.sheets import Cell, Row, read_fields, whole_number

LANGUAGES = ("en", "zh-CN", "zh-TW")
_TEXTS = (
    "zone", "country", "address", "city", "postcode", "region", "quantities_master",
    "allocation_owner",
)  # fmt: skip
_NUMBERS = ("minutes_per_shipment", "minutes_per_unit")
_WORDS = ("regions_served", "regions_blocked", "capabilities", "holidays")
_HOURS = re.compile(r"([1-7]) +([0-9:]{5})-([0-9:]{5})(?: +x([0-9]{1,5}))?\Z")
Partial = dict[str, object]


def columns_for(attributes: Iterable[Attribute]) -> list[str]:
    """The columns of an export."""
    return [
        "code", "kind", *(f"name.{tag}" for tag in LANGUAGES), *_TEXTS[:5], "lat", "lon",
        "region", *_WORDS[:3], "weekdays", "opens", "closes", "holidays", "closures", "staffed",
        "pick_up", *_NUMBERS, "capacities", "lanes", *_TEXTS[6:],
        *(f"attribute.{one.name}" for one in attributes),
    ]  # fmt: skip


def row_of(node: NodeDetail, columns: Iterable[str]) -> list[Cell]:
    """The cells of a node."""
    return [_cell(node, column) for column in columns]


def _cell(node: NodeDetail, column: str) -> Cell:
    if column.startswith("name."):
        return node.names.get(column[5:], "")
    if column.startswith("attribute."):
        value = node.attributes.get(column[10:])
        return "" if value is None else write_text(value)
    if column in _WORDS:
        return " ".join(str(one) for one in getattr(node, column))
    writer = _WRITERS.get(column)
    if writer is not None:
        return writer(node)
    value = getattr(node, column)
    return value if isinstance(value, str | int) else None


def _position(value: float | None, node: NodeDetail) -> str:
    return "" if value is None or node.position_from != "given" else repr(value)


def _lane_text(lane: Lane) -> str:
    said = ", ".join(f"{name}={write_text(v)}" for name, v in sorted(lane.attributes.items()))
    return f"{lane.carrier}@{lane.region} {said}"


_WRITERS: dict[str, Callable[[NodeDetail], Cell]] = {
    "lat": lambda n: _position(n.lat, n),
    "lon": lambda n: _position(n.lon, n),
    "weekdays": lambda n: " ".join(str(day) for day in n.weekdays),
    "closures": lambda n: "; ".join(
        f"{one.starts_at.isoformat()}/{one.ends_at.isoformat()}" for one in n.closures
    ),
    "staffed": lambda n: "; ".join(
        f"{one.weekday} {one.opens}-{one.closes} x{one.people}" for one in n.staffed
    ),
    "pick_up": lambda n: "; ".join(f"{one.weekday} {one.opens}-{one.closes}" for one in n.pick_up),
    "capacities": lambda n: "; ".join(f"{one.counts}={one.daily_limit}" for one in n.capacities),
    "lanes": lambda n: "; ".join(_lane_text(one) for one in n.lanes),
}


def read_row(row: Row, attributes: Mapping[str, Attribute]) -> tuple[Partial, list[FieldError]]:
    """The fields that a row names, as one would send them, and what cannot be read."""
    read, errors = read_fields(row, attributes, field=_field, noun="node")
    lanes = read.get("lanes")
    if isinstance(lanes, list):
        read["lanes"] = [_typed(lane, attributes) for lane in lanes]
    return read, errors


def _typed(lane: Partial, attributes: Mapping[str, Attribute]) -> Partial:
    said = lane["attributes"]
    assert isinstance(said, dict)
    values = {n: read_text(v, attributes[n]) if n in attributes else v for n, v in said.items()}
    return lane | {"attributes": values}


def _field(column: str, text: str) -> object:
    if column in ("code", "kind"):
        return text
    if column in _TEXTS:
        return text or None
    if column in _NUMBERS:
        return whole_number(text) if text else None
    if column in ("lat", "lon"):
        return _degrees(text) if text else None
    if column in ("opens", "closes"):
        return text[:5] or None
    if column in _WORDS:
        return text.replace(";", " ").split()
    if column == "weekdays":
        return [whole_number(part) for part in text.replace(";", " ").split()]
    reader = _READERS.get(column)
    if reader is None:
        raise ValueError("this column is not known")
    return [reader(part.strip()) for part in text.split(";") if part.strip()]


def _degrees(text: str) -> float:
    if not (text.isascii() and "_" not in text):  # float() takes both
        raise ValueError("must be a number")
    return float(text)


def _staffed(text: str) -> Partial:
    read = _hours(text)
    return read | {"people": read.get("people", 1)}


def _hours(text: str) -> Partial:
    found = _HOURS.match(text)
    if found is None:
        raise ValueError(f"{text!r} is not like 1 08:00-17:00 x3")
    read: Partial = {"weekday": int(found[1]), "opens": found[2], "closes": found[3]}
    return read | ({"people": int(found[4])} if found[4] else {})


def _closure(text: str) -> Partial:
    start, found, end = text.partition("/")
    if not found:
        raise ValueError("must be start/end")
    return {"starts_at": start.strip(), "ends_at": end.strip()}


def _capacity(text: str) -> Partial:
    counts, found, limit = text.partition("=")
    if not found:
        raise ValueError("must be like shipments=500")
    return {"counts": counts.strip(), "daily_limit": whole_number(limit.strip())}


def _lane(text: str) -> Partial:
    where, _, said = text.partition(" ")
    carrier, found, region = where.partition("@")
    pairs = [part.partition("=") for part in said.split(",") if part.strip()]
    if not (found and pairs and all(equals for _, equals, _ in pairs)):
        raise ValueError("must be like SF@CN-XJ delivers=false")
    values = {name.strip(): value.strip() for name, _, value in pairs}
    return {"carrier": carrier, "region": region, "attributes": values}


_READERS: dict[str, Callable[[str], Partial]] = {
    "staffed": _staffed, "pick_up": _hours, "closures": _closure, "capacities": _capacity,
    "lanes": _lane,
}  # fmt: skip


def merged(before: NodeDetail | None, read: Partial) -> Partial:
    """The change that a row asks for: names and attributes it names replace those there are."""
    change = {n: v for n, v in read.items() if n not in ("code", "kind", "names", "attributes")}
    for field in ("names", "attributes"):
        said = read.get(field)
        if isinstance(said, dict):
            whole = dict(getattr(before, field)) if before is not None else {}
            whole |= said
            change[field] = {n: v for n, v in whole.items() if v is not None and v != ""}
    masters = ("quantities_master", "allocation_owner")
    for field in (*masters, "zone"):
        if change.get(field, "") is None:
            del change[field]
    return change
