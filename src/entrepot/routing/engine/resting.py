"""What every rest of a large order costs at least above the prices, by dynamic programming.

`bounding` combines all pairs of states; a large order has too many. Here every state is served
at its first item, so only columns that begin there are looked at, and of equal parts only the
cheapest. The result forgets what the pool forgets too: that a node's stock and an option are
used once. It is exact otherwise, and shows for most orders what prices per piece cannot.
"""

from collections.abc import Iterator
from math import prod
from typing import Final

import msgspec
import numpy as np

from entrepot.routing.engine.lattice import FAR
from entrepot.routing.engine.network import Ints
from entrepot.routing.engine.pricing import Prices, Relaxation

MAX_STATES: Final = 1_500_000
"""Above so many states the rests of an order are not listed."""
MAX_NUMBERS: Final = 60_000_000
"""Above so many (state, column) pairs they are not worked out."""
_NUMBERS: Final = 8_192
_PARTS: Final = 4


class Rests(msgspec.Struct, frozen=True, eq=False):
    """`least[s]`: extra cost of serving state s at least, by columns within `slack` only.
    `fewest[s]`: so many shipments at least; None where their number is not limited.

    Items are taken in `order`, the first most significant; `strides` belong to that order.
    `work` is what it took, in work units; plans beyond `slack` are not spoken of.
    """

    order: tuple[int, ...]
    counts: tuple[int, ...]
    strides: tuple[int, ...]
    least: Ints
    fewest: Ints | None
    slack: int
    work: int


class _Part(msgspec.Struct, frozen=True):
    """A part that some column takes: its first item, how much of it, the rest, the extra cost."""

    first: int
    amount: int
    tail: tuple[int, ...]
    extra: int


def rests_for(relaxation: Relaxation, prices: Prices, slack: int, budget: int) -> Rests | None:
    """The rests of an order for plans within `slack` above the bound; None: beyond `budget`."""
    if prod(count + 1 for count in relaxation.counts) > MAX_STATES:
        return None
    keep = np.nonzero(prices.extra <= slack)[0]
    part = relaxation.part[keep]
    order = tuple(np.argsort((part > 0).sum(axis=0), kind="stable").tolist())
    counts = tuple(relaxation.counts[d] for d in order)
    strides = tuple(prod(count + 1 for count in counts[d + 1 :]) for d in range(len(counts)))
    parts, numbers = _parts(part[:, list(order)], prices.extra[keep], counts, strides)
    limited = relaxation.most is not None and relaxation.most < sum(counts)
    work = (1 + limited) * (len(parts) // _PARTS + numbers // _NUMBERS) + strides[0] // _NUMBERS
    if work > budget or numbers > MAX_NUMBERS:
        return None
    shorts = tuple(prices.short_extra[d] for d in order)
    least = _least(counts, strides, parts, shorts)
    fewest = None
    if limited:
        free = tuple(None if short is None else 0 for short in shorts)
        ones = [msgspec.structs.replace(part, extra=1) for part in parts]
        fewest = _least(counts, strides, ones, free)
    return Rests(order, counts, strides, least, fewest, slack, work)


def _parts(
    part: Ints, extra: Ints, counts: tuple[int, ...], strides: tuple[int, ...]
) -> tuple[list[_Part], int]:
    """The cheapest of all equal parts, and how many numbers their states make."""
    number = part @ np.array(strides, np.int64)
    by_number = np.lexsort((extra, number))
    fresh = np.ones(len(by_number), np.bool_)
    fresh[1:] = np.diff(number[by_number]) > 0
    chosen = by_number[fresh]
    vectors = part[chosen]
    first = (vectors > 0).argmax(axis=1)
    room = np.array(counts) - vectors + 1
    room[np.arange(len(counts)) < first[:, None]] = 1
    found = [
        _Part(d, vector[d], tuple(vector[d + 1 :]), money)
        for d, vector, money in zip(
            first.tolist(), vectors.tolist(), extra[chosen].tolist(), strict=True
        )
    ]
    return found, int(room.astype(np.float64).prod(axis=1).sum())


def _least(
    counts: tuple[int, ...],
    strides: tuple[int, ...],
    parts: list[_Part],
    shorts: tuple[int | None, ...],
) -> Ints:
    """All states, from those that have only the last item to those that have the first."""
    least: Ints = np.full(strides[0] * (counts[0] + 1), FAR, np.int64)
    least[0] = 0
    by_first: list[list[_Part]] = [[] for _ in counts]
    for part in parts:
        by_first[part.first].append(part)
    for d in reversed(range(len(counts))):
        size, price = strides[d], shorts[d]
        boxes = list(_boxes(by_first[d], counts[d + 1 :], strides[d + 1 :]))
        for x in range(1, counts[d] + 1):
            here = least[x * size : (x + 1) * size]
            if price is not None:
                here[:] = np.minimum(least[(x - 1) * size : x * size] + price, FAR)
            for part, rest, state in boxes:
                if part.amount <= x:
                    before = least[(x - part.amount) * size :]
                    np.minimum.at(here, state, before[rest] + part.extra)
    return np.minimum(least, FAR)


def _boxes(
    parts: list[_Part], counts: tuple[int, ...], strides: tuple[int, ...]
) -> Iterator[tuple[_Part, Ints, Ints]]:
    """Each part with the rests that it may leave of the later items, and the states before."""
    middle = len(counts) // 2
    halves = (_Box(counts[:middle], strides[:middle]), _Box(counts[middle:], strides[middle:]))
    for part in parts:
        front = halves[0].rests(part.tail[:middle])
        back = halves[1].rests(part.tail[middle:])
        rest = (front[:, None] + back).ravel()
        taken = sum(x * stride for x, stride in zip(part.tail, strides, strict=True))
        yield part, rest, rest + taken


class _Box:
    """The states of some items that leave room for a part, kept for the next equal part."""

    def __init__(self, counts: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.counts, self.strides = counts, strides
        self._kept: dict[tuple[int, ...], Ints] = {}

    def rests(self, tail: tuple[int, ...]) -> Ints:
        """Numbers of all vectors x with x + tail <= counts, ascending."""
        found = self._kept.get(tail)
        if found is None:
            found = np.zeros(1, np.int64)
            for count, stride, taken in zip(self.counts, self.strides, tail, strict=True):
                if count > taken:
                    steps = np.arange(count - taken + 1) * stride
                    found = (found[:, None] + steps).ravel()
            self._kept[tail] = found
        return found
