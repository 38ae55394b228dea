"""From calendars, cut-offs, pick-ups and shifts to absolute departures and capacities.

Pure: the moment comes in as `now`. A cut-off belongs to its local day, so a day with 23 or 25
hours moves it by an hour of absolute time and nothing else; `kernel.calendars.instant` decides
what skipped and doubled local times mean. Daily limits are those of the node's local day of
`now`: at its midnight they are whole again.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from entrepot.kernel.calendars import instant, local_day
from entrepot.routing.engine.format import (
    Capacity,
    Departure,
    Node,
    Order,
    Problem,
    Service,
    Use,
)
from entrepot.routing.types import (
    Counted,
    DailyLimit,
    Labour,
    Network,
    NetworkNode,
    NetworkService,
    PickUp,
    Shift,
)

HORIZON_DAYS = 10
"""Departures are listed for so many local days, today first."""


class Compiled(msgspec.Struct, frozen=True):
    """The engine's view of a network at one moment; minutes count from `instant0`."""

    instant0: datetime
    now: int
    capacities: tuple[Capacity, ...]
    nodes: tuple[Node, ...]
    services: tuple[Service, ...]


def compile_network(
    network: Network, *, now: datetime, instant0: datetime, horizon_days: int = HORIZON_DAYS
) -> Compiled:
    """Resolve every local time. `now` and `instant0` are aware; `instant0` is a whole minute."""
    nodes = {node.id: node for node in network.nodes}
    limits = {node: [x for x in network.limits if x.node == node] for node in nodes}
    return Compiled(
        instant0,
        _minute_up(now, instant0),
        tuple(_capacities(network, now, horizon_days)),
        tuple(_node(node, limits[node.id]) for node in network.nodes),
        tuple(
            _service(
                service, nodes[service.node], limits[service.node], now, instant0, horizon_days
            )
            for service in network.services
        ),
    )


def problem_of(
    compiled: Compiled,
    orders: list[Order],
    *,
    currency: str,
    zone_km: list[float],
    seed: int = 0,
) -> Problem:
    """A whole problem from a compiled network and orders."""
    return Problem(
        "routing-problem/1", compiled.instant0, currency, compiled.now, zone_km,
        list(compiled.nodes), list(compiled.services), orders, list(compiled.capacities), seed,
    )  # fmt: skip


def departures(
    service: NetworkService, node: NetworkNode, *, now: datetime, horizon_days: int = HORIZON_DAYS
) -> list[tuple[datetime, datetime, int]]:
    """What can still be caught: (catch by, leaves, extra minutes), ascending.

    A cut-off after closing time means closing time; of two trucks with one cut-off the earlier
    at its destination counts.
    """
    found: dict[datetime, tuple[datetime, int]] = {}
    today = local_day(now, node.calendar.zone)
    for offset in range(horizon_days):
        day = today + timedelta(days=offset)
        for pick_up in service.pick_ups:
            times = _times(service, node, pick_up, day)
            if times is not None and times[0] >= now:
                catch, leaves = times
                offer = (leaves, pick_up.extra_transit_min)
                found[catch] = min(found.get(catch, offer), offer, key=_arrival)
    return [(catch, leaves, extra) for catch, (leaves, extra) in sorted(found.items())]


def _arrival(offer: tuple[datetime, int]) -> datetime:
    return offer[0] + timedelta(minutes=offer[1])


def _times(
    service: NetworkService, node: NetworkNode, pick_up: PickUp, day: date
) -> tuple[datetime, datetime] | None:
    """Cut-off and leaving of a pick-up on a local day; None when it does not take place."""
    hours = node.calendar.hours(day)
    if hours is None or day.isoweekday() != pick_up.weekday or day in service.holidays:
        return None
    zone = node.calendar.zone
    catch = min(instant(day, pick_up.cut_off, zone), hours[1])
    leaving_day = day + timedelta(days=pick_up.leaves_days_later)
    leaves = max(instant(leaving_day, pick_up.leaves, zone), catch)
    if catch < hours[0]:
        return None
    for closure in node.closures:
        if closure.start <= catch < closure.end or closure.start <= leaves < closure.end:
            return None
    return catch, leaves


def _service(
    service: NetworkService,
    node: NetworkNode,
    limits: list[DailyLimit],
    now: datetime,
    instant0: datetime,
    horizon_days: int,
) -> Service:
    trucks = departures(service, node, now=now, horizon_days=horizon_days)
    listed: dict[int, Departure] = {}
    for catch, leaves, extra in trucks:
        minute = _minute_down(catch, instant0)
        listed.setdefault(minute, Departure(minute, _minute_up(leaves, instant0), extra))
    return Service(
        service.id, service.node, service.carrier, service.level, service.max_g, service.divisor,
        list(listed.values()), list(service.rates), list(service.tags), service.cod,
        [_use(limit) for limit in limits if limit.carrier == service.carrier],
    )  # fmt: skip


def _node(node: NetworkNode, limits: list[DailyLimit]) -> Node:
    uses = [_use(limit) for limit in limits if limit.carrier is None]
    if node.labour is not None:
        labour = node.labour
        uses.append(Use(_labour_id(node), labour.minutes_per_shipment, labour.minutes_per_unit, 0))
    return Node(
        node.id, node.lat, node.lon, node.region, node.type, list(node.tags),
        list(node.regions_blocked), node.fix, node.unit, node.penalty, None, uses, node.attrs,
        node.stock, node.stock_attrs,
    )  # fmt: skip


def _use(limit: DailyLimit) -> Use:
    return Use(
        limit.id,
        int(limit.counts is Counted.SHIPMENTS),
        int(limit.counts is Counted.UNITS),
        int(limit.counts is Counted.GRAMS),
    )


def _labour_id(node: NetworkNode) -> str:
    return f"labour at {node.id}"


def _capacities(network: Network, now: datetime, horizon_days: int) -> Iterator[Capacity]:
    for limit in network.limits:
        yield Capacity(limit.id, max(0, limit.limit - limit.taken))
    for node in network.nodes:
        if node.labour is not None:
            yield Capacity(_labour_id(node), _labour_left(node, node.labour, now, horizon_days))


def _labour_left(node: NetworkNode, labour: Labour, now: datetime, horizon_days: int) -> int:
    """What the shifts of today still work; when they are over, those of the next day that works:
    an order of the evening, or of a Sunday, is packed then and not refused."""
    today = local_day(now, node.calendar.zone)
    for offset in range(horizon_days):
        day = today + timedelta(days=offset)
        minutes = sum(
            _minutes_left(node, shift, day, now) * shift.people for shift in labour.shifts
        )
        if minutes:
            return max(0, minutes - labour.taken_min) if offset == 0 else minutes
    return 0


def _minutes_left(node: NetworkNode, shift: Shift, day: date, now: datetime) -> int:
    """Whole minutes that one person of a shift still works on a local day."""
    if shift.weekday != day.isoweekday() or not node.calendar.works_on(day):
        return 0
    start = max(now, instant(day, shift.opens, node.calendar.zone))
    end = instant(day, shift.closes, node.calendar.zone)
    for closure in node.closures:
        if closure.start <= start < closure.end:
            start = closure.end
        elif start < closure.start < end:
            end = closure.start
    return max(0, int((end - start).total_seconds()) // 60)


def _minute_down(moment: datetime, instant0: datetime) -> int:
    return int((moment.astimezone(UTC) - instant0).total_seconds() // 60)


def _minute_up(moment: datetime, instant0: datetime) -> int:
    return -int(-(moment.astimezone(UTC) - instant0).total_seconds() // 60)
