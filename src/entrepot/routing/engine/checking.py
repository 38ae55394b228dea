"""What a well-typed problem can still get wrong: names used twice or not at all, order of
limits and departures, and amounts that could not be summed exactly in 64 bits."""

from collections.abc import Iterable, Iterator

from entrepot.kernel.refusals import FieldError
from entrepot.routing.engine.format import MAX_COST, Line, Order, Problem, Service, Use

_CAPACITY_SUM = 2**60


def contradictions(problem: Problem) -> Iterator[FieldError]:
    """Every contradiction inside a well-typed problem, in document order."""
    if problem.zone_km != sorted(problem.zone_km):
        yield FieldError("zone_km", "not_ascending", "zone limits must ascend")
    yield from _repeated("capacities", [capacity.id for capacity in problem.capacities])
    known = {capacity.id for capacity in problem.capacities}
    yield from _repeated("nodes", [node.id for node in problem.nodes])
    for i, node in enumerate(problem.nodes):
        yield from _unknown_uses(f"nodes[{i}]", node.uses, known)
    yield from _service_mistakes(problem, known)
    yield from _repeated("orders", [order.id for order in problem.orders])
    worst = _Worst(problem)
    for i, order in enumerate(problem.orders):
        yield from _line_mistakes(f"orders[{i}]", order.lines)
        yield from worst.mistakes(f"orders[{i}]", order)


def _repeated(path: str, ids: list[str], name: str = "id") -> Iterator[FieldError]:
    seen: set[str] = set()
    for i, text in enumerate(ids):
        if text in seen:
            yield FieldError(f"{path}[{i}].{name}", "repeated", f"{text!r} occurs twice")
        seen.add(text)


def _unknown_uses(path: str, uses: Iterable[Use], known: set[str]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for i, use in enumerate(uses):
        if use.capacity not in known:
            yield FieldError(f"{path}.uses[{i}][0]", "unknown", f"no capacity {use.capacity!r}")
        if use.capacity in seen:
            yield FieldError(f"{path}.uses[{i}][0]", "repeated", f"{use.capacity!r} used twice")
        seen.add(use.capacity)


def _service_mistakes(problem: Problem, known: set[str]) -> Iterator[FieldError]:
    nodes = {node.id for node in problem.nodes}
    pairs: set[tuple[str, str]] = set()
    for i, service in enumerate(problem.services):
        path = f"services[{i}]"
        if service.node not in nodes:
            yield FieldError(f"{path}.node", "unknown", f"no node {service.node!r}")
        if (service.node, service.id) in pairs:
            yield FieldError(f"{path}.id", "repeated", f"{service.id!r} occurs twice at its node")
        pairs.add((service.node, service.id))
        yield from _unknown_uses(path, service.uses, known)
        yield from _departure_mistakes(path, service)


def _departure_mistakes(path: str, service: Service) -> Iterator[FieldError]:
    before = None
    for i, departure in enumerate(service.departures):
        if before is not None and departure.catch_by <= before:
            yield FieldError(f"{path}.departures[{i}][0]", "not_ascending", "catch_by must ascend")
        before = departure.catch_by


def _line_mistakes(path: str, lines: list[Line]) -> Iterator[FieldError]:
    yield from _repeated(f"{path}.lines", [line.sku for line in lines], "sku")


class _Worst:
    """Upper limits for what an order of this problem could cost, in exact Python numbers."""

    def __init__(self, problem: Problem) -> None:
        rates = [rate for service in problem.services for rate in service.rates if rate]
        stocks = [abs(s.shadow) for node in problem.nodes for s in node.stock.values()]
        uses = [use for node in problem.nodes for use in node.uses]
        uses += [use for service in problem.services for use in service.uses]
        self.unit = max((n.unit for n in problem.nodes), default=0) + max(stocks, default=0)
        self.shipment = max((n.fix + n.penalty for n in problem.nodes), default=0)
        self.shipment += max((rate.first_price for rate in rates), default=0)
        self.step = max((rate.step_price for rate in rates), default=0)
        self.step_g = min((rate.step_g for rate in rates), default=1)
        self.divisor = min((s.divisor for s in problem.services), default=1)
        last = [d.leaves + d.extra_transit for s in problem.services for d in s.departures]
        self.eta = max(last, default=0) + max((rate.transit_min for rate in rates), default=0)
        self.per_g = max((use.per_g for use in uses), default=0)

    def mistakes(self, path: str, order: Order) -> Iterator[FieldError]:
        units = sum(line.qty for line in order.lines)
        grams = sum(line.qty * line.g for line in order.lines)
        volumes = sum(line.qty * -(-line.cm3 * 1000 // self.divisor) for line in order.lines)
        late_days = 0
        if order.deliver_by is not None:
            late_days = max(0, self.eta - order.deliver_by) // 1440 + 1
        shorts = sum(line.qty * (line.short or 0) for line in order.lines)
        steps = max(grams, volumes) // self.step_g + units
        cost = units * (self.unit + self.shipment + order.late_day * late_days)
        if cost + self.step * steps + shorts >= MAX_COST or volumes >= MAX_COST:
            yield FieldError(path, "cost_overflow", f"the order could cost more than {MAX_COST}")
        if self.per_g * grams >= _CAPACITY_SUM:
            yield FieldError(path, "capacity_overflow", "a use per gram is too large to be summed")
