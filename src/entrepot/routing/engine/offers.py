"""Whole plans of single orders as offers: what each costs and takes of what the orders share.

Rows are numbered twice over: resources 0..R-1 in an `Offer`; in rules and arrays the orders come
first (an order takes one of itself), then the resources.
"""

import msgspec
import numpy as np

from entrepot.routing.engine.format import OrderPlan
from entrepot.routing.engine.network import Ints


class Offer(msgspec.Struct, frozen=True, eq=False):
    """A plan an order could get: its true cost and what it takes of the shared rows."""

    order: int
    cost: int
    rows: tuple[int, ...]
    amounts: tuple[int, ...]


class Rule(msgspec.Struct, frozen=True):
    """Half of what is taken of these rows (orders first), rounded down, is at most `limit`.

    True of every whole choice: each row's limit is a whole number and so is every offer.
    """

    rows: tuple[int, ...]
    limit: int


class Terms(msgspec.Struct, frozen=True, eq=False):
    """What orders pay: `prices` [R] per unit of each resource, `tolls` per unit of each rule."""

    prices: Ints
    rules: tuple[Rule, ...]
    tolls: Ints


class Offers:
    """Offers collected so far, with their plans, and arrays over what they take."""

    def __init__(self, orders: int, limits: list[int]) -> None:
        self.orders = orders
        self.limits: Ints = np.array(limits, np.int64)
        self.kept: list[Offer] = []
        self.plans: list[OrderPlan] = []
        self._least: dict[tuple[int, tuple[int, ...], tuple[int, ...]], int] = {}
        self._made: tuple[Ints, Ints, Ints] | None = None

    def add(self, offer: Offer, plan: OrderPlan) -> bool:
        """Take an offer in; False when one that takes the same is no dearer."""
        key = (offer.order, offer.rows, offer.amounts)
        if self._least.get(key, offer.cost + 1) <= offer.cost:
            return False
        self._least[key] = offer.cost
        self.kept.append(offer)
        self.plans.append(plan)
        self._made = None
        return True

    @property
    def order(self) -> Ints:
        """The order of each offer."""
        return np.array([offer.order for offer in self.kept], np.int64)

    @property
    def cost(self) -> Ints:
        """The true cost of each offer."""
        return np.array([offer.cost for offer in self.kept], np.int64)

    @property
    def capacity(self) -> Ints:
        """The limits of all rows: one of each order, then the resources."""
        return np.concatenate([np.ones(self.orders, np.int64), self.limits])

    def entries(self) -> tuple[Ints, Ints, Ints]:
        """All that is taken: row (orders first), amount; and where each offer's entries begin."""
        if self._made is None:
            rows: list[int] = []
            amounts: list[int] = []
            starts = []
            for offer in self.kept:
                starts.append(len(rows))
                rows.append(offer.order)
                rows += [self.orders + row for row in offer.rows]
                amounts.append(1)
                amounts += offer.amounts
            self._made = (
                np.array(rows, np.int64), np.array(amounts, np.int64), np.array(starts, np.int64),
            )  # fmt: skip
        return self._made

    def sums(self, weights: Ints) -> Ints:
        """What each offer takes, weighed: `weights` of all rows, orders first."""
        rows, amounts, starts = self.entries()
        return np.add.reduceat(weights[rows] * amounts, starts)

    def halves(self, rule: Rule) -> Ints:
        """What each offer counts in a rule."""
        weights = np.zeros(self.orders + len(self.limits), np.int64)
        weights[list(rule.rows)] = 1
        return self.sums(weights) // 2

    def worth(self, terms: Terms) -> Ints:
        """What each offer costs under these terms."""
        free = np.zeros(self.orders, np.int64)
        total = self.cost + self.sums(np.concatenate([free, terms.prices]))
        for rule, toll in zip(terms.rules, terms.tolls.tolist(), strict=True):
            if toll:
                total += toll * self.halves(rule)
        return total

    def cheapest(self, worth: Ints) -> tuple[Ints, Ints]:
        """Each order's least worth and the first offer that has it; every order has an offer."""
        order = self.order
        ranked = np.lexsort((np.arange(len(worth)), worth, order))
        first = ranked[np.searchsorted(order[ranked], np.arange(self.orders))]
        return worth[first], first

    def room(self, held: dict[int, int]) -> Ints:
        """What a choice (order to offer) leaves of each resource."""
        room = self.limits.copy()
        for place in held.values():
            offer = self.kept[place]
            room[list(offer.rows)] -= np.array(offer.amounts, np.int64)
        return room

    def fitting(self, room: Ints) -> Ints:
        """The offers that fit within this room alone."""
        rows, amounts, starts = self.entries()
        limits = np.concatenate([np.ones(self.orders, np.int64), room])
        return np.nonzero(np.logical_and.reduceat(amounts <= limits[rows], starts))[0]
