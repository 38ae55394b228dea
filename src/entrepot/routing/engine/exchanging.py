"""A wave made better: each order decided anew on what the others leave, and which orders are
worth deciding anew together.

Under prices every order has a best plan. An order whose plan costs much more than that regrets
it; those who hold what it would rather have are its partners.
"""

import random

import numpy as np

from entrepot.routing.engine.asking import Left
from entrepot.routing.engine.deciding import decide
from entrepot.routing.engine.format import Order, OrderPlan
from entrepot.routing.engine.master import Offer
from entrepot.routing.engine.network import Ints, Network
from entrepot.routing.engine.routing import take

_PARTNERS = 3
"""So many holders of each wanted thing join the group."""


def polished(
    network: Network, orders: list[Order], plans: list[OrderPlan], left: Left, budget: int
) -> tuple[list[OrderPlan], int]:
    """Every order decided again on what the others leave, until nothing gets cheaper; the work.

    In the end each plan is the best one beside all others, as far as the budget proves it.
    """
    better, work = list(plans), 0
    for order, plan in zip(orders, plans, strict=True):
        left = take(network, order, plan, left)
    changed = set(range(len(orders)))
    while changed:
        changed = set()
        for i, order in enumerate(orders):
            free = take(network, order, better[i], left, back=True)
            decision = decide(network, order, free, budget)
            plan, work = decision.plan, work + decision.work
            if plan.status != "infeasible" and (
                plan.cost < better[i].cost or better[i].status == "infeasible"
            ):
                better[i] = plan
                changed.add(i)
            left = take(network, order, better[i], free)
    return better, work


class Wishes:
    """What the orders of a wave would take under prices, and what they cost there."""

    def __init__(self, prices: Ints, wanted: list[Offer], least: list[int]) -> None:
        self.prices, self.wanted, self.least = prices, wanted, least

    def group(self, rng: random.Random, held: list[Offer | None], size: int) -> list[int]:
        """Orders that regret their plans, and who holds what they want: places, ascending."""
        holders: dict[int, list[int]] = {}
        for i, offer in enumerate(held):
            for row in offer.rows if offer else ():
                if self.prices[row] > 0:
                    holders.setdefault(row, []).append(i)
        regrets = [self._regret(i, offer) for i, offer in enumerate(held)]
        able = [i for i, offer in enumerate(held) if offer is not None]
        chosen: dict[int, None] = {}
        for i in rng.choices(able, [regrets[i] for i in able], k=4 * size) if able else []:
            chosen[i] = None
            for row in self.wanted[i].rows:
                partners = [other for other in holders.get(row, []) if other not in chosen]
                rng.shuffle(partners)
                chosen |= dict.fromkeys(partners[:_PARTNERS])
            if len(chosen) >= size:
                break
        return sorted(list(chosen)[:size])

    def _regret(self, i: int, offer: Offer | None) -> int:
        """How much more than at best the order's plan costs under the prices; at least 1."""
        if offer is None:
            return 0
        paid = int(self.prices[list(offer.rows)] @ np.array(offer.amounts, np.int64))
        return max(1, offer.cost + paid - self.least[i])
