"""All plans of one order within a limit: what a wave chooses from, and what it may leave out."""

from typing import Final

from entrepot.routing.engine.asking import Question
from entrepot.routing.engine.bounding import Bounds, staged_bounds
from entrepot.routing.engine.deciding import instance_of
from entrepot.routing.engine.filling import unfillable
from entrepot.routing.engine.lattice import SMALL_PAIRS, lattice_for, pairs_of
from entrepot.routing.engine.plans import Found
from entrepot.routing.engine.searching import Instance, Search

MOST_PLANS: Final = 2_000
MOST_STATES: Final = 20_000
"""An order with more plans within the limit, or more states to look at, is not listed."""


def listable(question: Question) -> bool:
    """Whether an order is small enough for all its parts to be listed."""
    return pairs_of(tuple(item.count for item in question.demand.items)) <= SMALL_PAIRS


def plans_within(question: Question, limit: int) -> list[Found] | None:
    """Every plan of a value up to `limit`; None: they are too many, or the order is too large."""
    if not listable(question):
        return None
    if unfillable(question):
        return []
    lattice = lattice_for(tuple(item.count for item in question.demand.items))
    instance = instance_of(question, lattice)
    bounds = staged_bounds(lattice, instance.cost, instance.shorts, question.most, ())
    listing = _Listing(instance, bounds, limit)
    listing.run()
    return listing.plans if listing.complete else None


class _Listing(Search):
    """The search with a limit that stays where it is: it meets every plan once."""

    def __init__(self, instance: Instance, bounds: Bounds, limit: int) -> None:
        super().__init__(instance, bounds, limit, MOST_STATES)
        self.plans: list[Found] = []

    def _finish(self, value: int, chosen: tuple[tuple[int, int], ...]) -> None:
        plan = Found(value, self._picked(chosen))
        if self.instance.rules.better(None, plan):
            self.plans.append(plan)
        if len(self.plans) > MOST_PLANS:
            self.nodes_left = -1
