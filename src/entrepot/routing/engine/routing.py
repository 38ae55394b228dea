"""A whole problem: orders one by one, in the given order, on shared stock and capacities."""

from importlib.metadata import version
from typing import Final

import msgspec
import numpy as np

from entrepot.routing.engine.asking import Left, untouched
from entrepot.routing.engine.deciding import DEFAULT_BUDGET, decide
from entrepot.routing.engine.explaining import explain
from entrepot.routing.engine.format import Order, OrderPlan, Plan, Problem, Status
from entrepot.routing.engine.network import Network

ENGINE: Final = f"entrepot-routing/3 numpy/{version('numpy')} highs/{version('highspy')}"
"""The engine's version; the libraries that its bytes may depend on are part of it."""


def route(problem: Problem, *, budget: int = DEFAULT_BUDGET, explained: bool = False) -> Plan:
    """Decide every order of a checked problem one by one. `budget`: work units per order.

    `explained` adds every option's candidate. The plan is called optimal when every order got
    what it would get alone: then no other division of stock could be cheaper. Otherwise the sum
    of those costs is the bound.
    """
    network = Network(problem)
    alone, left = untouched(network), untouched(network)
    plans, work, bound = [], 0, 0
    for order in problem.orders:
        decision = first = decide(network, order, alone, budget)
        if first.plan.status != "infeasible" and not fits(network, order, first.plan, left):
            decision = decide(network, order, left, budget)
            work += decision.work
        plan = decision.plan
        plans.append(plan)
        work += first.work
        bound += first.plan.lower_bound
        left = take(network, order, plan, left)
    cost = sum(plan.cost for plan in plans)
    whole = Plan(
        "routing-plan/1", ENGINE, status_of(plans, cost, bound), cost, bound, work, tuple(plans)
    )
    return with_candidates(problem, whole, budget=budget) if explained else whole


def with_candidates(problem: Problem, plan: Plan, *, budget: int, together: bool = False) -> Plan:
    """The plan with every option of every order explained on what was left for it.

    One by one that is what the orders before it left; `together`, as in a wave, what all the
    others leave.
    """
    network = Network(problem)
    left = untouched(network)
    pairs = list(zip(problem.orders, plan.orders, strict=True))
    for order, decided in pairs if together else ():
        left = take(network, order, decided, left)
    explained = []
    for order, decided in pairs:
        here = take(network, order, decided, left, back=True) if together else left
        candidates = explain(network, order, here, decided, budget=budget)
        explained.append(msgspec.structs.replace(decided, candidates=candidates))
        left = left if together else take(network, order, decided, left)
    return msgspec.structs.replace(plan, orders=tuple(explained))


def status_of(plans: list[OrderPlan], cost: int, bound: int) -> Status:
    """The status of a whole plan."""
    if any(plan.status == "infeasible" for plan in plans):
        return "infeasible"
    return "optimal" if cost == bound else "bounded"


def needs(
    network: Network, order: Order, plan: OrderPlan
) -> tuple[dict[str, list[int]], list[int]]:
    """What a plan takes: units per node of each SKU, and of each capacity."""
    lines = {line.sku: line for line in order.lines}
    units: dict[str, list[int]] = {}
    capacity = [0] * len(network.capacity_left)
    for shipment in plan.shipments:
        option = network.option_index[shipment.node, shipment.service]
        node = network.node_index[shipment.node]
        total = grams = 0
        for sku, amount in shipment.units.items():
            units.setdefault(sku, [0] * len(network.nodes))[node] += amount
            total += amount
            grams += amount * lines[sku].g
        uses = network.uses
        for column in range(uses.width):
            at = int(uses.capacity[option, column])
            if at >= 0:
                capacity[at] += int(uses.per_shipment[option, column])
                capacity[at] += int(uses.per_unit[option, column]) * total
                capacity[at] += int(uses.per_g[option, column]) * grams
    return units, capacity


def fits(network: Network, order: Order, plan: OrderPlan, left: Left) -> bool:
    """Whether what is left suffices for a plan."""
    units, capacity = needs(network, order, plan)
    for sku, taken in units.items():
        here = left.usable.get(sku)
        if here is not None and (here < np.array(taken)).any():
            return False
    return bool((left.capacity >= np.array(capacity, np.int64)).all())


def take(
    network: Network, order: Order, plan: OrderPlan, left: Left, *, back: bool = False
) -> Left:
    """What is left after a plan (`back`: after giving it back)."""
    sign = -1 if back else 1
    units, capacity = needs(network, order, plan)
    usable = dict(left.usable)
    for sku, taken in units.items():
        usable[sku] = usable.get(sku, network.stock(sku)[0]) - sign * np.array(taken)
    return Left(usable, left.capacity - sign * np.array(capacity, np.int64))
