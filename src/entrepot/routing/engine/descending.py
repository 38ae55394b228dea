"""Branch and bound over columns under prices per piece.

A plan costs at least the bound plus what its columns and shorts cost above the prices, so a
branch ends when that sum exceeds the slack. The first item left is served next, rows ascending
while it stays the same: every plan is met once.
"""

import msgspec
import numpy as np

from entrepot.routing.engine.plans import Found, Picked, PlanRules
from entrepot.routing.engine.pricing import Prices, Relaxation

_NARROW = 500
"""A narrow search looks only at so many columns, the cheapest ones."""

_Entry = tuple[int, int, int, int, int, Picked]
"""A column in the search: extra cost, row, node, packed part, cost, and the shipment it is."""


class Packing(msgspec.Struct, frozen=True):
    """Vectors as one number, a guard bit above each field; the first item lowest.

    One subtraction tells whether a part fits into a rest.
    """

    shifts: tuple[int, ...]
    fields: tuple[int, ...]
    guard: int
    item_at: tuple[int, ...]

    def pack(self, vector: tuple[int, ...]) -> int:
        """The vector as a number."""
        return sum(x << shift for x, shift in zip(vector, self.shifts, strict=True))

    def within(self, part: int, rest: int) -> bool:
        """Whether every item of `part` is within `rest`."""
        return ((rest | self.guard) - part) & self.guard == self.guard


def packing_for(counts: tuple[int, ...]) -> Packing:
    """Fields wide enough for these counts."""
    shifts, fields, guard, item_at, at = [], [], 0, [], 0
    for item, count in enumerate(counts):
        width = count.bit_length()
        shifts.append(at)
        fields.append(((1 << width) - 1) << at)
        guard |= 1 << (at + width)
        item_at += [item] * (width + 1)
        at += width + 1
    return Packing(tuple(shifts), tuple(fields), guard, tuple(item_at))


class Descent:
    """One search within `slack` above the bound; `width` limits the columns tried per step."""

    def __init__(
        self, relaxation: Relaxation, prices: Prices, rules: PlanRules, packing: Packing
    ) -> None:
        self.prices = prices
        self.rules = rules
        self.packing = packing
        self.relaxation = relaxation
        self.best: Found | None = None
        self.nodes_left = 0
        self.slack = 0
        self.width = 0
        self._entries: list[list[_Entry]] = []
        self._limited = rules.most < sum(relaxation.counts)
        self._exact: dict[int, list[_Entry]] = {}
        self._shortable = sum(
            field
            for field, price in zip(packing.fields, relaxation.short, strict=True)
            if price is not None
        )
        self._stock: dict[int, int] = {}

    def run(self, slack: int, nodes: int, width: int = 0) -> bool:
        """Look at all plans within the slack; False when the budget of states ended first."""
        if self.best is not None:
            slack = min(slack, self.best.value - self.prices.bound)
        self.slack, self.nodes_left, self.width = slack, nodes, width
        self._collect(slack, _NARROW if width else len(self.relaxation.cost))
        self._serve(self.packing.pack(self.relaxation.counts), 0, 0, (), -1, -1)
        return self.nodes_left >= 0

    def _collect(self, slack: int, most: int) -> None:
        """The columns that can be in a plan within the slack, by first item, cheapest first."""
        keep = np.nonzero(self.prices.extra <= slack)[0]
        keep = keep[np.argsort(self.prices.extra[keep], kind="stable")][:most]
        parts = self.relaxation.part[keep]
        packed = parts @ np.array([1 << s for s in self.packing.shifts], object)
        self._entries = [[] for _ in self.relaxation.counts]
        columns = zip(
            self.prices.extra[keep].tolist(), self.relaxation.row[keep].tolist(),
            self.relaxation.node[keep].tolist(), packed.tolist(),
            self.relaxation.cost[keep].tolist(), parts.tolist(),
            (parts > 0).argmax(axis=1).tolist(), strict=True,
        )  # fmt: skip
        for extra, row, node, pack, cost, part, first in columns:
            entry = (extra, row, node, pack, cost, (row, tuple(part), cost))
            self._entries[first].append(entry)
        self._exact = {}
        if self._limited:
            for entries in self._entries:
                for entry in entries:
                    self._exact.setdefault(entry[3], []).append(entry)

    def _serve(
        self, rest: int, spent: int, value: int, chosen: tuple[_Entry, ...], item: int, row: int
    ) -> None:
        """Serve the first item left by one more shipment, or leave it short."""
        if rest == 0:
            self._finish(value, chosen)
            return
        self.nodes_left -= 1
        if self.nodes_left < 0:
            return
        first = self.packing.item_at[(rest & -rest).bit_length() - 1]
        floor = row if first == item else -1
        if len(chosen) < self.rules.most:
            self._ship(rest, spent, value, chosen, first, floor)
        self._leave_short(rest, spent, value, chosen, first)

    def _ship(
        self, rest: int, spent: int, value: int, chosen: tuple[_Entry, ...], first: int, floor: int
    ) -> None:
        guard = self.packing.guard
        open_rest, tried = rest | guard, 0
        entries = self._entries[first]
        last = self._limited and len(chosen) + 1 == self.rules.most
        if last and not rest & self._shortable:
            entries = self._exact.get(rest, [])  # the last shipment must take all that is left
        for entry in entries:
            if spent + entry[0] > self.slack:
                break
            if entry[1] <= floor or (open_rest - entry[3]) & guard != guard:
                continue
            if chosen and not (self._allowed(chosen, entry) and self._fits(chosen, entry)):
                continue
            self._serve(
                rest - entry[3], spent + entry[0], value + entry[4], (*chosen, entry), first,
                entry[1],
            )  # fmt: skip
            tried += 1
            if tried == self.width or self.nodes_left < 0:
                break

    def _leave_short(
        self, rest: int, spent: int, value: int, chosen: tuple[_Entry, ...], first: int
    ) -> None:
        extra, price = self.prices.short_extra[first], self.relaxation.short[first]
        if extra is None or price is None:
            return
        amount = (rest & self.packing.fields[first]) >> self.packing.shifts[first]
        if spent + extra * amount <= self.slack:
            left = rest & ~self.packing.fields[first]
            self._serve(left, spent + extra * amount, value + price * amount, chosen, -1, -1)

    def _allowed(self, chosen: tuple[_Entry, ...], entry: _Entry) -> bool:
        """Whether the option is unused and its node has the stock for all its shipments."""
        node, total, shared = entry[2], entry[3], False
        for other in chosen:
            if other[2] == node:
                if other[1] == entry[1]:
                    return False
                shared = True
                total += other[3]
        return not shared or self.packing.within(total, self._room(node))

    def _fits(self, chosen: tuple[_Entry, ...], entry: _Entry) -> bool:
        """Whether shared capacities allow these shipments; further ones only take more."""
        fits = self.rules.fits
        return fits is None or fits(tuple(other[5] for other in (*chosen, entry)))

    def _room(self, node: int) -> int:
        if node not in self._stock:
            stock = np.minimum(self.relaxation.stock[node], self.relaxation.counts)
            self._stock[node] = self.packing.pack(tuple(stock.tolist()))
        return self._stock[node]

    def _finish(self, value: int, chosen: tuple[_Entry, ...]) -> None:
        plan = Found(value, tuple(sorted(entry[5] for entry in chosen)))
        if self.rules.better(self.best, plan):
            self.best = plan
            self.slack = min(self.slack, value - self.prices.bound)
