"""One carton filled: pieces one by one, each where it sits best among the free spaces.

In short: sort the pieces, largest first; for each look at every space and every allowed turn; of
the places that hold it (and, where asked, support it and press on nothing fragile) take the one
with the least score; cut the spaces; go on. That is done from several starts, each with its own
order and score, and the fullest carton wins. No randomness, no clock: the same pieces give the
same carton.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from entrepot.consolidation.packing.spaces import Space, cut, whole
from entrepot.consolidation.packing.types import Piece, Sides

Score = Callable[[int, int, int, int, int, int, int, int, int], Any]
"""(x, y, z, slack along x, y, z, size along x, y, z) → what to keep small (a number or a list)."""

Order = Callable[[Sides], int]


def _front(x: int, y: int, z: int, p: int, q: int, r: int, a: int, b: int, c: int) -> Any:
    return y + b, z + c, x + a


def _snug(x: int, y: int, z: int, p: int, q: int, r: int, a: int, b: int, c: int) -> Any:
    return sorted((p, q, r))


def _near(x: int, y: int, z: int, p: int, q: int, r: int, a: int, b: int, c: int) -> Any:
    return (x + a) ** 2 + (y + b) ** 2 + (z + c) ** 2


def _low(x: int, y: int, z: int, p: int, q: int, r: int, a: int, b: int, c: int) -> Any:
    return z, min(p, q), p + q


def volume(mm: Sides) -> int:
    """Cubic millimetres."""
    return mm[0] * mm[1] * mm[2]


STARTS: tuple[tuple[Score, Order], ...] = (
    (_front, volume),
    (_snug, sum),
    (_near, volume),
)
STEADY_STARTS: tuple[tuple[Score, Order], ...] = ((_low, volume), *STARTS)
"""With support asked for, low places first is a start worth having."""

MANY, VERY_MANY = 40, 80
"""With more pieces fewer starts do (two, and one without support): the spaces get small, and the
others add little fill for their time."""

PASSES = 2
"""A piece that nothing carried may find support later; a third look finds next to nothing."""


class Load(msgspec.Struct, frozen=True):
    """What lies in a carton: (index of the piece, corner, sides as turned), volume, grams."""

    placed: tuple[tuple[int, Sides, Sides], ...]
    volume_mm3: int
    grams: int


class Task(msgspec.Struct, frozen=True):
    """Pieces to choose from: `units` are indices that go in together or not at all, `apart` the
    indices that may not share a carton with a piece."""

    pieces: Sequence[Piece]
    units: Sequence[tuple[int, ...]]
    apart: Mapping[int, frozenset[int]]
    support_permille: int


def turns(piece: Piece) -> tuple[Sides, ...]:
    """The different ways a piece may lie, in a fixed order."""
    a, b, c = piece.mm
    ways = {(a, b, c), (b, a, c)}
    if not piece.upright:
        ways |= {(a, c, b), (c, a, b), (b, c, a), (c, b, a)}
    return tuple(sorted(ways))


def fill(inner_mm: Sides, room_g: int, task: Task) -> Load:
    """The fullest load of one carton over all starts; the first of equals."""
    members = [task.pieces[i] for unit in task.units for i in unit]
    starts = STEADY_STARTS if task.support_permille else STARTS
    if len(members) > MANY:
        starts = starts[: 1 if len(members) > VERY_MANY and not task.support_permille else 2]
    wanted = sum(volume(piece.mm) for piece in members)
    runs = [(score, order, False) for score, order in starts]
    if any(piece.fragile for piece in members):  # they go on top, so usually last
        runs = [(score, order, True) for score, order in starts] + runs[:2]
    ways = {i: turns(task.pieces[i]) for unit in task.units for i in unit}
    best = Load((), 0, 0)
    for score, order, fragile_last in runs:
        filler = _Filler(inner_mm, room_g, task, ways, score)
        load = filler.run(order, fragile_last=fragile_last)
        if load.volume_mm3 > best.volume_mm3:
            best = load
            if best.volume_mm3 == wanted:
                break
    return best


Rectangle = tuple[int, int, int, int]


class _Filler:
    """The state of one start: free spaces, what lies where, what it weighs."""

    def __init__(
        self,
        inner_mm: Sides,
        room_g: int,
        task: Task,
        ways: Mapping[int, tuple[Sides, ...]],
        score: Score,
    ) -> None:
        self.task = task
        self.ways = ways
        self.score = score
        self.room_g = room_g
        self.spaces = whole(inner_mm)
        self.placed: list[tuple[int, Sides, Sides]] = []
        self.tops: dict[int, list[tuple[int, int, int, int, bool]]] = {}
        self.bottoms: dict[int, list[Rectangle]] = {}
        self.grams = 0
        self.volume = 0
        self.barred: set[int] = set()
        self.fragile = any(piece.fragile for piece in task.pieces)

    def run(self, order: Order, *, fragile_last: bool) -> Load:
        """Place unit after unit; with support asked for, try what was left again."""
        pieces, supported = self.task.pieces, self.task.support_permille > 0
        queue = sorted(
            self.task.units,
            key=lambda unit: (
                fragile_last and any(pieces[i].fragile for i in unit),
                -sum(order(pieces[i].mm) for i in unit),
                unit,
            ),
        )
        whole_queue = self._least(queue)
        for _ in range(PASSES if supported else 1):
            left: list[tuple[int, ...]] = []
            ahead = [whole_queue] * len(queue) if supported else self._least_after(queue)
            for unit, (side, least_volume) in zip(queue, ahead, strict=True):
                if not self._put_unit(unit, side, least_volume):
                    left.append(unit)
            if len(left) == len(queue):
                break
            queue = left
        return Load(tuple(self.placed), self.volume, self.grams)

    def _least(self, units: Sequence[tuple[int, ...]]) -> tuple[int, int]:
        sides = [self.task.pieces[i].mm for unit in units for i in unit]
        return min((min(mm) for mm in sides), default=0), min(map(volume, sides), default=0)

    def _least_after(self, units: Sequence[tuple[int, ...]]) -> list[tuple[int, int]]:
        """For each unit the least side and volume of all behind it: smaller room is useless.

        A unit of several pieces still needs room for its own pieces.
        """
        ahead: list[tuple[int, int]] = []
        side, least_volume = 10**9, 10**18
        for unit in reversed(units):
            if len(unit) > 1:
                own_side, own_volume = self._least([unit])
                ahead.append((min(side, own_side), min(least_volume, own_volume)))
            else:
                ahead.append((side, least_volume))
            for index in unit:
                mm = self.task.pieces[index].mm
                side, least_volume = min(side, *mm), min(least_volume, volume(mm))
        return ahead[::-1]

    def _put_unit(self, unit: tuple[int, ...], side: int, least_volume: int) -> bool:
        """Place all pieces of the unit, or none."""
        pieces = self.task.pieces
        if self.grams + sum(pieces[i].g for i in unit) > self.room_g:
            return False
        if not self.barred.isdisjoint(unit):
            return False
        before = self.spaces, len(self.placed)
        for index in sorted(unit, key=lambda i: (-volume(pieces[i].mm), i)):
            if not self._put(index, side, least_volume):
                self._undo(*before)
                return False
        for index in unit:
            self.barred |= self.task.apart.get(index, frozenset())
        return True

    def _undo(self, spaces: list[Space], count: int) -> None:
        for index, (_, _, z), (a, b, c) in self.placed[count:]:
            self.tops[z + c].pop()
            self.bottoms[z].pop()
            self.grams -= self.task.pieces[index].g
            self.volume -= a * b * c
        del self.placed[count:]
        self.spaces = spaces

    def _put(self, index: int, side: int, least_volume: int) -> bool:
        piece = self.task.pieces[index]
        place = self._best_place(piece, self.ways[index])
        if place is None:
            return False
        (x, y, z), (a, b, c) = place
        self.spaces = cut(self.spaces, (x, y, z), (a, b, c), side, least_volume)
        self.placed.append((index, (x, y, z), (a, b, c)))
        self.tops.setdefault(z + c, []).append((x, y, x + a, y + b, piece.fragile))
        self.bottoms.setdefault(z, []).append((x, y, x + a, y + b))
        self.grams += piece.g
        self.volume += a * b * c
        return True

    def _best_place(self, piece: Piece, ways: tuple[Sides, ...]) -> tuple[Sides, Sides] | None:
        score, needed = self.score, volume(piece.mm)
        supported = self.task.support_permille > 0 or self.fragile
        best: tuple[Sides, Sides] | None = None
        least: Any = None
        for z, y, x, x2, y2, z2 in self.spaces:
            w, d, h = x2 - x, y2 - y, z2 - z
            if w * d * h < needed:
                continue
            for a, b, c in ways:
                if a <= w and b <= d and c <= h:
                    found = score(x, y, z, w - a, d - b, h - c, a, b, c)
                    if best is not None and not found < least:
                        continue
                    if supported and z and not self._rests(x, y, z, a, b):
                        continue
                    if piece.fragile and self._carries((x, y, x + a, y + b), z + c):
                        continue
                    best, least = ((x, y, z), (a, b, c)), found
        return best

    def _rests(self, x: int, y: int, z: int, a: int, b: int) -> bool:
        """Whether enough of the base lies on tops at this height, and on nothing fragile."""
        area, far_x, far_y = 0, x + a, y + b
        for x1, y1, x2, y2, fragile in self.tops.get(z, ()):
            if x1 < far_x and x < x2 and y1 < far_y and y < y2:
                if fragile:
                    return False
                width = (x2 if x2 < far_x else far_x) - (x1 if x1 > x else x)
                area += width * ((y2 if y2 < far_y else far_y) - (y1 if y1 > y else y))
        return area * 1000 >= a * b * self.task.support_permille

    def _carries(self, top: Rectangle, z: int) -> bool:
        """Whether something that was placed before would come to lie on this top."""
        x1, y1, x2, y2 = top
        return any(
            x1 < far_x and x < x2 and y1 < far_y and y < y2
            for x, y, far_x, far_y in self.bottoms.get(z, ())
        )
