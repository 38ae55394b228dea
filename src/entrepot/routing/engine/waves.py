"""Waves: many orders that share stock and capacities decided together by column generation.

    one by one -> offers -> prices of stock and capacity (HiGHS) -> each order's best plan under
    these prices (the exact engine) -> new offers ... -> all plans that are nearly as good, rules
    that only fractions of plans break (`tightening`) -> the choice of one offer per order, then
    of groups of orders anew -> each order decided once more on what the others leave

Any set of whole prices proves a bound: what the orders would cost if they paid them, less what
all of the stock would fetch. The answer is never dearer than one by one, which it starts from.
"""

import random
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from entrepot.routing.engine.asking import Left, untouched
from entrepot.routing.engine.charging import Charging
from entrepot.routing.engine.choosing import Choice, Choosing, choose
from entrepot.routing.engine.deciding import DEFAULT_BUDGET, decide
from entrepot.routing.engine.exchanging import Wishes, polished
from entrepot.routing.engine.format import Order, OrderPlan, Plan, Problem
from entrepot.routing.engine.listing import listable
from entrepot.routing.engine.master import Master
from entrepot.routing.engine.network import Ints, Network
from entrepot.routing.engine.offers import Offers
from entrepot.routing.engine.planning import unplannable
from entrepot.routing.engine.routing import ENGINE, route, status_of, take
from entrepot.routing.engine.tightening import LISTS, Tightening

SUB_WAVE: Final = 800
"""So many orders are decided together; more are taken in turns, in the given order."""
MAX_ROUNDS: Final = 40
GOOD_GAP: Final = 0.001
EXCHANGES: Final = 16
EXCHANGES_IN_TURN: Final = 4
"""How many groups are exchanged: where all orders fit one sub-wave, and in each of several."""
MIXES: Final = 2
"""So often the orders of several turns are mixed and decided anew."""
EXCHANGED: Final = 300
EXCHANGE_NODES: Final = 300
"""Groups of so many orders, and fewer orders than that, choose within so many nodes."""
NEAR: Final = 4
"""All orders together choose among so many offers per order, those nearest to the cheapest."""
NEARER: Final = 12
"""And groups among so many."""


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
        wave.watch, wave.settled = watching, start
        chosen = wave.decide(LISTS if single else 1, EXCHANGES if single else EXCHANGES_IN_TURN)
        for order, plan in zip(wave.orders, chosen, strict=True):
            left = take(network, order, plan, left)
        plans += chosen
        work += wave.work
        bound += wave.bound if single else wave.alone(network)
    work += 0 if single else _mixed(network, problem.orders, plans, left, budget, watching)
    plans, further = polished(network, problem.orders, plans, untouched(network), budget)
    work += further
    cost = sum(plan.cost for plan in plans)
    bound = min(bound, cost)
    waved = Plan(
        "routing-plan/1", ENGINE, status_of(plans, cost, bound), cost, bound, work, tuple(plans)
    )
    return waved if single else _not_dearer(problem, waved, budget)


def _mixed(
    network: Network,
    orders: list[Order],
    plans: list[OrderPlan],
    left: Left,
    budget: int,
    watch: Watch,
) -> int:
    """Early and late orders of the turns decided anew together; changes `plans`, returns work."""
    turns = -(-len(orders) // SUB_WAVE)
    work = 0
    for turn in range(turns * MIXES):
        places = range(turn % turns, len(orders), turns)
        for i in places:
            left = take(network, orders[i], plans[i], left, back=True)
        wave = _Wave(network, [orders[i] for i in places], left, budget)
        wave.watch, wave.settled = watch, len(orders)
        chosen = wave.decide(1, EXCHANGES_IN_TURN, [plans[i] for i in places])
        for i, plan in zip(places, chosen, strict=True):
            plans[i] = plan
            left = take(network, orders[i], plan, left)
        work += wave.work
    return work


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
    """One sub-wave: its orders and what is left for them. `bound` and `work`: after deciding."""

    def __init__(self, network: Network, orders: list[Order], left: Left, budget: int) -> None:
        self.network, self.orders, self.left, self.budget = network, orders, left, budget
        self.watch: Watch = lambda progress: True
        self.settled = self.rounds = self.work = self.bound = 0
        self.relaxation = 0.0

    def alone(self, network: Network) -> int:
        """A bound for these orders whatever earlier ones take: each alone on everything."""
        fresh = untouched(network)
        return sum(
            decide(network, order, fresh, self.budget).plan.lower_bound for order in self.orders
        )

    def decide(
        self, lists: int, exchanges: int, standing: list[OrderPlan] | None = None
    ) -> list[OrderPlan]:
        """The best plans found, in the order of the orders; `standing`: begin with these."""
        plans = self._one_by_one() if standing is None else list(standing)
        offered = {i: self._first_offer(i, plan) for i, plan in enumerate(plans)}
        able = [i for i in offered if offered[i].status != "infeasible"]
        if not able:
            return plans
        charging = Charging(self.network, [self.orders[i] for i in able], self.left, self.budget)
        offers = Offers(len(able), charging.limits)
        self.beyond = _beyond([offered[i] for i in able])
        master = Master(offers, self.beyond)
        for place, i in enumerate(able):
            master.add(charging.offer(place, offered[i]), offered[i])
        held = {place: place for place, i in enumerate(able) if plans[i].status != "infeasible"}
        go_on = self._generate(charging, master)
        if go_on:
            held = self._choose(charging, master, held, lists, exchanges)
        self.work += charging.work
        for place, i in enumerate(able):
            at = held.get(place)
            plans[i] = unplannable(self.orders[i]) if at is None else offers.plans[at]
        return plans

    def _one_by_one(self) -> list[OrderPlan]:
        left, plans = self.left, []
        for order in self.orders:
            decision = decide(self.network, order, left, self.budget)
            self.work += decision.work
            plans.append(decision.plan)
            left = take(self.network, order, decision.plan, left)
        return plans

    def _first_offer(self, i: int, plan: OrderPlan) -> OrderPlan:
        """The order's plan, if need be as if it came first."""
        if plan.status != "infeasible":
            return plan
        return decide(self.network, self.orders[i], self.left, self.budget).plan

    def _told(self, relaxation: float, bound: int) -> bool:
        """Tell the watch how far this is; False: it says stop."""
        self.rounds += 1
        self.relaxation, self.bound = relaxation, bound
        return self._again()

    def _again(self) -> bool:
        return self.watch(Progress(self.settled, self.rounds, self.relaxation, self.bound))

    def _generate(self, charging: Charging, master: Master) -> bool:
        """Add offers round by round until the bound is near; False when told to stop."""
        best = -(2**62)
        prices: Ints = np.zeros(len(charging.limits), np.int64)
        go_on, dry = True, False
        while go_on and not dry and self.rounds < MAX_ROUNDS:
            total, fresh = -int(prices @ master.offers.limits), 0
            for place in range(master.offers.orders):
                cheapest = charging.cheapest(place, prices)
                if cheapest is not None:
                    total += cheapest[1]
                    fresh += master.add(charging.offer(place, cheapest[0]), cheapest[0])
            best = max(best, total)
            relaxed = master.relax()
            go_on = self._told(relaxed.value, best)
            near = relaxed.value - best <= GOOD_GAP * abs(relaxed.value)
            dry = near or (self.rounds > 1 and not fresh)
            prices = master.terms(relaxed).prices
        return go_on

    def _choose(
        self, charging: Charging, master: Master, held: Choice, lists: int, exchanges: int
    ) -> Choice:
        """Tighten the bound, then choose: all orders at once, and groups of them anew."""
        offers = master.offers
        tightening = Tightening(charging, master, self.bound)
        if not tightening.run(self._told, lists):
            return held
        wishes = Wishes(offers, tightening.terms)
        small = offers.orders <= EXCHANGED
        near = wishes.nearest(len(offers.kept) if small else NEAR * offers.orders)
        everybody = list(range(offers.orders))
        choosing = self._choosing(offers, everybody, near, held, held)
        choosing = msgspec.structs.replace(choosing, rules=tuple(master.rules))
        held = choose(offers, choosing, held, EXCHANGE_NODES if small else 1, self._again)
        return held if small else self._exchange(charging, wishes, held, exchanges)

    def _choosing(
        self, offers: Offers, group: list[int], near: set[int], held: Choice, mine: Choice
    ) -> Choosing:
        """The choice of a group among the nearest offers that fit beside what others hold."""
        room = offers.room({order: at for order, at in held.items() if order not in mine})
        members = set(group)
        places = [
            at
            for at in sorted(near & set(offers.fitting(room).tolist()))
            if offers.kept[at].order in members
        ]
        beyond = None if len(mine) == len(group) else self.beyond
        return Choosing(group, sorted({*places, *mine.values()}), room, (), beyond)

    def _exchange(self, charging: Charging, wishes: Wishes, held: Choice, exchanges: int) -> Choice:
        """Some orders that want the same things choose anew together, again and again."""
        offers = wishes.offers
        near = wishes.nearest(NEARER * offers.orders)
        rng = random.Random(offers.orders)
        for _ in range(exchanges):
            group = wishes.group(rng, held, EXCHANGED)
            mine = {order: held[order] for order in group if order in held}
            near |= self._offered_anew(charging, wishes, group, held)
            choosing = self._choosing(offers, group, near, held, mine)
            others = {order: at for order, at in held.items() if order not in mine}
            held = others | choose(offers, choosing, mine, EXCHANGE_NODES, self._again)
            if not self._told(self.relaxation, self.bound):
                break
        return held

    def _offered_anew(
        self, charging: Charging, wishes: Wishes, group: list[int], held: Choice
    ) -> set[int]:
        """New offers for the orders of a group whose plans are too many to list.

        Each is the best at the wave's prices on what the others leave.
        """
        offers = wishes.offers
        large = [order for order in group if not listable(charging.questions[order])]
        left = charging.left
        for order, at in held.items() if large else ():
            if order not in group:
                left = take(self.network, charging.orders[order], offers.plans[at], left)
        first = len(offers.kept)
        for order in large:
            cheapest = charging.cheapest(order, wishes.prices, left)
            if cheapest is not None:
                offers.add(charging.offer(order, cheapest[0]), cheapest[0])
        if len(offers.kept) > first:
            wishes.reckon()
        return set(range(first, len(offers.kept)))
