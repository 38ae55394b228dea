"""The master problem of a wave, relaxed: one plan per order, shared stock and capacities, rules.

Columns are offers; HiGHS solves it.
"""

import msgspec
import numpy as np

from entrepot.routing.engine.format import OrderPlan
from entrepot.routing.engine.offers import Offer, Offers, Rule, Terms
from entrepot.routing.engine.program import Floats, Program

_NOTHING = 1e-7


class Relaxed(msgspec.Struct, frozen=True, eq=False):
    """The relaxation's cost, the level of each offer, the price of each resource and rule."""

    value: float
    levels: Floats
    prices: Floats
    tolls: Floats


class Master:
    """Rows: one per order (exactly one offer), then resources, then rules."""

    def __init__(self, offers: Offers, beyond: int) -> None:
        self.offers = offers
        self.rules: list[Rule] = []
        self._ruled: dict[int, list[int]] = {}
        self._first_rule = offers.orders + len(offers.limits)
        self._program = Program([True] * offers.orders, offers.limits)
        for order in range(offers.orders):
            self._program.column(beyond, [order], [1])

    def add(self, offer: Offer, plan: OrderPlan) -> bool:
        """Take an offer in; False when one that takes the same is no dearer."""
        if not self.offers.add(offer, plan):
            return False
        rows = [offer.order, *(self.offers.orders + row for row in offer.rows)]
        amounts = [1, *offer.amounts]
        counts: dict[int, int] = {}
        for row, amount in zip(rows, amounts, strict=True):
            for rule in self._ruled.get(row, ()):
                counts[rule] = counts.get(rule, 0) + amount
        for rule, count in counts.items():
            if count > 1:
                rows.append(self._first_rule + rule)
                amounts.append(count // 2)
        self._program.column(offer.cost, rows, amounts)
        return True

    def impose(self, rules: list[Rule]) -> None:
        """Add rules, which all offers keep from now on."""
        for rule in rules:
            self.rules.append(rule)
            counted = self.offers.halves(rule)
            places = np.nonzero(counted)[0]
            columns = (self.offers.orders + places).tolist()
            low = -self._program.infinity
            self._program.row(low, float(rule.limit), columns, counted[places].tolist())
        self._number()

    def lift(self, relaxed: Relaxed) -> None:
        """Forget the rules that cost nothing."""
        idle = np.nonzero(relaxed.tolls < _NOTHING)[0]
        rows = (self._first_rule + idle).astype(np.int32)
        self._program.solver.deleteRows(len(idle), rows)
        gone = set(idle.tolist())
        self.rules = [rule for at, rule in enumerate(self.rules) if at not in gone]
        self._number()

    def relax(self) -> Relaxed:
        """Solve the relaxation. Prices and tolls are never negative."""
        solver, orders = self._program.solver, self.offers.orders
        solver.run()
        duals = np.maximum(0.0, -np.array(solver.getSolution().row_dual)[orders:])
        resources = len(self.offers.limits)
        return Relaxed(
            float(solver.getInfo().objective_function_value),
            self._program.levels()[orders:],
            duals[:resources],
            duals[resources:],
        )

    def terms(self, relaxed: Relaxed) -> Terms:
        """The prices and tolls of a relaxation in whole numbers."""
        return Terms(
            np.rint(relaxed.prices).astype(np.int64),
            tuple(self.rules),
            np.rint(relaxed.tolls).astype(np.int64),
        )

    def _number(self) -> None:
        self._ruled = {}
        for at, rule in enumerate(self.rules):
            for row in rule.rows:
                self._ruled.setdefault(row, []).append(at)
