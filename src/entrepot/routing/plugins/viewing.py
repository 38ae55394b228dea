"""The facts of one order that a rule has declared, and nothing else."""

from collections.abc import Collection

from entrepot.routing.engine.format import Attributes, Order, Problem
from entrepot.routing.judging import Rows
from entrepot.routing.plugins.contract import (
    ArrivalFacts,
    DestinationFacts,
    Facts,
    LineFacts,
    NodeFacts,
    OrderFacts,
    ServiceFacts,
    StockFacts,
)


def facts_of(problem: Problem, order: Order, inputs: Collection[str]) -> Facts:
    """What a rule with these inputs may see of an order, in canonical order."""
    services = sorted(problem.services, key=lambda service: (service.node, service.id))
    return Facts(
        options=tuple((service.node, service.id) for service in services),
        now=problem.now,
        order=_order(order) if "order" in inputs else None,
        dest=_destination(order) if "dest" in inputs else None,
        lines=_lines(order) if "lines" in inputs else None,
        nodes=_nodes(problem) if "nodes" in inputs else None,
        services=tuple(
            ServiceFacts(s.id, s.node, s.carrier, s.level, tuple(sorted(s.tags))) for s in services
        )
        if "services" in inputs
        else None,
        stock=_stock(problem, order) if "stock" in inputs else None,
        arrivals=_arrivals(problem, order) if "arrivals" in inputs else None,
    )


def _order(order: Order) -> OrderFacts:
    return OrderFacts(order.ready, order.deliver_by, order.late, order.cod, _sorted(order.attrs))


def _destination(order: Order) -> DestinationFacts:
    return DestinationFacts(order.dest.lat, order.dest.lon, order.dest.region)


def _lines(order: Order) -> tuple[LineFacts, ...]:
    lines = sorted(order.lines, key=lambda line: line.sku)
    return tuple(
        LineFacts(
            line.sku, line.qty, line.g, line.cm3, tuple(sorted(line.tags)), _sorted(line.attrs)
        )
        for line in lines
    )


def _nodes(problem: Problem) -> tuple[NodeFacts, ...]:
    nodes = sorted(problem.nodes, key=lambda node: node.id)
    return tuple(
        NodeFacts(node.id, node.type, node.region, tuple(sorted(node.tags)), _sorted(node.attrs))
        for node in nodes
    )


def _stock(problem: Problem, order: Order) -> tuple[StockFacts, ...]:
    wanted = sorted(line.sku for line in order.lines)
    return tuple(
        StockFacts(node.id, sku, node.stock[sku].usable, _sorted(node.stock_attrs.get(sku, {})))
        for node in sorted(problem.nodes, key=lambda node: node.id)
        for sku in wanted
        if sku in node.stock
    )


def _arrivals(problem: Problem, order: Order) -> tuple[ArrivalFacts, ...]:
    rows = Rows(problem)
    found = []
    for node, service in sorted(rows.services):
        option = rows.option(order, node, service)
        if not isinstance(option, str):
            found.append(ArrivalFacts(node, service, option.eta))
    return tuple(found)


def _sorted(attrs: Attributes) -> Attributes:
    return dict(sorted(attrs.items()))
