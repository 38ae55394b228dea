"""From a found plan back to the words of the format."""

from entrepot.routing.engine.asking import Question
from entrepot.routing.engine.format import Order, OrderPlan, Shipment
from entrepot.routing.engine.lattice import lattice_for
from entrepot.routing.engine.searching import Found
from entrepot.routing.engine.table import Table


def unplannable(order: Order) -> OrderPlan:
    """The answer when no plan exists."""
    return OrderPlan(order.id, "infeasible", 0, 0, (), {})


def plan_of(question: Question, table: Table, found: Found, bound: int) -> OrderPlan:
    """The order's plan; `bound` is in the table's units and proves it when it reaches it."""
    lattice = lattice_for(tuple(item.count for item in question.demand.items))
    lines = question.order.lines
    left = {line.sku: line.qty for line in lines}
    shipments = []
    for row, part in found.chosen:
        at = int(table.rows[row])
        service = question.network.services[int(question.eligible.option[at])]
        units = {
            lines[i].sku: int(pieces) * each
            for item, pieces in zip(question.demand.items, lattice.vectors[part], strict=True)
            for i, each in zip(item.lines, item.each, strict=True)
            if pieces
        }
        for sku, amount in units.items():
            left[sku] -= amount
        money = int(table.cost[row, part]) // table.radix
        shipments.append(
            Shipment(
                service.id, service.node, int(question.eligible.eta[at]), money,
                dict(sorted(units.items())),
            )
        )  # fmt: skip
    proven = bound >= found.value
    cost = found.value // table.radix
    lower = cost if proven else min(cost, bound // table.radix)
    return OrderPlan(
        question.order.id,
        "optimal" if proven else "bounded",
        cost,
        lower,
        tuple(shipments),
        {sku: amount for sku, amount in sorted(left.items()) if amount},
    )
