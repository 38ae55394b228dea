"""Rules that a relaxed wave breaks: sums of rows, halved and rounded down.

Three units of stock serve one order of two, not one and a half: halve the row and round down.
The same holds for any sum of rows (stock, capacities, "one plan per order"), and the sums that a
relaxed choice breaks are found by elimination modulo two: only tight rows with an odd limit
together, whose odd offers have small levels, can be broken (zero-half cuts; Caprara and
Fischetti 1996, the elimination after Koster, Zymolka and Kutschka 2009).
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from entrepot.routing.engine.network import Bools, Ints
from entrepot.routing.engine.offers import Offers, Rule
from entrepot.routing.engine.program import Floats

Bits = NDArray[np.uint8]

MOST_RULES: Final = 150
"""So many rules are added at a time, the most broken first."""
_MOST_ROWS: Final = 60
_TIMES: Final = 4
"""A row is part of at most so many rules of one time."""
_EVERY: Final = 25
"""Pivots between two looks at the rows."""
_PRESENT: Final = 1e-6
_TIGHT: Final = 0.9
_BROKEN: Final = 0.98
"""Loose amount and odd levels must stay this far below 1."""


class _Parity(msgspec.Struct, frozen=True, eq=False):
    """Sums of tight rows modulo two: `odd` [T, F] offers that are present, `summed` [T, T] the
    rows in each sum, `odd_limit` [T]; `slack` of each row, `levels` of each offer."""

    odd: Bits
    summed: Bits
    odd_limit: Bits
    rows: Ints
    slack: Floats
    levels: Floats


def broken_rules(offers: Offers, levels: Floats, known: set[tuple[int, ...]]) -> list[Rule]:
    """Rules that these levels break and that are not known, the most broken first."""
    parity = _parity(offers, levels)
    found: dict[tuple[int, ...], float] = {}
    _look(parity, found)
    alive = np.ones(len(parity.rows), np.bool_)
    for step, offer in enumerate(np.argsort(-parity.levels, kind="stable").tolist()):
        _pivot(parity, offer, alive)
        if step % _EVERY == 0:
            _look(parity, found)
    _look(parity, found)
    ranked = sorted((round(weight, 9), len(rows), rows) for rows, weight in found.items())
    return _some(offers, [rows for _, _, rows in ranked if rows not in known])


def _parity(offers: Offers, levels: Floats) -> _Parity:
    rows, amounts, starts = offers.entries()
    capacity = offers.capacity
    lengths = np.diff(np.append(starts, len(rows)))
    offer = np.repeat(np.arange(len(starts)), lengths)
    used = np.bincount(rows, weights=levels[offer] * amounts, minlength=len(capacity))
    slack = np.maximum(0.0, capacity - used)
    tight = np.nonzero(slack < _TIGHT)[0]
    present = np.nonzero(levels > _PRESENT)[0]
    row_place = np.full(len(capacity), -1)
    row_place[tight] = np.arange(len(tight))
    offer_place = np.full(len(levels), -1)
    offer_place[present] = np.arange(len(present))
    odd = np.zeros((len(tight), len(present)), np.uint8)
    both = (row_place[rows] >= 0) & (offer_place[offer] >= 0) & (amounts % 2 == 1)
    odd[row_place[rows[both]], offer_place[offer[both]]] = 1
    return _Parity(
        odd, np.eye(len(tight), dtype=np.uint8), (capacity[tight] % 2).astype(np.uint8),
        tight, slack[tight], levels[present],
    )  # fmt: skip


def _pivot(parity: _Parity, offer: int, alive: Bools) -> None:
    """Add the tightest row that counts this offer to all others that do: it is odd no more."""
    able = np.nonzero(parity.odd[:, offer] & alive)[0]
    if not len(able):
        return
    loose = parity.summed[able] @ parity.slack
    size = parity.odd[able].sum(axis=1) + parity.summed[able].sum(axis=1)
    row = int(able[np.lexsort((size, np.rint(loose * 1000)))[0]])
    alive[row] = False
    others = able[able != row]
    parity.odd[others] ^= parity.odd[row]
    parity.summed[others] ^= parity.summed[row]
    parity.odd_limit[others] ^= parity.odd_limit[row]


def _look(parity: _Parity, found: dict[tuple[int, ...], float]) -> None:
    """Note the sums that are broken: an odd limit, and less than 1 loose or odd."""
    weight = parity.summed @ parity.slack + parity.odd @ parity.levels
    for at in np.nonzero((parity.odd_limit == 1) & (weight < _BROKEN))[0].tolist():
        rows = tuple(parity.rows[np.nonzero(parity.summed[at])[0]].tolist())
        if len(rows) <= _MOST_ROWS:
            found.setdefault(rows, float(weight[at]))


def _some(offers: Offers, ranked: list[tuple[int, ...]]) -> list[Rule]:
    """The first of them, no row in too many."""
    capacity = offers.capacity
    times = np.zeros(len(capacity), np.int64)
    chosen: list[Rule] = []
    for rows in ranked:
        if len(chosen) < MOST_RULES and times[list(rows)].max() < _TIMES:
            times[list(rows)] += 1
            chosen.append(Rule(rows, int(capacity[list(rows)].sum()) // 2))
    return chosen
