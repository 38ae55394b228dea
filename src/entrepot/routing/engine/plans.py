"""Plans while they are being found, what they must respect together, and which of two is better.

Ties are decided by cost, number of shipments (part of the value), options in canonical order,
then quantities in (SKU, option) order.
"""

from collections.abc import Callable

import msgspec
import numpy as np

from entrepot.routing.engine.asking import Question
from entrepot.routing.engine.network import Ints

Picked = tuple[int, tuple[int, ...], int]
"""A shipment: place of its option among the eligible ones, pieces of each item, its value."""


class Found(msgspec.Struct, frozen=True):
    """A complete plan. `value`: its cost times radix plus its shipments; rows ascend."""

    value: int
    shipments: tuple[Picked, ...]


class PlanRules(msgspec.Struct, frozen=True):
    """What concerns a plan as a whole. `fits` is None when no shared capacity can bind; what it
    refuses cannot be mended by further shipments."""

    most: int
    quantities: Callable[[tuple[Picked, ...]], tuple[int, ...]]
    fits: Callable[[tuple[Picked, ...]], bool] | None

    def better(self, best: Found | None, plan: Found) -> bool:
        """Whether `plan` is allowed and comes before `best`."""
        if len(plan.shipments) > self.most:
            return False
        if best is not None and plan.value > best.value:
            return False
        if self.fits is not None and not self.fits(plan.shipments):
            return False
        if best is None or plan.value < best.value:
            return True
        rows = [shipment[0] for shipment in plan.shipments]
        old = [shipment[0] for shipment in best.shipments]
        if rows != old:
            return rows < old
        return self.quantities(plan.shipments) < self.quantities(best.shipments)


def rules_of(question: Question) -> PlanRules:
    """The whole-plan rules of an order."""
    return PlanRules(question.most, _quantities(question), _capacity_check(question))


def _quantities(question: Question) -> Callable[[tuple[Picked, ...]], tuple[int, ...]]:
    lines = question.order.lines
    by_sku = sorted(
        (lines[i].sku, d, each)
        for d, item in enumerate(question.demand.items)
        for i, each in zip(item.lines, item.each, strict=True)
    )

    def quantities(shipments: tuple[Picked, ...]) -> tuple[int, ...]:
        return tuple(pieces[d] * each for _, d, each in by_sku for _, pieces, _ in shipments)

    return quantities


def binding_capacities(question: Question) -> Ints:
    """The capacities that shipments of this order could use up together, ascending."""
    uses, left = question.network.uses, question.left.capacity
    if uses.width == 0:
        return np.zeros(0, np.int64)
    demand, option = question.demand, question.eligible.option
    counts = np.array([item.count for item in demand.items], np.int64)
    used = uses.capacity[option]
    real = used >= 0
    worst = np.zeros(len(left), np.int64)
    for per, times in (
        (uses.per_shipment, question.most),
        (uses.per_unit, int(counts @ demand.units)),
        (uses.per_g, int(counts @ demand.grams)),
    ):
        highest = np.zeros(len(left), np.int64)
        np.maximum.at(highest, used[real], per[option][real])
        worst += highest * times
    return np.nonzero(worst > left)[0]


def _capacity_check(question: Question) -> Callable[[tuple[Picked, ...]], bool] | None:
    """Whether shipments fit the capacities together; None when none could ever bind."""
    if not len(binding_capacities(question)):
        return None
    uses, left = question.network.uses, question.left.capacity
    demand, option = question.demand, question.eligible.option

    def fits(shipments: tuple[Picked, ...]) -> bool:
        total = np.zeros(len(left), np.int64)
        for row, pieces, _ in shipments:
            at = int(option[row])
            real = uses.capacity[at] >= 0
            need = uses.per_shipment[at] + uses.per_unit[at] * int(demand.units @ pieces)
            need = need + uses.per_g[at] * int(demand.grams @ pieces)
            np.add.at(total, uses.capacity[at][real], need[real])
        return bool((total <= left).all())

    return fits
