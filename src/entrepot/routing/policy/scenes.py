"""What conditions look at: an order, one of its lines and one option, with what follows of them.

The numbers of an option for an order (zone, kilometres, arrival) are worked out once per order.
"""

from datetime import datetime
from math import ceil
from zoneinfo import ZoneInfo

import msgspec

from entrepot.routing.engine.format import Line, Node, Order, Problem, Rate, Service
from entrepot.routing.engine.resolving import distance_km


class Lane(msgspec.Struct, frozen=True):
    """An option as one order sees it. `rate` None: not served; `eta` None: no departure."""

    node: Node
    service: Service
    km: float
    zone: int
    rate: Rate | None
    eta: int | None


class OrderFacts(msgspec.Struct, frozen=True):
    """An order with its sums and its moment; `start`: minute from which it can be handed over."""

    order: Order
    start: int
    now: int
    units: int
    weight_g: int
    volume_cm3: int
    tags: tuple[str, ...]
    weekday: int
    minute: int
    day: int


class Scene(msgspec.Struct, frozen=True):
    """One place to evaluate a condition at; parts that a rule does not speak of are None."""

    facts: OrderFacts
    line: Line | None = None
    lane: Lane | None = None


def facts_of(problem: Problem, order: Order, *, at: datetime, zone: str) -> OrderFacts:
    """Sums of an order, and `at` as local time of `zone`."""
    local = at.astimezone(ZoneInfo(zone))
    return OrderFacts(
        order,
        max(problem.now, order.ready),
        problem.now,
        sum(line.qty for line in order.lines),
        sum(line.qty * line.g for line in order.lines),
        sum(line.qty * line.cm3 for line in order.lines),
        tuple(sorted({tag for line in order.lines for tag in line.tags})),
        local.isoweekday(),
        local.hour * 60 + local.minute,
        local.year * 10_000 + local.month * 100 + local.day,
    )


def lanes_of(problem: Problem, facts: OrderFacts) -> tuple[Lane, ...]:
    """Every option of the problem as the order sees it, in the order of `services`."""
    seen: dict[str, tuple[Node, float, int]] = {}
    for node in problem.nodes:
        km = distance_km(facts.order.dest, node.lat, node.lon)
        seen[node.id] = (node, km, sum(limit < km for limit in problem.zone_km))
    return tuple(_lane(service, *seen[service.node], facts) for service in problem.services)


def _lane(service: Service, node: Node, km: float, zone: int, facts: OrderFacts) -> Lane:
    rate = service.rates[zone]
    truck = next((d for d in service.departures if d.catch_by >= facts.start), None)
    eta = None
    if rate is not None and truck is not None:
        eta = truck.leaves + truck.extra_transit + rate.transit_min
    return Lane(node, service, km, zone, rate, eta)


def whole_km(lane: Lane) -> int:
    """Kilometres rounded up: «at most 50» means within 50."""
    return ceil(lane.km)


def late_days(facts: OrderFacts, lane: Lane) -> int:
    """Started days after the promise; 0 without promise or arrival."""
    promise = facts.order.deliver_by
    if promise is None or lane.eta is None:
        return 0
    return max(0, -(-(lane.eta - promise) // 1440))
