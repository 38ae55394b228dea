"""A decent plan fast, where a narrow search finds only a poor one.

From each of some promising columns on: of all columns that still fit the rest and the stock,
take the one that costs least above the prices per piece, until nothing is left or nothing fits.
"""

from typing import Final

import msgspec
import numpy as np

from entrepot.routing.engine.network import Ints
from entrepot.routing.engine.plans import Found, PlanRules
from entrepot.routing.engine.pricing import Prices, Relaxation

STARTS: Final = 12
_PROMISING: Final = 3_000
"""So many columns are looked at first; all of them where these make no plan."""


class _Choice(msgspec.Struct, frozen=True, eq=False):
    """Some columns, the most promising first, and the order they are to make up."""

    part: Ints
    row: Ints
    node: Ints
    cost: Ints
    relaxation: Relaxation


def greedy_plan(relaxation: Relaxation, prices: Prices, rules: PlanRules) -> Found | None:
    """The best of some greedy plans; None when none is allowed."""
    ranked = np.argsort(prices.extra / relaxation.part.sum(axis=1), kind="stable")
    plan = _best_of(_choice(relaxation, ranked[:_PROMISING]), rules)
    if plan is None and len(ranked) > _PROMISING:
        plan = _best_of(_choice(relaxation, ranked), rules)
    return plan


def _choice(relaxation: Relaxation, at: Ints) -> _Choice:
    return _Choice(
        relaxation.part[at], relaxation.row[at], relaxation.node[at], relaxation.cost[at],
        relaxation,
    )  # fmt: skip


def _best_of(choice: _Choice, rules: PlanRules) -> Found | None:
    best: Found | None = None
    for start in range(min(STARTS, len(choice.cost))):
        plan = _from(choice, start)
        if plan is not None and rules.better(best, plan):
            best = plan
    return best


def _from(choice: _Choice, column: int) -> Found | None:
    """Go on from one column; what is left at the end is short, if it may be."""
    relaxation = choice.relaxation
    rest = np.array(relaxation.counts, np.int64)
    stock = relaxation.stock.copy()
    open_ = np.arange(len(choice.cost))
    chosen = []
    while True:
        part, node = choice.part[column], int(choice.node[column])
        chosen.append((int(choice.row[column]), tuple(part.tolist()), int(choice.cost[column])))
        rest = rest - part
        stock[node] -= part
        open_ = open_[choice.row[open_] != choice.row[column]]
        open_ = open_[(choice.part[open_] <= rest).all(axis=1)]
        fits = (choice.part[open_] <= stock[choice.node[open_]]).all(axis=1)
        if not rest.any() or not fits.any():
            break
        column = int(open_[fits.argmax()])
    value = sum(cost for _, _, cost in chosen)
    for left, price in zip(rest.tolist(), relaxation.short, strict=True):
        if left and price is None:
            return None
        value += left * (price or 0)
    return Found(value, tuple(sorted(chosen)))
