"""The master problem of a wave: one plan per order, shared stock and capacities, by HiGHS.

Columns are whole plans of one order. One thread and a fixed seed; limits are counted in nodes,
so that the same input stops at the same place. highspy is imported when a wave is asked for.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray


class Offer(msgspec.Struct, frozen=True, eq=False):
    """A plan an order could get: its true cost and what it takes of the shared rows."""

    order: int
    cost: int
    rows: tuple[int, ...]
    amounts: tuple[int, ...]


class Master:
    """Offers collected so far. Rows: one per order (exactly one offer), then resources."""

    def __init__(self, orders: int, limits: list[int], beyond: int) -> None:
        import highspy

        self.orders = orders
        self.offers: list[Offer] = []
        self._infinity = highspy.kHighsInf
        make: Any = highspy.Highs
        self._solver = make()
        for name, value in (("output_flag", False), ("threads", 1), ("random_seed", 1)):
            self._solver.setOptionValue(name, value)
        for _ in range(orders):
            self._solver.addRow(1.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
        for limit in limits:
            self._solver.addRow(
                -self._infinity, float(limit), 0, np.zeros(0, np.int32), np.zeros(0)
            )
        for order in range(orders):
            self._column(float(beyond), [order], [1.0])
        self._limits = limits
        self._known: set[tuple[int, tuple[int, ...], tuple[int, ...], int]] = set()

    def add(self, offer: Offer) -> bool:
        """Take an offer in; False when it is there already."""
        key = (offer.order, offer.rows, offer.amounts, offer.cost)
        if key in self._known:
            return False
        self._known.add(key)
        self.offers.append(offer)
        index = [offer.order, *(self.orders + row for row in offer.rows)]
        self._column(float(offer.cost), index, [1.0, *map(float, offer.amounts)])
        return True

    def _column(self, cost: float, index: list[int], values: list[float]) -> None:
        self._solver.addCol(
            cost, 0.0, self._infinity, len(index), np.array(index, np.int32), np.array(values)
        )

    def duals(self) -> tuple[float, NDArray[np.float64]]:
        """The relaxation's cost and the price of each resource, never negative."""
        self._solver.run()
        duals = np.array(self._solver.getSolution().row_dual)
        value = float(self._solver.getInfo().objective_function_value)
        return value, np.maximum(0.0, -duals[self.orders :])

    def choose(self, start: list[int], nodes: int) -> list[int]:
        """The best choice of offers by branch and bound: places in `offers`, one per order.

        `start` is a choice to begin with, and the answer when nothing cheaper is found.
        """
        import highspy

        columns = self.orders + len(self.offers)
        integer = [highspy.HighsVarType.kInteger] * columns
        self._solver.changeColsIntegrality(columns, np.arange(columns, dtype=np.int32), integer)
        self._solver.setOptionValue("mip_max_nodes", nodes)
        values = np.zeros(columns)
        values[[self.orders + place for place in start]] = 1.0
        guess = highspy.HighsSolution()
        guess.col_value = values.tolist()
        self._solver.setSolution(guess)
        self._solver.run()
        levels = np.array(self._solver.getSolution().col_value)
        picked = (np.nonzero(levels[self.orders :] > 0.5)[0]).tolist()
        picked.sort(key=lambda place: self.offers[place].order)
        whole = [self.offers[place].order for place in picked] == list(range(self.orders))
        room = self._room(dict(enumerate(picked)))
        if not whole or min(room, default=0) < 0:
            return start
        cost = sum(self.offers[place].cost for place in picked)
        return picked if cost < sum(self.offers[place].cost for place in start) else start

    def settle(self, settled: dict[int, int], least: int) -> dict[int, int]:
        """Fix the offers of the relaxation that are as good as chosen, at least `least` of them.

        `settled` maps orders to places in `offers`; the answer holds only the new ones. Offers
        that no longer fit beside the fixed ones are shut.
        """
        levels = np.array(self._solver.getSolution().col_value)[self.orders :]
        ranked = sorted(
            (-round(float(levels[place]), 6), offer.order, place)
            for place, offer in enumerate(self.offers)
            if levels[place] > 1e-6 and offer.order not in settled
        )
        room = self._room(settled)
        fresh: dict[int, int] = {}
        for level, order, place in ranked:
            if len(fresh) >= least and level > -0.999:
                break
            offer = self.offers[place]
            if order not in fresh and _fits(offer, room):
                fresh[order] = place
                for row, amount in zip(offer.rows, offer.amounts, strict=True):
                    room[row] -= amount
                self._solver.changeColBounds(self.orders + place, 1.0, self._infinity)
        for place, offer in enumerate(self.offers):
            if offer.order not in settled and offer.order not in fresh and not _fits(offer, room):
                self._solver.changeColBounds(self.orders + place, 0.0, 0.0)
        return fresh

    def _room(self, settled: dict[int, int]) -> list[int]:
        """What the settled offers leave of each resource."""
        room = list(self._limits)
        for place in settled.values():
            for row, amount in zip(
                self.offers[place].rows, self.offers[place].amounts, strict=True
            ):
                room[row] -= amount
        return room


def _fits(offer: Offer, room: list[int]) -> bool:
    """Whether an offer still fits."""
    return all(amount <= room[row] for row, amount in zip(offer.rows, offer.amounts, strict=True))
