"""From a found plan back to the words of the format."""

from entrepot.routing.engine.asking import Question
from entrepot.routing.engine.format import Order, OrderPlan, Shipment
from entrepot.routing.engine.plans import Found


def unplannable(order: Order) -> OrderPlan:
    """The answer when no plan exists."""
    return OrderPlan(order.id, "infeasible", 0, 0, (), {})


def plan_of(question: Question, found: Found, bound: int) -> OrderPlan:
    """The order's plan; `bound`, in the units of `found.value`, proves it when it reaches it."""
    lines = question.order.lines
    left = {line.sku: line.qty for line in lines}
    shipments = []
    for at, vector, value in found.shipments:
        service = question.network.services[int(question.eligible.option[at])]
        units = {
            lines[i].sku: pieces * each
            for item, pieces in zip(question.demand.items, vector, strict=True)
            for i, each in zip(item.lines, item.each, strict=True)
            if pieces
        }
        for sku, amount in units.items():
            left[sku] -= amount
        shipments.append(
            Shipment(
                service.id, service.node, int(question.eligible.eta[at]),
                value // question.radix,
                dict(sorted(units.items())),
            )
        )  # fmt: skip
    proven = bound >= found.value
    cost = found.value // question.radix
    lower = cost if proven else min(cost, bound // question.radix)
    return OrderPlan(
        question.order.id,
        "optimal" if proven else "bounded",
        cost,
        lower,
        tuple(shipments),
        {sku: amount for sku, amount in sorted(left.items()) if amount},
    )
