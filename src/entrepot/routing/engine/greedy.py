"""A decent plan fast, where a narrow search finds only a poor one.

From each of some promising columns on: of all columns that still fit the rest and the stock,
take the one that costs least above the prices per piece, until nothing is left or nothing fits.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from entrepot.routing.engine.plans import Found, PlanRules
from entrepot.routing.engine.pricing import Prices, Relaxation

STARTS: Final = 12


def greedy_plan(relaxation: Relaxation, prices: Prices, rules: PlanRules) -> Found | None:
    """The best of some greedy plans; None when none is allowed."""
    if not len(relaxation.cost):
        return None
    pieces = relaxation.part.sum(axis=1)
    score = prices.extra / pieces
    best: Found | None = None
    for start in np.argsort(score, kind="stable")[:STARTS].tolist():
        plan = _from(relaxation, score, start)
        if plan is not None and rules.better(best, plan):
            best = plan
    return best


def _from(relaxation: Relaxation, score: NDArray[np.float64], start: int) -> Found | None:
    """Go on from one column; what is left at the end is short, if it may be."""
    rest = np.array(relaxation.counts, np.int64)
    stock = relaxation.stock.copy()
    open_ = np.ones(len(relaxation.cost), np.bool_)
    chosen, column = [], start
    while True:
        part, node = relaxation.part[column], int(relaxation.node[column])
        chosen.append(
            (int(relaxation.row[column]), tuple(part.tolist()), int(relaxation.cost[column]))
        )
        rest = rest - part
        stock[node] -= part
        open_ &= relaxation.row != relaxation.row[column]
        open_ &= (relaxation.part <= rest).all(axis=1)
        fits = np.nonzero(open_)[0]
        fits = fits[(relaxation.part[fits] <= stock[relaxation.node[fits]]).all(axis=1)]
        if not rest.any() or not len(fits):
            break
        column = int(fits[score[fits].argmin()])
    value = sum(cost for _, _, cost in chosen)
    for left, price in zip(rest.tolist(), relaxation.short, strict=True):
        if left and price is None:
            return None
        value += left * (price or 0)
    return Found(value, tuple(sorted(chosen)))
