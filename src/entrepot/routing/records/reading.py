"""What a decision reads of a problem: one order, the rows that can matter to it, what is left.

whole problem + what earlier plans have taken -> rows of one order, in canonical order
"""

import msgspec

from entrepot.routing.engine.format import (
    Capacity,
    Node,
    Order,
    Problem,
    Service,
    Stock,
)
from entrepot.routing.judging import Rows


def rows_for(taken: Rows, order: Order) -> Problem:
    """The problem of this order alone on what `taken` has left of its problem."""
    problem = taken.problem
    return msgspec.structs.replace(
        problem,
        orders=[_order(order)],
        nodes=[_node(taken, node, order) for node in sorted(problem.nodes, key=_name)],
        services=[_service(s) for s in sorted(problem.services, key=lambda s: (s.node, s.id))],
        capacities=[
            Capacity(one.id, max(0, one.left - taken.capacity[one.id]))
            for one in sorted(problem.capacities, key=lambda one: one.id)
        ],
    )


def _name(node: Node) -> str:
    return node.id


def _order(order: Order) -> Order:
    """Lines by SKU, tags sorted: what means the same is written the same."""
    lines = [
        msgspec.structs.replace(line, tags=sorted(line.tags))
        for line in sorted(order.lines, key=lambda line: line.sku)
    ]
    return msgspec.structs.replace(order, lines=lines)


def _node(taken: Rows, node: Node, order: Order) -> Node:
    skus = sorted(line.sku for line in order.lines)
    stock = {
        sku: Stock(row.atp - taken.stock[node.id, sku], row.safety, row.shadow)
        for sku in skus
        if (row := node.stock.get(sku)) is not None
    }
    cap = node.cap_units
    return msgspec.structs.replace(
        node,
        tags=sorted(node.tags),
        regions_blocked=sorted(node.regions_blocked),
        cap_units=None if cap is None else max(0, cap - taken.units[node.id]),
        uses=sorted(node.uses, key=_uses),
        stock=stock,
        stock_attrs={sku: node.stock_attrs[sku] for sku in skus if sku in node.stock_attrs},
    )


def _service(service: Service) -> Service:
    return msgspec.structs.replace(
        service, tags=sorted(service.tags), uses=sorted(service.uses, key=_uses)
    )


def _uses(use: msgspec.Struct) -> tuple[object, ...]:
    return msgspec.structs.astuple(use)
