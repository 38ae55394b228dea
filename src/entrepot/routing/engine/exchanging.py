"""A wave made better: each order decided anew on what the others leave, and which orders are
worth deciding anew together.

Under prices every order has a best plan. An order whose plan costs much more than that regrets
it; those who hold what it would rather have are its partners.
"""

import random
from typing import Final

import numpy as np

from entrepot.routing.engine.asking import Left
from entrepot.routing.engine.choosing import Choice
from entrepot.routing.engine.deciding import decide
from entrepot.routing.engine.format import Order, OrderPlan
from entrepot.routing.engine.network import Ints, Network
from entrepot.routing.engine.offers import Offers, Terms
from entrepot.routing.engine.routing import take

_PARTNERS: Final = 3
"""So many holders of each wanted thing join the group."""
_DRAWS: Final = 4
"""A group is drawn from so many times its size, for partners may fill it earlier."""


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
    """What the orders of a wave would take under its terms, and what offers cost there."""

    def __init__(self, offers: Offers, terms: Terms) -> None:
        self.offers, self.terms, self.prices = offers, terms, terms.prices
        self.reckon()

    def reckon(self) -> None:
        """Look at all offers: `above` is how much more each costs than its order's cheapest."""
        worth = self.offers.worth(self.terms)
        self.least, self.wanted = self.offers.cheapest(worth)
        self.above: Ints = worth - self.least[self.offers.order]

    def nearest(self, most: int) -> set[int]:
        """So many offers, those that cost least above the cheapest of their orders."""
        return set(np.argsort(self.above, kind="stable")[:most].tolist())

    def group(self, rng: random.Random, held: Choice, size: int) -> list[int]:
        """Orders that regret their plans or have none, and who holds what they want: ascending."""
        kept = self.offers.kept
        holders: dict[int, list[int]] = {}
        for order, place in sorted(held.items()):
            for row in kept[place].rows:
                if self.prices[row] > 0:
                    holders.setdefault(row, []).append(order)
        orders = list(range(self.offers.orders))
        most = 1 + int(np.max(self.least, initial=0))
        regrets = [1 + int(self.above[held[order]]) if order in held else most for order in orders]
        chosen: dict[int, None] = {}
        for order in rng.choices(orders, regrets, k=_DRAWS * size):
            chosen[order] = None
            for row in kept[int(self.wanted[order])].rows:
                partners = [other for other in holders.get(row, []) if other not in chosen]
                rng.shuffle(partners)
                chosen |= dict.fromkeys(partners[:_PARTNERS])
            if len(chosen) >= size:
                break
        return sorted(list(chosen)[:size])
