"""A problem made of an order only thought of, so that it can be run."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from entrepot.routing.engine.format import (
    Attributes,
    Departure,
    Destination,
    Line,
    Node,
    Order,
    Problem,
    Rate,
    Service,
    Stock,
)
from entrepot.routing.policy.fields import Value, lane_key
from entrepot.routing.policy.lint.thinking import Thought

KM_A_DEGREE: Final = 6371.0 * 3.141592653589793 / 180
_ZONE_KM: Final = [50.0, 300.0, 800.0, 1500.0, 2500.0]
_IN_ZONE: Final = [20, 200, 500, 1000, 2000, 3000]


class World(msgspec.Struct, frozen=True):
    """A problem of one order and the instant at which it is decided."""

    problem: Problem
    at: datetime


def world_of(
    thought: Thought, *, at: datetime, zone: str, others: tuple[Thought, ...] = ()
) -> World | None:
    """The world that a thought describes; None when no world can be like that.

    `others`: more nodes, each as its thought describes it. Values that were not thought of are
    harmless: enough stock, one service that takes everything and arrives in time.
    """
    moment = _moment(thought, at, zone)
    lines = _lines(thought)
    if moment is None or lines is None:
        return None
    number, deadline = _number(thought, "node.zone", 0), thought.get("order.deadline_min")
    nodes, services = [], []
    for at_place, told in enumerate((thought, *others)):
        km = _number(told, "node.km", _IN_ZONE[min(number, 5)])
        node = _node(told, lines, km, at_place)
        nodes.append(node)
        services.append(_service(told, lines, node.id))
    if len({node.id for node in nodes}) < len(nodes):
        return None
    order = Order(
        "proof", 0, Destination(0.0, 0.0, _text(thought, "dest.region", "somewhere")), lines,
        thought.get("order.cod") is True, _attributes(thought, "order.attrs."),
        deadline if type(deadline) is int else None,
    )  # fmt: skip
    problem = Problem(
        "routing-problem/1", moment, "CNY", 0, _ZONE_KM, nodes, services, [order]
    )  # fmt: skip
    return World(problem, moment)


def _text(thought: Thought, name: str, otherwise: str) -> str:
    value = thought.get(name)
    return value if isinstance(value, str) else otherwise


def _number(thought: Thought, name: str, otherwise: int) -> int:
    value = thought.get(name)
    return value if type(value) is int else otherwise


def _texts(thought: Thought, name: str) -> list[str]:
    value = thought.get(name)
    return list(value) if isinstance(value, tuple) else []


def _attributes(thought: Thought, prefix: str) -> Attributes:
    found: Attributes = {}
    for name, value in thought.items():
        if name.startswith(prefix) and value is not None:
            found[name.removeprefix(prefix)] = list(value) if isinstance(value, tuple) else value
    return found


def _moment(thought: Thought, at: datetime, zone: str) -> datetime | None:
    """The instant with the weekday, the minute and the date that were thought of."""
    local = at.astimezone(ZoneInfo(zone))
    day = local.date()
    told, weekday = thought.get("time.day"), thought.get("time.weekday")
    minute = _number(thought, "time.minute", local.hour * 60 + local.minute)
    if not 0 <= minute < 1440:
        return None
    try:
        if type(told) is int:
            day = date(told // 10_000, told // 100 % 100, told % 100)
        elif type(weekday) is int:
            day += timedelta(days=(weekday - day.isoweekday()) % 7)
        clock = time(minute // 60, minute % 60)
        return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _lines(thought: Thought) -> list[Line] | None:
    """The line that was thought of, and as many more as the order's sums ask for."""
    units, count = _number(thought, "order.units", 0), _number(thought, "order.lines", 1)
    qty = _number(thought, "line.qty", max(1, units - (count - 1)))
    rest = max(0, units - qty)
    if qty < 1 or count < 1:
        return None
    extra = max(count - 1, 1 if rest else 0)
    own, whole = _texts(thought, "line.tags"), _texts(thought, "order.tags")
    if "line.tags" not in thought:
        own = whole
    first = Line(
        _text(thought, "line.sku", "SKU"), qty, _number(thought, "line.unit_g", 100),
        _number(thought, "line.unit_cm3", 100), own, _attributes(thought, "line.attrs."),
        _group(thought.get("line.kit")),
    )  # fmt: skip
    if "order.weight_g" in thought and "line.unit_g" not in thought:
        first = msgspec.structs.replace(first, g=_number(thought, "order.weight_g", 0) // qty)
    if "order.volume_cm3" in thought and "line.unit_cm3" not in thought:
        share = _number(thought, "order.volume_cm3", 0) // qty
        first = msgspec.structs.replace(first, cm3=share)
    more = [Line(f"more {i}", 1, 0, 0, whole if i == 0 else []) for i in range(extra)]
    if more and rest > extra:
        more[0] = msgspec.structs.replace(more[0], qty=rest - extra + 1)
    return [first, *more] if len(more) < 200 else None


def _group(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _node(thought: Thought, lines: list[Line], km: int, place: int) -> Node:
    tags = _texts(thought, "node.tags")
    if "node.tags" not in thought:
        tags = sorted({tag for line in lines for tag in line.tags})
    stock = {line.sku: Stock(10**6, 0, 0) for line in lines}
    stock[lines[0].sku] = Stock(_number(thought, "stock.units", 10**6), 0, 0)
    return Node(
        _text(thought, "node.id", f"node {place}"), max(0.0, km - 0.5) / KM_A_DEGREE, 0.0,
        _text(thought, "node.region", "somewhere"), _text(thought, "node.type", "warehouse"), tags,
        attrs=_attributes(thought, "node.attrs.") | _lanes(thought), stock=stock,
        stock_attrs={lines[0].sku: _attributes(thought, "stock.attrs.")},
    )  # fmt: skip


def _lanes(thought: Thought) -> Attributes:
    carrier = _text(thought, "service.carrier", "carrier")
    region = _text(thought, "dest.region", "somewhere")
    return {
        lane_key(carrier, region, name): value
        for name, value in _attributes(thought, "lane.attrs.").items()
    }


def _service(thought: Thought, lines: list[Line], node: str) -> Service:
    transit = _number(thought, "service.transit_min", 0)
    leaves = max(0, _number(thought, "service.eta_min", transit) - transit)
    tags = _texts(thought, "service.tags")
    if "service.tags" not in thought:
        tags = sorted({tag for line in lines for tag in line.tags})
    rate = Rate(10**9, _number(thought, "service.first_minor", 1000), 1000, 0, transit)
    return Service(
        _text(thought, "service.id", "service"), node, _text(thought, "service.carrier", "carrier"),
        _text(thought, "service.level", "standard"), _number(thought, "service.max_g", 10**9), 6000,
        [Departure(leaves, leaves, 0)], [rate] * 6, tags, thought.get("service.cod") is not False,
    )  # fmt: skip
