"""Pure decisions about how a node works: what a change makes of it and what is wrong with that."""

from collections.abc import Sequence
from datetime import UTC
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import UNSET

from entrepot.kernel.attributes import Attribute, tidy, value_faults
from entrepot.kernel.refusals import FieldError
from entrepot.nodes.working_types import (
    ChangedNode,
    Closure,
    Hours,
    Lane,
    Located,
    NodeDetail,
    StaffedHours,
)

_PLACE = ("address", "city", "postcode")


def faults(change: ChangedNode, definitions: Sequence[Attribute]) -> list[FieldError]:
    """Everything wrong with a change that can be seen in it alone."""
    found: list[FieldError] = []
    if change.zone is not UNSET and not is_zone(change.zone):
        found.append(FieldError("zone", "unknown_zone", "this is no IANA time zone"))
    if (change.lat is None or change.lat is UNSET) != (change.lon is None or change.lon is UNSET):
        found.append(FieldError("lat", "half_a_position", "latitude and longitude go together"))
    if change.attributes is not UNSET:
        found += value_faults(change.attributes, definitions, path="attributes")
    if change.staffed is not UNSET:
        found += _hours_faults("staffed", change.staffed)
    if change.pick_up is not UNSET:
        found += _hours_faults("pick_up", change.pick_up)
    if change.lanes is not UNSET:
        found += _lane_faults(change.lanes, definitions)
    if change.closures is not UNSET:
        found += [
            FieldError(f"closures[{n}].ends_at", "ends_first", "must be after its start")
            for n, one in enumerate(change.closures)
            if one.ends_at <= one.starts_at
        ]
    return found + _doubles(change)


def _lane_faults(lanes: Sequence[Lane], definitions: Sequence[Attribute]) -> list[FieldError]:
    """Values that no attribute allows, and texts that a cell of a sheet could not hold."""
    found: list[FieldError] = []
    for n, lane in enumerate(lanes):
        path = f"lanes[{n}].attributes"
        found += value_faults(lane.attributes, definitions, path=path)
        for name, value in lane.attributes.items():
            texts = value if isinstance(value, list) else [value]
            if any(isinstance(text, str) and _parts(text) for text in texts):
                message = "no comma, no semicolon, no blank at its ends: they part things in files"
                found.append(FieldError(f"{path}.{name}", "bad_value", message))
    return found


def _parts(text: str) -> bool:
    return bool(set(text) & set(",;\n")) or text != text.strip()


def _doubles(change: ChangedNode) -> list[FieldError]:
    keys: dict[str, list[object]] = {}
    if change.capacities is not UNSET:
        keys["capacities"] = [one.counts for one in change.capacities]
    if change.closures is not UNSET:
        keys["closures"] = [one.starts_at for one in change.closures]
    if change.lanes is not UNSET:
        keys["lanes"] = [(one.carrier, one.region) for one in change.lanes]
    return [
        FieldError(path, "double", "the same stands here twice")
        for path, values in keys.items()
        if len(set(values)) < len(values)
    ]


def _hours_faults(path: str, hours: Sequence[Hours | StaffedHours]) -> list[FieldError]:
    found = [
        FieldError(f"{path}[{n}].closes", "closes_first", "must be later than opens")
        for n, one in enumerate(hours)
        if one.closes <= one.opens
    ]
    starts = [(one.weekday, one.opens) for one in hours]
    # Several shifts may run at once; opening hours of one kind begin once at a time.
    if len(set(starts)) < len(starts):
        found.append(FieldError(path, "double", "two begin at the same time"))
    return found


def is_zone(name: str) -> bool:
    """Whether this names an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def changed(node: NodeDetail, change: ChangedNode) -> NodeDetail:
    """The node with the change applied, its texts trimmed and its lists in order, so that a file
    of it says the same; coordinates are not looked up."""
    given = {
        name: getattr(change, name)
        for name in ChangedNode.__struct_fields__
        if getattr(change, name) is not UNSET
    }
    whole = msgspec.structs.replace(node, **given)
    if change.lat is not UNSET:
        whole = msgspec.structs.replace(
            whole, position_from=None if change.lat is None else "given"
        )
    trimmed = {name: (getattr(whole, name) or "").strip() or None for name in _PLACE}
    return msgspec.structs.replace(
        whole,
        **trimmed,
        names={tag: name.strip() for tag, name in whole.names.items() if name.strip()},
        attributes=tidy(whole.attributes),
        regions_served=sorted(set(whole.regions_served)),
        regions_blocked=sorted(set(whole.regions_blocked)),
        capabilities=sorted(set(whole.capabilities)),
        weekdays=sorted(set(whole.weekdays)),
        holidays=sorted(set(whole.holidays)),
        closures=sorted(_in_utc(whole.closures), key=lambda one: one.starts_at),
        staffed=sorted(whole.staffed, key=lambda one: (one.weekday, one.opens)),
        pick_up=sorted(whole.pick_up, key=lambda one: (one.weekday, one.opens)),
        capacities=sorted(whole.capacities, key=lambda one: one.counts),
        lanes=sorted(whole.lanes, key=lambda one: (one.carrier, one.region)),
    )


def whole_faults(node: NodeDetail) -> list[FieldError]:
    """What is wrong with a changed node as a whole."""
    found: list[FieldError] = []
    if (node.opens is None) != (node.closes is None):
        found.append(FieldError("opens", "half_a_day", "opens and closes go together"))
    elif node.opens is not None and node.closes is not None and node.closes <= node.opens:
        found.append(FieldError("closes", "closes_first", "must be later than opens"))
    both = sorted(set(node.regions_served) & set(node.regions_blocked))
    if both:
        message = f"served and blocked: {', '.join(both)}"
        found.append(FieldError("regions_blocked", "contradiction", message))
    return found


def needs_position(before: NodeDetail | None, after: NodeDetail) -> bool:
    """Whether coordinates must be looked up: never over ones that were given by hand."""
    if after.position_from == "given":
        return False
    moved = before is None or any(
        getattr(before, name) != getattr(after, name) for name in ("country", "city", "postcode")
    )
    return moved or after.lat is None


def placed(node: NodeDetail, found: Located | None) -> NodeDetail:
    """The node with the coordinates that were found, or none."""
    if found is None:
        return msgspec.structs.replace(node, lat=None, lon=None, position_from=None)
    return msgspec.structs.replace(node, lat=found.lat, lon=found.lon, position_from=found.by)


def _in_utc(closures: list[Closure]) -> list[Closure]:
    """PostgreSQL reads no offset beyond 16 hours from a text; a moment is the same in UTC."""
    return [Closure(one.starts_at.astimezone(UTC), one.ends_at.astimezone(UTC)) for one in closures]
