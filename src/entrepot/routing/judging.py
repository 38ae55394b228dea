"""A plan read by the rules of the format alone: every broken rule with its path, cost by term.

Shares no code with the engine, so that a plan from elsewhere, or the engine's own, can be held
against the format. Rule numbers are those of `routing-problem/1`.
"""

import math
from collections import Counter
from collections.abc import Iterator

import msgspec

from entrepot.kernel.refusals import FieldError
from entrepot.routing.engine.format import (
    Line,
    Node,
    Order,
    OrderPlan,
    Plan,
    Problem,
    Rate,
    Service,
    Shipment,
)


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a shipment costs, by term, in minor units; the sum is rule 5."""

    fix: int = 0
    penalty: int = 0
    late: int = 0
    first: int = 0
    steps: int = 0
    units: int = 0
    shadow: int = 0

    @property
    def total(self) -> int:
        """The shipment's cost."""
        return (
            self.fix + self.penalty + self.late + self.first + self.steps + self.units
            + self.shadow
        )  # fmt: skip


class Option(msgspec.Struct, frozen=True):
    """An option that an order may use: rules 1 to 3 hold."""

    node: Node
    service: Service
    rate: Rate
    eta: int
    late: int


class Rows:
    """A problem's nodes and services by name, and what plans have drawn on so far."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.nodes = {node.id: node for node in problem.nodes}
        self.services = {(service.node, service.id): service for service in problem.services}
        self.left = {capacity.id: capacity.left for capacity in problem.capacities}
        self.stock: Counter[tuple[str, str]] = Counter()
        self.capacity: Counter[str] = Counter()
        self.units: Counter[str] = Counter()

    def option(self, order: Order, node_id: str, service_id: str) -> Option | str:
        """The option if this order may use it, else the code of the rule that forbids it."""
        node, service = self.nodes.get(node_id), self.services.get((node_id, service_id))
        if node is None or service is None:
            return "no_such_option"
        if order.dest.region in node.regions_blocked:
            return "region_blocked"
        if order.cod and not service.cod:
            return "no_cod"
        far = _km(order.dest.lat, order.dest.lon, node.lat, node.lon)
        rate = service.rates[sum(limit < far for limit in self.problem.zone_km)]
        if rate is None:
            return "zone_not_served"
        start = max(self.problem.now, order.ready)
        caught = [departure for departure in service.departures if departure.catch_by >= start]
        if not caught:
            return "no_departure"
        eta = caught[0].leaves + caught[0].extra_transit + rate.transit_min
        late = 0
        if order.deliver_by is not None and eta > order.deliver_by:
            if order.late == "hard":
                return "too_late"
            late = order.late_day * -((order.deliver_by - eta) // 1440)
        return Option(node, service, rate, eta, late)

    def draw(self, order: Order, plan: OrderPlan, *, back: bool = False) -> None:
        """Count what a plan takes of stock and capacities (`back`: give it back)."""
        sign = -1 if back else 1
        lines = {line.sku: line for line in order.lines}
        for shipment in plan.shipments:
            node, service = (
                self.nodes[shipment.node],
                self.services[shipment.node, shipment.service],
            )
            total = sum(shipment.units.values())
            grams = sum(units * lines[sku].g for sku, units in shipment.units.items())
            for sku, units in shipment.units.items():
                self.stock[node.id, sku] += sign * units
            self.units[node.id] += sign * total
            for use in (*node.uses, *service.uses):
                taken = use.per_shipment + use.per_unit * total + use.per_g * grams
                self.capacity[use.capacity] += sign * taken

    def overdrawn(self) -> Iterator[FieldError]:
        """Rule 6: every stock and capacity of which the plans take more than there is."""
        for (node_id, sku), units in sorted(self.stock.items()):
            row = self.nodes[node_id].stock.get(sku)
            there = row.usable if row is not None else 0
            if units > there:
                yield FieldError(
                    "orders", "overdrawn", f"{units} of {sku} at {node_id}, usable {there}"
                )
        for node_id, units in sorted(self.units.items()):
            most = self.nodes[node_id].cap_units
            if most is not None and units > most:
                yield FieldError("orders", "overdrawn", f"{units} units at {node_id}, cap {most}")
        for name, taken in sorted(self.capacity.items()):
            if taken > self.left[name]:
                yield FieldError(
                    "orders", "overdrawn", f"{taken} of capacity {name}, left {self.left[name]}"
                )


def terms_of(order: Order, option: Option, units: dict[str, int]) -> Terms:
    """Rules 4 and 5: what this option costs with these units of the order's lines."""
    lines = {line.sku: line for line in order.lines}
    node, rate = option.node, option.rate
    over = max(0, chargeable_g(lines, option.service, units) - rate.first_g)
    rows = {sku: node.stock.get(sku) for sku in units}
    return Terms(
        fix=node.fix,
        penalty=node.penalty,
        late=option.late,
        first=rate.first_price,
        steps=rate.step_price * -(-over // rate.step_g),
        units=node.unit * sum(units.values()),
        shadow=sum(n * (row.shadow if (row := rows[sku]) else 0) for sku, n in units.items()),
    )


def chargeable_g(lines: dict[str, Line], service: Service, units: dict[str, int]) -> int:
    """Rule 4: the greater of actual and volumetric grams."""
    actual = sum(n * lines[sku].g for sku, n in units.items())
    volumetric = sum(n * -(-lines[sku].cm3 * 1000 // service.divisor) for sku, n in units.items())
    return max(actual, volumetric)


def broken_rules(problem: Problem, plan: Plan) -> Iterator[FieldError]:
    """Every rule that a plan breaks, with the path in the plan. Costs and times are not read."""
    rows = Rows(problem)
    if [order.id for order in plan.orders] != [order.id for order in problem.orders]:
        yield FieldError("orders", "wrong_orders", "not the orders asked for, in their order")
        return
    sound = True
    for i, (order, answer) in enumerate(zip(problem.orders, plan.orders, strict=True)):
        faults = list(broken_in_order(rows, order, answer, f"orders[{i}]"))
        yield from faults
        sound = sound and not faults
        if not faults:
            rows.draw(order, answer)
    if sound:
        yield from rows.overdrawn()


def broken_in_order(rows: Rows, order: Order, answer: OrderPlan, path: str) -> Iterator[FieldError]:
    """Rules 1 to 5, 7 and 8 and the units of rule 6 for one order, without shared stock."""
    if answer.status == "infeasible":
        if answer.shipments or answer.short:
            yield FieldError(path, "infeasible_with_plan", "no plan has no shipments")
        return
    used = [(shipment.node, shipment.service) for shipment in answer.shipments]
    if len(set(used)) < len(used):
        yield FieldError(f"{path}.shipments", "option_twice", "an option is used once (rule 1)")
    if order.max_shipments is not None and len(used) > order.max_shipments:
        yield FieldError(
            f"{path}.shipments", "too_many_shipments", f"at most {order.max_shipments}"
        )
    for j, shipment in enumerate(answer.shipments):
        yield from _shipment(rows, order, shipment, f"{path}.shipments[{j}]")
    yield from _units(order, answer, path)
    yield from _torn(order, answer, path)


def _shipment(rows: Rows, order: Order, shipment: Shipment, path: str) -> Iterator[FieldError]:
    option = rows.option(order, shipment.node, shipment.service)
    if isinstance(option, str):
        yield FieldError(path, option, f"{shipment.service} at {shipment.node} may not be used")
        return
    lines = {line.sku: line for line in order.lines}
    if not shipment.units:
        yield FieldError(f"{path}.units", "empty", "a shipment carries something")
    known = {}
    for sku, units in shipment.units.items():
        line = lines.get(sku)
        if line is None:
            yield FieldError(f"{path}.units.{sku}", "not_ordered", "the order has no such line")
        elif units < 1:
            yield FieldError(f"{path}.units.{sku}", "no_units", "at least one unit")
        elif not set(line.tags) <= set(option.node.tags) & set(option.service.tags):
            yield FieldError(f"{path}.units.{sku}", "not_capable", "a tag is not served (rule 2)")
        else:
            known[sku] = units
    grams = chargeable_g(lines, option.service, known)
    if grams > option.service.max_g:
        yield FieldError(path, "too_heavy", f"{grams} g, at most {option.service.max_g}")


def _units(order: Order, answer: OrderPlan, path: str) -> Iterator[FieldError]:
    shipped: Counter[str] = Counter()
    for shipment in answer.shipments:
        shipped.update(shipment.units)
    lines = {line.sku: line for line in order.lines}
    for sku in sorted(set(answer.short) - set(lines)):
        yield FieldError(f"{path}.short.{sku}", "not_ordered", "the order has no such line")
    for sku, line in lines.items():
        short = answer.short.get(sku, 0)
        if short < 0 or shipped[sku] + short != line.qty:
            yield FieldError(
                f"{path}.short.{sku}", "wrong_sum",
                f"{shipped[sku]} shipped and {short} short of {line.qty}",
            )  # fmt: skip
        elif short and line.short is None:
            yield FieldError(f"{path}.short.{sku}", "must_ship", "this line may not be short")


def _torn(order: Order, answer: OrderPlan, path: str) -> Iterator[FieldError]:
    """Rules 7 and 8: what must stay together is in one shipment, or not shipped at all."""
    for name, members in _together(order).items():
        whole = any(
            all(shipment.units.get(line.sku) == line.qty for line in members)
            for shipment in answer.shipments
        )
        none = not any(
            line.sku in shipment.units for shipment in answer.shipments for line in members
        )
        if not whole and not none:
            yield FieldError(f"{path}.shipments", "torn", f"{name} must stay together")


def _together(order: Order) -> dict[str, list[Line]]:
    if order.ship_complete:
        return {"the order": order.lines}
    groups: dict[str, list[Line]] = {}
    for line in order.lines:
        if line.group is not None:
            groups.setdefault(f"kit {line.group}", []).append(line)
        elif not order.split_lines:
            groups[f"line {line.sku}"] = [line]
    return groups


def repriced(problem: Problem, plan: Plan) -> Plan:
    """An unbroken plan with costs, arrival times and order made ours; `bounded`, bound 0."""
    rows = Rows(problem)
    orders = tuple(
        reprice_order(rows, order, answer)
        for order, answer in zip(problem.orders, plan.orders, strict=True)
    )
    cost = sum(order.cost for order in orders)
    lost = any(order.status == "infeasible" for order in orders)
    return Plan(
        "routing-plan/1", plan.engine, "infeasible" if lost else "bounded", cost, 0, 0, orders
    )


def reprice_order(rows: Rows, order: Order, answer: OrderPlan) -> OrderPlan:
    """One unbroken order's plan with true costs and times, in canonical order, bound 0."""
    if answer.status == "infeasible":
        return OrderPlan(order.id, "infeasible", 0, 0, (), {})
    shipments, cost = [], 0
    for shipment in sorted(answer.shipments, key=lambda s: (s.node, s.service)):
        option = rows.option(order, shipment.node, shipment.service)
        if isinstance(option, str):
            raise ValueError(f"a broken plan was priced: {option}")
        units = dict(sorted(shipment.units.items()))
        price = terms_of(order, option, units).total
        cost += price
        shipments.append(Shipment(shipment.service, shipment.node, option.eta, price, units))
    short = {sku: units for sku, units in sorted(answer.short.items()) if units}
    prices = {line.sku: line.short or 0 for line in order.lines}
    cost += sum(units * prices[sku] for sku, units in short.items())
    return OrderPlan(order.id, "bounded", cost, min(0, cost), tuple(shipments), short)


def _km(lat: float, lon: float, to_lat: float, to_lon: float) -> float:
    """Great-circle distance by the haversine formula on a sphere of 6371.0 km."""
    phi, to_phi = math.radians(lat), math.radians(to_lat)
    across = math.sin(math.radians(to_lon - lon) / 2)
    along = math.sin((to_phi - phi) / 2)
    half_chord = along * along + math.cos(phi) * math.cos(to_phi) * across * across
    return 2 * 6371.0 * math.asin(min(1.0, math.sqrt(half_chord)))
