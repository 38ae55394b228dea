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
    part, extra = _distinct(relaxation.part[keep], prices.extra[keep], relaxation.counts)
    order, numbers = _order(part, np.array(relaxation.counts))
    counts = tuple(relaxation.counts[d] for d in order)
    strides = _strides(counts)
    limited = relaxation.most is not None and relaxation.most < sum(counts)
    work = (1 + limited) * (len(part) // _PARTS + numbers // _NUMBERS) + strides[0] // _NUMBERS
    if work > budget or numbers > MAX_NUMBERS:
        return None
    parts = _parts(part[:, list(order)], extra)
    shorts = tuple(prices.short_extra[d] for d in order)
    least = _least(counts, strides, parts, shorts)
    fewest = None
    if limited:
        free = tuple(None if short is None else 0 for short in shorts)
        ones = [msgspec.structs.replace(part, extra=1) for part in parts]
        fewest = _least(counts, strides, ones, free)
    return Rests(order, counts, strides, least, fewest, slack, work)


def _strides(counts: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(prod(count + 1 for count in counts[d + 1 :]) for d in range(len(counts)))


def _distinct(part: Ints, extra: Ints, counts: tuple[int, ...]) -> tuple[Ints, Ints]:
    """The cheapest of all equal parts."""
    number = part @ np.array(_strides(counts), np.int64)
    by_number = np.lexsort((extra, number))
    fresh = np.ones(len(by_number), np.bool_)
    fresh[1:] = np.diff(number[by_number]) > 0
    chosen = by_number[fresh]
    return part[chosen], extra[chosen]


def _order(part: Ints, counts: Ints) -> tuple[tuple[int, ...], int]:
    """In which order items are served, and how many numbers that takes.

    Items that few parts have come early. The first item's states are but one as long as none
    of it has gone, so that one is chosen for which this saves most.
    """
    rare = np.argsort((part > 0).sum(axis=0), kind="stable")
    ranked = part[:, rare]
    room = (counts[rare] - ranked + 1).astype(np.float64)
    before = np.cumsum(ranked, axis=1) - ranked
    served = np.where(before + ranked > 0, room, 1.0)
    best: tuple[float, int] = (np.inf, 0)
    for place in range(len(counts)):
        has = ranked[:, place] > 0
        first = room[has].prod(axis=1) / room[has, place] * (room[has, place] - 1)
        numbers = first.sum() + served[~has].prod(axis=1).sum()
        best = min(best, (float(numbers), place))
    order = [int(rare[best[1]]), *np.delete(rare, best[1]).tolist()]
    return tuple(order), int(best[0])


def _parts(part: Ints, extra: Ints) -> list[_Part]:
    first = (part > 0).argmax(axis=1)
    return [
        _Part(d, vector[d], tuple(vector[d + 1 :]), money)
        for d, vector, money in zip(first.tolist(), part.tolist(), extra.tolist(), strict=True)
    ]


def _least(
    counts: tuple[int, ...],
    strides: tuple[int, ...],
    parts: list[_Part],
    shorts: tuple[int | None, ...],
) -> Ints:
    """All states that serving in order can meet; nothing (0) is said of the others."""
    least: Ints = np.zeros(strides[0] * (counts[0] + 1), np.int64)
    least[1 : strides[0] * counts[0]] = FAR
    by_first: list[list[_Part]] = [[] for _ in counts]
    for part in parts:
        by_first[part.first].append(part)
    for d in reversed(range(len(counts))):
        size, price = strides[d], shorts[d]
        boxes = list(_boxes(by_first[d], counts[d + 1 :], strides[d + 1 :]))
        for x in range(1, counts[d] + (d > 0)):
            here = least[x * size : (x + 1) * size]
            if price is not None:
                here[:] = np.minimum(least[(x - 1) * size : x * size] + price, FAR)
            for part, taken, rest in boxes:
                if part.amount <= x:
                    before = least[(x - part.amount) * size :]
                    np.minimum.at(here[taken:], rest, before[rest] + part.extra)
    least[-1] = _whole(counts, strides, by_first[0], least, shorts[0])
    return np.minimum(least, FAR)


def _whole(
    counts: tuple[int, ...],
    strides: tuple[int, ...],
    parts: list[_Part],
    least: Ints,
    short: int | None,
) -> int:
    """The whole order: the only state that has all of the first item."""
    last = len(least) - 1
    best = FAR if short is None else int(least[last - strides[0]]) + short
    for part in parts:
        taken = sum(x * s for x, s in zip((part.amount, *part.tail), strides, strict=True))
        best = min(best, int(least[last - taken]) + part.extra)
    return best


def _boxes(
    parts: list[_Part], counts: tuple[int, ...], strides: tuple[int, ...]
) -> Iterator[tuple[_Part, int, Ints]]:
    """Each part, as a number, with the rests that it may leave of the later items."""
    middle = len(counts) // 2
    halves = (_Box(counts[:middle], strides[:middle]), _Box(counts[middle:], strides[middle:]))
    for part in parts:
        front = halves[0].rests(part.tail[:middle])
        back = halves[1].rests(part.tail[middle:])
        taken = sum(x * stride for x, stride in zip(part.tail, strides, strict=True))
        yield part, taken, (front[:, None] + back).ravel()


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
