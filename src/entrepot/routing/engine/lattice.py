"""Every way to take part of an order: the lattice of quantity vectors, with cached indices.

A state is a vector (x1..xD) with 0 <= xd <= cd, numbered in mixed radix with the last item
running fastest. The number of the rest is `size - 1 - number`, which makes reversed arrays the
complement of a state. Index arrays depend only on the counts and are kept for later orders.
"""

from collections import OrderedDict
from math import prod

import numpy as np
from numpy.typing import NDArray

from entrepot.routing.engine.network import Ints

FAR = 2**60
"""Money that stands for "cannot be done"; two of them still fit into 64 bits."""
CEILING = FAR // 2
"""No real cost reaches this, and nothing impossible falls below it."""
SMALL_PAIRS = 120_000
"""Up to so many (state, part) pairs listing all parts is the fastest way."""
MAX_PAIRS = 1_200_000
"""Above so many pairs index arrays are not made."""
KEPT_PAIRS = 6_000_000
"""How many pairs of all lattices are kept for later orders: 16 bytes each."""

Index = NDArray[np.intp]


def pairs_of(counts: tuple[int, ...]) -> int:
    """How many (state, part) pairs these counts make."""
    return prod((count + 1) * (count + 2) // 2 for count in counts)


class Lattice:
    """The states below `counts` and, for small ones, all their pairs (part, rest)."""

    def __init__(self, counts: tuple[int, ...]) -> None:
        self.counts = counts
        self.size = prod(count + 1 for count in counts)
        self.pairs = pairs_of(counts)
        self.strides = tuple(
            prod(count + 1 for count in counts[d + 1 :]) for d in range(len(counts))
        )
        axes = np.indices([count + 1 for count in counts], dtype=np.int64)
        self.vectors: Ints = axes.reshape(len(counts), self.size).T.copy()
        self._part: Index | None = None
        self._rest: Index | None = None
        self._starts: Index | None = None

    def _make_pairs(self) -> tuple[Index, Index, Index]:
        """For each state, all parts of it ascending, and the rests; grouped by state."""
        if self._part is None or self._rest is None or self._starts is None:
            part = np.zeros(1, np.intp)
            state = np.zeros(1, np.intp)
            for count, stride in zip(self.counts, self.strides, strict=True):
                high, low = np.tril_indices(count + 1)
                state = (state[:, None] + high * stride).ravel()
                part = (part[:, None] + low * stride).ravel()
            order = np.lexsort((part, state))
            self._part = part[order]
            self._rest = state[order] - self._part
            self._starts = np.searchsorted(state[order], np.arange(self.size))
        return self._part, self._rest, self._starts

    def combine(self, left: Ints, right: Ints) -> Ints:
        """The cheapest division of every state into a left and a right part (min-plus)."""
        part, rest, starts = self._make_pairs()
        combined: Ints = np.minimum.reduceat(left[part] + right[rest], starts)
        return np.minimum(combined, FAR)

    def parts(self, state: int) -> tuple[Index, Index]:
        """All parts of a state, ascending, and the rest left by each."""
        part, rest, starts = self._make_pairs()
        end = starts[state + 1] if state + 1 < self.size else len(part)
        return part[starts[state] : end], rest[starts[state] : end]

    def number(self, vector: tuple[int, ...]) -> int:
        """The number of a state."""
        return sum(x * stride for x, stride in zip(vector, self.strides, strict=True))

    def with_shorts(self, costs: Ints, prices: tuple[int | None, ...]) -> Ints:
        """`costs` if any further pieces may be left short at `prices` (None: may not)."""
        if all(price is None for price in prices):
            return costs
        grid = costs.copy().reshape([count + 1 for count in self.counts])
        for d, price in enumerate(prices):
            if price is not None:
                moved = np.moveaxis(grid, d, 0)
                for x in range(1, self.counts[d] + 1):
                    moved[x, ...] = np.minimum(moved[x], moved[x - 1] + price)
        return np.minimum(grid.ravel(), FAR)


class _Kept:
    """The lattices used last, as many as `KEPT_PAIRS` allows."""

    def __init__(self) -> None:
        self.lattices: OrderedDict[tuple[int, ...], Lattice] = OrderedDict()
        self.pairs = 0

    def get(self, counts: tuple[int, ...]) -> Lattice:
        found = self.lattices.get(counts)
        if found is None:
            found = self.lattices[counts] = Lattice(counts)
            self.pairs += found.pairs
            while self.pairs > KEPT_PAIRS and len(self.lattices) > 1:
                self.pairs -= self.lattices.popitem(last=False)[1].pairs
        else:
            self.lattices.move_to_end(counts)
        return found


_kept = _Kept()


def lattice_for(counts: tuple[int, ...]) -> Lattice:
    """The lattice of these counts, kept for the next order with the same pattern."""
    return _kept.get(counts)
