"""The orders of a wave and what they share: rows for what could run out, and their prices.

An order that pays these prices is an order like any other; the exact engine decides it.
"""

import msgspec
import numpy as np

from entrepot.kernel.refusals import Unavailable
from entrepot.routing.engine.asking import Left, Question, ask
from entrepot.routing.engine.columns import price_columns
from entrepot.routing.engine.deciding import solve
from entrepot.routing.engine.format import Order, OrderPlan
from entrepot.routing.engine.lattice import CEILING
from entrepot.routing.engine.listing import plans_within
from entrepot.routing.engine.network import Ints, Network
from entrepot.routing.engine.offers import Offer
from entrepot.routing.engine.planning import plan_of
from entrepot.routing.engine.plans import Found
from entrepot.routing.engine.routing import needs


class Charging:
    """Orders, what is left for them, and the rows they share. `work` counts what it took."""

    def __init__(self, network: Network, orders: list[Order], left: Left, budget: int) -> None:
        self.network, self.orders, self.left, self.budget = network, orders, left, budget
        self.questions = [ask(network, order, left) for order in orders]
        self.work = 0
        self._resources()

    def _resources(self) -> None:
        """Rows for what could run out: a node's stock of a SKU, and every capacity."""
        demand: dict[str, int] = {}
        for order in self.orders:
            for line in order.lines:
                demand[line.sku] = demand.get(line.sku, 0) + line.qty
        self.row_of: dict[str, Ints] = {}
        self.limits: list[int] = []
        for sku in sorted(demand):
            usable = self.left.usable.get(sku, self.network.stock(sku)[0])
            scarce = np.nonzero((usable < demand[sku]) & (usable > 0))[0]
            self.row_of[sku] = np.full(len(usable), -1, np.int64)
            self.row_of[sku][scarce] = len(self.limits) + np.arange(len(scarce))
            self.limits += usable[scarce].tolist()
        self.capacity_row = len(self.limits)
        self.limits += self.left.capacity.tolist()

    def offer(self, place: int, plan: OrderPlan) -> Offer:
        """A plan of the order at `place` as an offer."""
        units, capacity = needs(self.network, self.orders[place], plan)
        taken: dict[int, int] = {}
        for sku, per_node in units.items():
            rows = self.row_of[sku]
            for node, amount in enumerate(per_node):
                if amount and rows[node] >= 0:
                    taken[int(rows[node])] = amount
        for at, amount in enumerate(capacity):
            if amount:
                taken[self.capacity_row + at] = amount
        return Offer(place, plan.cost, tuple(sorted(taken)), tuple(taken[r] for r in sorted(taken)))

    def cheapest(
        self, place: int, prices: Ints, left: Left | None = None
    ) -> tuple[OrderPlan, int] | None:
        """An order's best plan if it pays these prices: its true plan, and a bound with them.

        None when what is left (`left`: another rest than the wave's) cannot fill it.
        """
        question = self.questions[place]
        if left is not None:
            question = ask(self.network, question.order, left)
        answer = solve(self.charged(question, prices), self.budget)
        self.work += answer.work
        if answer.found is None and answer.bound > CEILING:
            return None
        if answer.found is None:
            raise Unavailable("no plan within the budget", code="budget_exhausted")
        [plan] = _true_plans(question, [answer.found])
        return plan, answer.bound // question.radix

    def within(self, place: int, prices: Ints, most: int) -> list[OrderPlan] | None:
        """Every plan that costs at most `most` if it pays these prices; None: not listed."""
        question = self.questions[place]
        limit = (most + 1) * question.radix - 1
        plans = plans_within(self.charged(question, prices), limit)
        self.work += 1 + (len(plans) if plans else 0)
        return None if plans is None else _true_plans(question, plans)

    def charged(self, question: Question, prices: Ints) -> Question:
        """The order with prices added to what its options and pieces cost."""
        demand, eligible, network = question.demand, question.eligible, self.network
        handling = demand.handling.copy()
        priced = np.append(prices, 0)  # row -1: never scarce
        for d, item in enumerate(demand.items):
            per_node = np.zeros(len(network.nodes), np.int64)
            for line, each in zip(item.lines, item.each, strict=True):
                rows = self.row_of[question.order.lines[line].sku]
                per_node += priced[rows] * each
            handling[:, d] += per_node[eligible.node]
        base = eligible.base.copy()
        uses, capacity = network.uses, prices[self.capacity_row :]
        for column in range(uses.width):
            at = uses.capacity[eligible.option, column]
            price = np.where(at >= 0, capacity[at], 0)
            base += price * uses.per_shipment[eligible.option, column]
            per_unit = price * uses.per_unit[eligible.option, column]
            per_g = price * uses.per_g[eligible.option, column]
            handling += per_unit[:, None] * demand.units + per_g[:, None] * demand.grams
        return msgspec.structs.replace(
            question,
            eligible=msgspec.structs.replace(eligible, base=base),
            demand=msgspec.structs.replace(demand, handling=handling),
        )


def _true_plans(question: Question, plans: list[Found]) -> list[OrderPlan]:
    """Plans found under prices, at what they truly cost."""
    picked = [shipment for plan in plans for shipment in plan.shipments]
    rows = np.array([row for row, _, _ in picked], np.int64)
    parts = np.array([pieces for _, pieces, _ in picked], np.int64)
    true, _ = price_columns(question, rows, parts.reshape(len(rows), len(question.demand.items)))
    costs = iter(true.tolist())
    made = []
    for plan in plans:
        shipments = tuple((row, pieces, next(costs)) for row, pieces, _ in plan.shipments)
        less = sum(paid - cost for (_, _, paid), (_, _, cost) in zip(
            plan.shipments, shipments, strict=True
        ))  # fmt: skip
        found = Found(plan.value - less, shipments)
        made.append(plan_of(question, found, found.value))
    return made
