"""What a plan costs in the problem's own money, and what it leaves of stock and capacities."""

from collections import Counter

import msgspec

from entrepot.routing.engine.format import (
    Node,
    Order,
    OrderPlan,
    Problem,
    Rate,
    Service,
    Shipment,
    Use,
)
from entrepot.routing.engine.resolving import distance_km
from entrepot.routing.policy.applying import Standing


def money_of(problem: Problem, order: Order, plan: OrderPlan, standing: Standing) -> int:
    """Prices of the problem and charges of the policy for a plan of one order."""
    nodes = {node.id: node for node in problem.nodes}
    services = {(service.node, service.id): service for service in problem.services}
    lines = {line.sku: line for line in order.lines}
    by_lane = {(node, service): amount for node, service, amount in standing.lane_charges}
    by_unit = {(node, sku): amount for node, sku, amount in standing.unit_charges}
    total = sum(units * (lines[sku].short or 0) for sku, units in plan.short.items())
    for shipment in plan.shipments:
        node, key = nodes[shipment.node], (shipment.node, shipment.service)
        rate = _rate(problem, order, node, services[key])
        total += node.fix + node.penalty + by_lane.get(key, 0)
        total += _late_money(shipment, standing) + _freight(order, services[key], rate, shipment)
        for sku, units in shipment.units.items():
            each = node.unit + node.stock[sku].shadow
            total += units * (each + by_unit.get((node.id, sku), 0))
    return total


def _rate(problem: Problem, order: Order, node: Node, service: Service) -> Rate:
    km = distance_km(order.dest, node.lat, node.lon)
    rate = service.rates[sum(limit < km for limit in problem.zone_km)]
    if rate is None:
        raise ValueError(f"{service.id} does not serve this zone")
    return rate


def _late_money(shipment: Shipment, standing: Standing) -> int:
    if standing.deliver_by is None:
        return 0
    return standing.late_day * max(0, -(-(shipment.eta - standing.deliver_by) // 1440))


def _freight(order: Order, service: Service, rate: Rate, shipment: Shipment) -> int:
    lines = {line.sku: line for line in order.lines}
    grams = sum(units * lines[sku].g for sku, units in shipment.units.items())
    volume = sum(
        units * -(-lines[sku].cm3 * 1000 // service.divisor)
        for sku, units in shipment.units.items()
    )
    steps = max(0, -(-(max(grams, volume) - rate.first_g) // rate.step_g))
    return rate.first_price + rate.step_price * steps


def remaining(problem: Problem, order: Order, plan: OrderPlan) -> Problem:
    """The problem with what a plan took gone from stock and capacities."""
    if not plan.shipments:
        return problem
    lines = {line.sku: line for line in order.lines}
    services = {(service.node, service.id): service for service in problem.services}
    nodes = {node.id: node for node in problem.nodes}
    used: Counter[str] = Counter()
    for shipment in plan.shipments:
        units = sum(shipment.units.values())
        grams = sum(n * lines[sku].g for sku, n in shipment.units.items())
        node = nodes[shipment.node]
        for use in [*node.uses, *services[shipment.node, shipment.service].uses]:
            used[use.capacity] += _draw(use, units, grams)
        nodes[node.id] = _lighter(node, shipment, units)
    capacities = [
        msgspec.structs.replace(capacity, left=capacity.left - used[capacity.id])
        for capacity in problem.capacities
    ]
    return msgspec.structs.replace(
        problem, nodes=[nodes[node.id] for node in problem.nodes], capacities=capacities
    )


def _draw(use: Use, units: int, grams: int) -> int:
    return use.per_shipment + use.per_unit * units + use.per_g * grams


def _lighter(node: Node, shipment: Shipment, units: int) -> Node:
    stock = dict(node.stock)
    for sku, taken in shipment.units.items():
        stock[sku] = msgspec.structs.replace(stock[sku], atp=stock[sku].atp - taken)
    room = None if node.cap_units is None else node.cap_units - units
    return msgspec.structs.replace(node, stock=stock, cap_units=room)
