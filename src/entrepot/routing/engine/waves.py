"""Waves: many orders that share stock and capacities decided together by column generation.

    one by one -> offers -> prices of stock and capacity (HiGHS) -> each order's best plan under
    these prices (the exact engine) -> new offers ... -> sure offers settled, the rest priced
    again ... -> each order decided once more on what the others leave

Any set of whole prices proves a bound: what the orders would cost if they paid them, less what
all of the stock would fetch. The answer is never dearer than one by one, which it starts from.
"""

import random
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import numpy as np

from entrepot.kernel.refusals import Unavailable
from entrepot.routing.engine.asking import Left, Question, ask, untouched
from entrepot.routing.engine.columns import price_columns
from entrepot.routing.engine.deciding import DEFAULT_BUDGET, decide, solve
from entrepot.routing.engine.format import Order, OrderPlan, Plan, Problem
from entrepot.routing.engine.lattice import CEILING
from entrepot.routing.engine.master import Master, Offer
from entrepot.routing.engine.network import Ints, Network
from entrepot.routing.engine.planning import plan_of
from entrepot.routing.engine.plans import Found
from entrepot.routing.engine.routing import ENGINE, needs, route, status_of, take

SUB_WAVE: Final = 800
"""So many orders are decided together; more are taken in turns, in the given order."""
MAX_ROUNDS: Final = 40
GOOD_GAP: Final = 0.001
DIVE_ROUNDS: Final = 3
POLISH_ROUNDS: Final = 3
EXCHANGES: Final = 60
EXCHANGED: Final = 160
EXCHANGE_NODES: Final = 50


class Progress(msgspec.Struct, frozen=True):
    """Where a wave stands: orders settled before, rounds in this sub-wave, cost and bound."""

    settled: int
    rounds: int
    relaxation: float
    bound: int


Watch = Callable[[Progress], bool]
"""Told after every round; False ends the search with the best plan so far."""


def route_wave(
    problem: Problem, *, budget: int = DEFAULT_BUDGET, watch: Watch | None = None
) -> Plan:
    """Decide all orders of a problem together. `budget`: work units per order and round."""
    network = Network(problem)
    left = untouched(network)
    plans: list[OrderPlan] = []
    bound = work = 0
    watching = watch or (lambda progress: True)
    for start in range(0, len(problem.orders), SUB_WAVE):
        wave = _Wave(network, problem.orders[start : start + SUB_WAVE], left, budget)
        chosen = wave.decide(watching, start)
        for order, plan in zip(wave.orders, chosen, strict=True):
            left = take(network, order, plan, left)
        plans += chosen
        work += wave.work
        single = len(problem.orders) <= SUB_WAVE
        bound += wave.bound if single else wave.alone(network)
    cost = sum(plan.cost for plan in plans)
    bound = min(bound, cost)
    waved = Plan(
        "routing-plan/1", ENGINE, status_of(plans, cost, bound), cost, bound, work, tuple(plans)
    )
    return waved if len(problem.orders) <= SUB_WAVE else _not_dearer(problem, waved, budget)


def _not_dearer(problem: Problem, waved: Plan, budget: int) -> Plan:
    """The wave's plan, or one by one where turns have helped the early orders too much."""
    plain = route(problem, budget=budget)
    unfilled = [
        sum(order.status == "infeasible" for order in plan.orders) for plan in (waved, plain)
    ]
    if (unfilled[0], waved.cost) <= (unfilled[1], plain.cost):
        return waved
    return msgspec.structs.replace(
        plain, work=plain.work + waved.work, lower_bound=min(plain.cost, waved.lower_bound)
    )


class _Wave:
    """One sub-wave: its orders, what is left for them, and the resources they share."""

    def __init__(self, network: Network, orders: list[Order], left: Left, budget: int) -> None:
        self.network, self.orders, self.left, self.budget = network, orders, left, budget
        self.work = 0
        self.bound = 0
        self.questions: list[Question] = [ask(network, order, left) for order in orders]
        self._resources()

    def alone(self, network: Network) -> int:
        """A bound for these orders whatever earlier ones take: each alone on everything."""
        fresh = untouched(network)
        return sum(
            decide(network, order, fresh, self.budget).plan.lower_bound for order in self.orders
        )

    def _resources(self) -> None:
        """Rows for what could run out: a node's stock of a SKU, and every capacity."""
        demand: dict[str, int] = {}
        for order in self.orders:
            for line in order.lines:
                demand[line.sku] = demand.get(line.sku, 0) + line.qty
        self.stock_row: dict[tuple[str, int], int] = {}
        self.limits: list[int] = []
        for sku in sorted(demand):
            usable = self.left.usable.get(sku, self.network.stock(sku)[0])
            for node in np.nonzero(usable < demand[sku])[0].tolist():
                if usable[node] > 0:
                    self.stock_row[sku, node] = len(self.limits)
                    self.limits.append(int(usable[node]))
        self.capacity_row = len(self.limits)
        self.limits += self.left.capacity.tolist()

    def decide(self, watch: Watch, settled: int) -> list[OrderPlan]:
        """The best plans found, in the order of the orders."""
        plans = self._one_by_one()
        able = [i for i, plan in enumerate(plans) if plan.status != "infeasible"]
        if not able:
            return plans
        beyond = 1 + 10 * max(plan.cost for plan in plans) + sum(plan.cost for plan in plans)
        master = Master(len(able), self.limits, beyond)
        offered: list[OrderPlan] = []
        for place, i in enumerate(able):
            master.add(self._offer(place, self.orders[i], plans[i]))
            offered.append(plans[i])
        go_on = self._generate(master, able, offered, watch, settled)
        if go_on:
            dived = self._dive(master, able, offered)
            filled = all(plan.status != "infeasible" for plan in dived)
            if filled and sum(plan.cost for plan in dived) < sum(plans[i].cost for i in able):
                for i, plan in zip(able, dived, strict=True):
                    plans[i] = plan
        plans = self._polish(plans)
        return self._exchange(plans) if go_on else plans

    def _exchange(self, plans: list[OrderPlan]) -> list[OrderPlan]:
        """Decide some orders that want the same things anew together, again and again."""
        better = list(plans)
        rng = random.Random(len(plans))
        for _ in range(EXCHANGES if len(plans) > EXCHANGED else 1):
            places = self._related(rng, better)
            left = self.left
            for i, plan in enumerate(better):
                if i not in places:
                    left = take(self.network, self.orders[i], plan, left)
            orders = [self.orders[i] for i in places]
            part = _Wave(self.network, orders, left, self.budget)
            for i, plan in zip(places, part.rearrange([better[i] for i in places]), strict=True):
                better[i] = plan
            self.work += part.work
        return better

    def _related(self, rng: random.Random, plans: list[OrderPlan]) -> list[int]:
        """Some orders that share SKUs with one another, drawn from a fixed seed."""
        able = [i for i, plan in enumerate(plans) if plan.status != "infeasible"]
        rng.shuffle(able)
        chosen: set[int] = set(able[:1])
        skus = {line.sku for i in chosen for line in self.orders[i].lines}
        for _ in range(4):
            for i in able:
                wanted = {line.sku for line in self.orders[i].lines}
                if len(chosen) < EXCHANGED and wanted & skus:
                    chosen.add(i)
            skus = {line.sku for i in chosen for line in self.orders[i].lines}
        return sorted(chosen)

    def rearrange(self, plans: list[OrderPlan]) -> list[OrderPlan]:
        """The cheapest choice among these plans and what prices offer instead."""
        beyond = 1 + 10 * sum(plan.cost for plan in plans)
        places = range(len(plans))
        master = Master(len(plans), self.limits, beyond)
        offered = list(plans)
        for place, plan in enumerate(plans):
            master.add(self._offer(place, self.orders[place], plan))
        self._generate(master, list(places), offered, lambda progress: True, 0)
        return [offered[pick] for pick in master.choose(list(places), EXCHANGE_NODES)]

    def _dive(self, master: Master, able: list[int], offered: list[OrderPlan]) -> list[OrderPlan]:
        """Settle sure offers, price the rest again, and so on; what is left goes one by one."""
        settled: dict[int, int] = {}
        left = self.left
        while len(settled) < len(able):
            fresh = master.settle(settled, max(1, (len(able) - len(settled)) // 12))
            if not fresh:
                break
            settled |= fresh
            for place, pick in fresh.items():
                left = take(self.network, self.orders[able[place]], offered[pick], left)
            for place, i in enumerate(able):
                if place not in settled:
                    self.questions[i] = ask(self.network, self.orders[i], left)
            for _ in range(DIVE_ROUNDS):
                _, duals = master.duals()
                prices = np.rint(duals).astype(np.int64)
                open_orders = [place for place in range(len(able)) if place not in settled]
                if not self._price(master, able, offered, open_orders, prices)[1]:
                    break
            master.duals()
        plans = []
        for place, i in enumerate(able):
            if place in settled:
                plans.append(offered[settled[place]])
            else:
                plans.append(decide(self.network, self.orders[i], left, self.budget).plan)
                left = take(self.network, self.orders[i], plans[-1], left)
        return plans

    def _polish(self, plans: list[OrderPlan]) -> list[OrderPlan]:
        """Decide every order again on what the others leave, until nothing gets cheaper."""
        better = list(plans)
        left = self.left
        for order, plan in zip(self.orders, plans, strict=True):
            left = take(self.network, order, plan, left)
        for _ in range(POLISH_ROUNDS):
            changed = False
            for i, order in enumerate(self.orders):
                free = take(self.network, order, better[i], left, back=True)
                plan = decide(self.network, order, free, self.budget).plan
                if plan.status != "infeasible" and (
                    plan.cost < better[i].cost or better[i].status == "infeasible"
                ):
                    better[i], changed = plan, True
                left = take(self.network, order, better[i], free)
            if not changed:
                break
        return better

    def _one_by_one(self) -> list[OrderPlan]:
        left, plans = self.left, []
        for order in self.orders:
            decision = decide(self.network, order, left, self.budget)
            self.work += decision.work
            plans.append(decision.plan)
            left = take(self.network, order, decision.plan, left)
        return plans

    def _generate(
        self,
        master: Master,
        able: list[int],
        offered: list[OrderPlan],
        watch: Watch,
        settled: int,
    ) -> bool:
        """Add offers round by round until the bound is near; False when told to stop."""
        best = -(2**62)
        prices = np.zeros(len(self.limits), np.int64)
        for rounds in range(1, MAX_ROUNDS + 1):
            total, fresh = self._price(master, able, offered, range(len(able)), prices)
            best = max(best, total)
            value, duals = master.duals()
            go_on = watch(Progress(settled, rounds, value, best))
            if not go_on or not fresh or value - best <= GOOD_GAP * abs(value):
                break
            prices = np.rint(duals).astype(np.int64)
        self.bound = best
        return go_on

    def _price(
        self,
        master: Master,
        able: list[int],
        offered: list[OrderPlan],
        places: Iterable[int],
        prices: Ints,
    ) -> tuple[int, int]:
        """Each order's best plan under prices, as an offer: the bound they prove, new offers."""
        total, fresh = -int(prices @ np.array(self.limits, np.int64)), 0
        for place in places:
            cheapest = self._cheapest(able[place], prices)
            if cheapest is None:
                continue
            plan, bound = cheapest
            total += bound
            if master.add(self._offer(place, self.orders[able[place]], plan)):
                offered.append(plan)
                fresh += 1
        return total, fresh

    def _cheapest(self, i: int, prices: Ints) -> tuple[OrderPlan, int] | None:
        """An order's best plan if it pays these prices: its true plan, and a bound with them.

        None when what is left cannot fill it.
        """
        question = self.questions[i]
        answer = solve(self._charged(question, prices), self.budget)
        self.work += answer.work
        if answer.found is None and answer.bound > CEILING:
            return None
        if answer.found is None:
            raise Unavailable("no plan within the budget", code="budget_exhausted")
        rows = np.array([row for row, _, _ in answer.found.shipments], np.int64)
        parts = np.array([pieces for _, pieces, _ in answer.found.shipments], np.int64)
        shape = (len(rows), len(question.demand.items))
        true, _ = price_columns(question, rows, parts.reshape(shape))
        shipments = tuple(
            (row, pieces, int(cost))
            for (row, pieces, _), cost in zip(answer.found.shipments, true, strict=True)
        )
        charged = sum(value for _, _, value in answer.found.shipments)
        found = Found(answer.found.value - charged + int(true.sum()), shipments)
        return plan_of(question, found, found.value), answer.bound // question.radix

    def _charged(self, question: Question, prices: Ints) -> Question:
        """The order with prices added to what its options and pieces cost."""
        demand, eligible, network = question.demand, question.eligible, self.network
        handling = demand.handling.copy()
        for d, item in enumerate(demand.items):
            per_node = np.zeros(len(network.nodes), np.int64)
            for line, each in zip(item.lines, item.each, strict=True):
                sku = question.order.lines[line].sku
                for node in range(len(network.nodes)):
                    row = self.stock_row.get((sku, node))
                    if row is not None:
                        per_node[node] += int(prices[row]) * each
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

    def _offer(self, place: int, order: Order, plan: OrderPlan) -> Offer:
        units, capacity = needs(self.network, order, plan)
        taken: dict[int, int] = {}
        for sku, per_node in units.items():
            for node, amount in enumerate(per_node):
                row = self.stock_row.get((sku, node))
                if amount and row is not None:
                    taken[row] = amount
        for at, amount in enumerate(capacity):
            if amount:
                taken[self.capacity_row + at] = amount
        return Offer(place, plan.cost, tuple(sorted(taken)), tuple(taken[r] for r in sorted(taken)))
