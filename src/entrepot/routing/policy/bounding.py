"""What an order decided on leftovers could have cost at least, had it come first.

The orders of a file are decided one by one; a bound for all of them may not rest on what earlier
orders happened to leave.
"""

from entrepot.routing.engine.format import Order, Problem
from entrepot.routing.engine.routing import route
from entrepot.routing.policy.applying import MARK, Applied


def bound_alone(decided: Applied, free: Applied, *, budget: int) -> int:
    """A true bound for one order: `decided` on leftovers, `free` as if it came first.

    The bound of `free`, when it asks for the same in the same prices and allows all that
    `decided` does; else only what no plan at `decided`'s prices can go below.
    """
    if _prices(decided.problem) == _prices(free.problem) and _allows(free, decided):
        return route(free.problem, budget=budget).lower_bound
    order, nodes = decided.problem.orders[0], decided.problem.nodes
    return sum(
        line.qty
        * min([0, *(n.unit + n.stock[line.sku].shadow for n in nodes if line.sku in n.stock)])
        for line in order.lines
    )


def _prices(problem: Problem) -> tuple[object, ...]:
    """Everything that a plan's cost is made of, and the order's limits."""
    order = problem.orders[0]
    skus = [line.sku for line in order.lines]
    return (
        [service.rates for service in problem.services],
        [(node.fix, node.unit, node.penalty) for node in problem.nodes],
        [n.stock[sku].shadow for n in problem.nodes for sku in skus if sku in n.stock],
        _unmarked(order),
    )


def _unmarked(order: Order) -> tuple[object, ...]:
    lines = [
        (line.sku, line.short, line.group, [tag for tag in line.tags if not tag.startswith(MARK)])
        for line in order.lines
    ]
    return lines, order.deliver_by, order.late, order.late_day, _limits(order)


def _limits(order: Order) -> tuple[object, ...]:
    return order.max_shipments, order.ship_complete, order.split_lines


def _allows(free: Applied, decided: Applied) -> bool:
    """Whether nothing is forbidden as the first that is not forbidden on leftovers as well."""
    barred = [
        {(e.node, e.service, sku) for e in found.exclusions for sku in e.skus}
        for found in (free, decided)
    ]
    return barred[0] <= barred[1]
