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
from entrepot.routing.engine.exchanging import Wishes, polished
from entrepot.routing.engine.format import Order, OrderPlan, Plan, Problem
from entrepot.routing.engine.lattice import CEILING
from entrepot.routing.engine.master import Master, Offer
from entrepot.routing.engine.network import Ints, Network
from entrepot.routing.engine.planning import plan_of
from entrepot.routing.engine.plans import Found
from entrepot.routing.engine.routing import ENGINE, fits, needs, route, status_of, take

SUB_WAVE: Final = 800
"""So many orders are decided together; more are taken in turns, in the given order."""
MAX_ROUNDS: Final = 40
GOOD_GAP: Final = 0.001
DIVE_ROUNDS: Final = 3
EXCHANGES: Final = 30
EXCHANGES_IN_TURN: Final = 4
"""How many groups are exchanged: where all orders fit one sub-wave, and in each of several."""
EXCHANGED: Final = 300
EXCHANGE_NODES: Final = 300


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
    single = len(problem.orders) <= SUB_WAVE
    for start in range(0, len(problem.orders), SUB_WAVE):
        wave = _Wave(network, problem.orders[start : start + SUB_WAVE], left, budget)
        chosen = wave.decide(watching, start, EXCHANGES if single else EXCHANGES_IN_TURN)
        for order, plan in zip(wave.orders, chosen, strict=True):
            left = take(network, order, plan, left)
        plans += chosen
        work += wave.work
        bound += wave.bound if single else wave.alone(network)
    plans, further = polished(network, problem.orders, plans, untouched(network), budget)
    work += further
    cost = sum(plan.cost for plan in plans)
    bound = min(bound, cost)
    waved = Plan(
        "routing-plan/1", ENGINE, status_of(plans, cost, bound), cost, bound, work, tuple(plans)
    )
    return waved if single else _not_dearer(problem, waved, budget)


def _not_dearer(problem: Problem, waved: Plan, budget: int) -> Plan:
    """The wave's plan, or one by one where turns have helped the early orders too much."""
    plain = route(problem, budget=budget)
    if _merit(list(waved.orders)) <= _merit(list(plain.orders)):
        return waved
    return msgspec.structs.replace(
        plain, work=plain.work + waved.work, lower_bound=min(plain.cost, waved.lower_bound)
    )


def _beyond(plans: list[OrderPlan]) -> int:
    """More than it could be worth to leave one of these orders without a plan."""
    costs = [plan.cost for plan in plans]
    return 1 + 10 * max(costs) + sum(costs)


def _merit(plans: list[OrderPlan]) -> tuple[int, int]:
    """Fewer orders without a plan come before less cost."""
    unfilled = sum(plan.status == "infeasible" for plan in plans)
    return unfilled, sum(plan.cost for plan in plans)


class _Wave:
    """One sub-wave: its orders, what is left for them, and the resources they share."""

    def __init__(
        self,
        network: Network,
        orders: list[Order],
        left: Left,
        budget: int,
        known: dict[str, list[OrderPlan]] | None = None,
    ) -> None:
        self.network, self.orders, self.left, self.budget = network, orders, left, budget
        self.known = {} if known is None else known
        """Plans that prices have led to, by order; exchanges offer them again."""
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

    def decide(self, watch: Watch, settled: int, exchanges: int) -> list[OrderPlan]:
        """The best plans found, in the order of the orders."""
        plans = self._one_by_one()
        offered, able = self._first_offers(plans)
        if not able:
            return plans
        master = Master(len(able), self.limits, _beyond(offered))
        for place, plan in enumerate(offered):
            master.add(self._offer(place, self.orders[able[place]], plan))
        go_on = self._generate(master, able, offered, watch, settled)
        if not go_on:
            return plans
        wishes = self._wishes(master, plans) if exchanges else None
        dived = list(plans)
        for i, plan in zip(able, self._dive(master, able, offered), strict=True):
            dived[i] = plan
        plans = min(plans, dived, key=_merit)
        plans, work = polished(self.network, self.orders, plans, self.left, self.budget)
        self.work += work
        return plans if wishes is None else self._exchange(plans, wishes, exchanges)

    def _first_offers(self, plans: list[OrderPlan]) -> tuple[list[OrderPlan], list[int]]:
        """A plan for every order that can have one, if need be as if it came first."""
        offered, able = [], []
        for i, plan in enumerate(plans):
            first = plan
            if plan.status == "infeasible":
                first = decide(self.network, self.orders[i], self.left, self.budget).plan
            if first.status != "infeasible":
                offered.append(first)
                able.append(i)
        return offered, able

    def _wishes(self, master: Master, plans: list[OrderPlan]) -> Wishes:
        """What each order would take at the prices that the offers have led to."""
        prices = np.rint(master.duals()[1]).astype(np.int64)
        wanted, least = [], []
        for i, order in enumerate(self.orders):
            plan, value = self._cheapest(i, prices) or (plans[i], 0)
            wanted.append(self._offer(i, order, plan))
            least.append(value)
        return Wishes(prices, wanted, least)

    def _exchange(self, plans: list[OrderPlan], wishes: Wishes, exchanges: int) -> list[OrderPlan]:
        """Decide some orders that want the same things anew together, again and again."""
        better = list(plans)
        rng = random.Random(len(plans))
        for _ in range(exchanges if len(plans) > EXCHANGED else 1):
            held = [
                None if plan.status == "infeasible" else self._offer(i, self.orders[i], plan)
                for i, plan in enumerate(better)
            ]
            places = wishes.group(rng, held, EXCHANGED)
            if not places:
                break
            left = self.left
            for i in sorted(set(range(len(better))) - set(places)):
                left = take(self.network, self.orders[i], better[i], left)
            orders = [self.orders[i] for i in places]
            part = _Wave(self.network, orders, left, self.budget, self.known)
            for i, plan in zip(places, part.rearrange([better[i] for i in places]), strict=True):
                better[i] = plan
            self.work += part.work
        return better

    def rearrange(self, plans: list[OrderPlan]) -> list[OrderPlan]:
        """The cheapest choice among these plans, known ones and what prices offer instead."""
        places = list(range(len(plans)))
        master = Master(len(plans), self.limits, _beyond(plans))
        offered = list(plans)
        for place, plan in enumerate(plans):
            master.add(self._offer(place, self.orders[place], plan))
        for place, order in enumerate(self.orders):
            for known in self.known.get(order.id, []):
                if fits(self.network, order, known, self.left) and master.add(
                    self._offer(place, order, known)
                ):
                    offered.append(known)
        self._generate(master, places, offered, lambda progress: True, 0)
        return [offered[pick] for pick in master.choose(places, EXCHANGE_NODES)]

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
            dry = rounds > 1 and not fresh
            if not go_on or dry or value - best <= GOOD_GAP * abs(value):
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
                known = self.known.setdefault(self.orders[able[place]].id, [])
                if plan not in known:
                    known.append(plan)
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
