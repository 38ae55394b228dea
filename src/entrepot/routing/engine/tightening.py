"""The prices of a wave and the bound they prove, tightened by rules that whole choices keep.

    relax -> rules that the relaxation breaks -> relax ... -> whole prices and tolls
          -> every plan that could be cheaper under them (`listing`) -> the bound they prove

The bound: what each order's cheapest plan costs at these prices and tolls, less what all
resources and rules would fetch. A plan that is not listed costs at least its prices, for a toll
is never negative; so the least of all plans is known exactly, in whole numbers.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from entrepot.routing.engine.charging import Charging
from entrepot.routing.engine.halving import broken_rules
from entrepot.routing.engine.master import Master, Relaxed
from entrepot.routing.engine.offers import Terms

ROUNDS: Final = 12
"""How often rules are looked for between two lists of plans."""
LISTS: Final = 4
WINDOW: Final = 5
"""Plans are listed up to a fifth of an average order above the cheapest at the first prices."""
_WORTH: Final = 2e-5
"""Rules that raise the relaxation by less than this share are the last ones."""

Told = Callable[[float, int], bool]
"""Told the relaxation's cost and the bound; False ends the work."""


class Tightening:
    """A wave's master with its orders. `bound`: proven so far; `terms`: the last ones."""

    def __init__(self, charging: Charging, master: Master, bound: int) -> None:
        self.charging, self.master, self.bound = charging, master, bound
        self.terms = master.terms(master.relax())

    def run(self, told: Told, lists: int) -> bool:
        """List, tighten and list again while it is worth it; False when told to stop."""
        relaxed = self.master.relax()
        average = max(1.0, relaxed.value / max(1, self.master.offers.orders))
        self._list(int(average) // WINDOW)
        for _ in range(lists):
            relaxed = self._ruled(relaxed)
            before = self.bound
            self._list(0)
            if not told(relaxed.value, self.bound):
                return False
            if self.bound - before <= _WORTH * abs(relaxed.value):
                break
        return True

    def _ruled(self, relaxed: Relaxed) -> Relaxed:
        """Rules found and imposed until they raise the relaxation no more."""
        master = self.master
        relaxed = master.relax()
        for _ in range(ROUNDS):
            known = {rule.rows for rule in master.rules}
            rules = broken_rules(master.offers, relaxed.levels, known)
            if not rules:
                break
            master.impose(rules)
            before, relaxed = relaxed.value, master.relax()
            master.lift(relaxed)
            relaxed = master.relax()
            if relaxed.value - before <= _WORTH * abs(before):
                break
        return relaxed

    def _list(self, window: int) -> None:
        """Plans up to `window` above each order's cheapest; what the terms prove with them."""
        self.prove(self.master.terms(self.master.relax()), window)

    def prove(self, terms: Terms, window: int) -> None:
        """The same under any terms: no toll or price below zero, rules that whole choices keep."""
        master, offers = self.master, self.master.offers
        self.terms = terms
        least, _ = offers.cheapest(offers.worth(terms))
        missed: dict[int, int] = {}
        for place in range(offers.orders):
            plans = self.charging.within(place, terms.prices, int(least[place]) + window)
            if plans is None:
                cheapest = self.charging.cheapest(place, terms.prices)
                plans = []
                if cheapest is not None:
                    plans, missed[place] = [cheapest[0]], cheapest[1]
            for plan in plans:
                master.add(self.charging.offer(place, plan), plan)
        self.bound = max(self.bound, self._proven(missed))

    def _proven(self, missed: dict[int, int]) -> int:
        """The bound; of orders whose plans are not listed, prices alone speak (`missed`)."""
        offers, terms = self.master.offers, self.terms
        least, _ = offers.cheapest(offers.worth(terms))
        for place, value in missed.items():
            least[place] = min(int(least[place]), value)
        limits = np.array([rule.limit for rule in terms.rules], np.int64)
        return int(least.sum()) - int(terms.prices @ offers.limits) - int(terms.tolls @ limits)
