"""Branch and bound over shipments: the cheapest plan that breaks no rule, ties decided.

A plan is a set of (row, part). It is built by always serving the first item that is left, with
rows ascending while that item stays the same, so that every plan is met once. A branch ends
when its cost and the bound of the rest exceed the best plan known; equal ones are kept, for the
tie is decided by rows and then by quantities in SKU order.
"""

from collections import defaultdict
from collections.abc import Iterator

import msgspec
import numpy as np

from entrepot.routing.engine.bounding import Bounds
from entrepot.routing.engine.lattice import Lattice
from entrepot.routing.engine.network import Ints
from entrepot.routing.engine.plans import Found, Picked, PlanRules

_Chosen = tuple[tuple[int, int], ...]
"""Shipments as (row of the table, number of the part)."""


class Instance(msgspec.Struct, frozen=True, eq=False):
    """What the search needs to know of an order. Shapes: O rows, S states, D items.

    `rows` are the table's rows among the eligible options, `stock` [N, D] pieces per node.
    """

    lattice: Lattice
    cost: Ints
    rows: tuple[int, ...]
    nodes: tuple[int, ...]
    stock: Ints
    shorts: tuple[int | None, ...]
    most: int
    rules: PlanRules


class Search:
    """One search under one set of bounds. `nodes_left` is the budget in expanded states."""

    def __init__(self, instance: Instance, bounds: Bounds, limit: int, nodes_left: int) -> None:
        self.instance = instance
        self.bounds = bounds
        self.limit = limit
        self.nodes_left = nodes_left
        self.best: Found | None = None
        self.crowded: set[int] = set()
        self._packing()
        self._columns()

    @property
    def complete(self) -> bool:
        """Whether every plan up to the limit has been looked at."""
        return self.nodes_left >= 0

    def run(self) -> Found | None:
        """The best plan within the limit (None: there is none, or the budget ended)."""
        lattice = self.instance.lattice
        if int(self.bounds.after[0][-1]) <= self.limit:
            self._stage(0, lattice.size - 1, self._packed(lattice.counts), 0, ())
        return self.best

    def _packing(self) -> None:
        """Fields with one guard bit each: one subtraction tells whether a part fits a rest."""
        widths = [count.bit_length() + 1 for count in self.instance.lattice.counts]
        self._shifts = [sum(widths[d + 1 :]) for d in range(len(widths))]
        self._guard = sum(
            1 << (shift + width - 1) for shift, width in zip(self._shifts, widths, strict=True)
        )
        self._field = [
            (1 << (width - 1)) - 1 << shift
            for shift, width in zip(self._shifts, widths, strict=True)
        ]
        self._room: dict[int, int] = {}

    def _packed(self, vector: tuple[int, ...]) -> int:
        return sum(x << shift for x, shift in zip(vector, self._shifts, strict=True))

    def _columns(self) -> None:
        """Keep the (row, part) that can occur in a plan within the limit, by first item."""
        instance, lattice = self.instance, self.instance.lattice
        value = instance.cost + self.bounds.after[0][::-1]
        rows, parts = np.nonzero(value <= self.limit)
        order = np.argsort(value[rows, parts], kind="stable")
        rows, parts = rows[order], parts[order]
        vectors = lattice.vectors[parts]
        first = (vectors > 0).argmax(axis=1).tolist()
        self.count = len(rows)
        staged = {row for stage in self.bounds.stages for row in stage.rows}
        self._by_item: list[list[tuple[int, int, int, int]]] = [[] for _ in lattice.counts]
        self._by_row: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        found = zip(
            rows.tolist(), parts.tolist(), instance.cost[rows, parts].tolist(),
            first, vectors.tolist(), strict=True,
        )  # fmt: skip
        for row, part, cost, item, vector in found:
            pack = self._packed(tuple(vector))
            if row in staged:
                self._by_row[row].append((part, pack, cost))
            else:
                self._by_item[item].append((row, part, pack, cost))

    def _stage(self, i: int, state: int, pack: int, value: int, chosen: _Chosen) -> None:
        """Give the i-th staged node its share of the state, then go on."""
        if i == len(self.bounds.stages):
            self._pool(state, pack, value, chosen, -1, -1)
            return
        stage, after = self.bounds.stages[i], self.bounds.after[i + 1]
        parts, rests = self.instance.lattice.parts(state)
        worth = stage.best[parts] + after[rests]
        for at in np.nonzero(worth <= self.limit - value)[0].tolist():
            share, rest = int(parts[at]), int(rests[at])
            allowance = self.limit - value - int(after[rest])
            for taken, money, packs in self._inside(i, 0, share, allowance):
                further = chosen + taken
                if value + money + int(after[rest]) <= self.limit and self._fits(further):
                    self._stage(i + 1, rest, pack - packs, value + money, further)

    def _inside(
        self, i: int, j: int, share: int, allowance: int
    ) -> Iterator[tuple[_Chosen, int, int]]:
        """All divisions of a node's share among its rows from the j-th on, within a cost."""
        stage = self.bounds.stages[i]
        if share == 0:
            yield (), 0, 0
            return
        if j == len(stage.rows) or int(stage.tails[j][share]) > allowance or not self._spend():
            return
        yield from self._inside(i, j + 1, share, allowance)
        row = stage.rows[j]
        pack_share = self._packed(tuple(self.instance.lattice.vectors[share].tolist()))
        for part, pack, cost in self._by_row[row]:
            fits = ((pack_share | self._guard) - pack) & self._guard == self._guard
            if fits and cost + int(stage.tails[j + 1][share - part]) <= allowance:
                inner = self._inside(i, j + 1, share - part, allowance - cost)
                for taken, money, packs in inner:
                    yield ((row, part), *taken), money + cost, packs + pack

    def _spend(self) -> bool:
        self.nodes_left -= 1
        return self.nodes_left >= 0

    def _pool(
        self, state: int, pack: int, value: int, chosen: _Chosen, item: int, row: int
    ) -> None:
        """Serve the first item left: by one more shipment, or by leaving it short."""
        if state == 0:
            self._finish(value, chosen)
            return
        left = self.instance.most - len(chosen)
        if not self._spend():
            return
        first = next(d for d, field in enumerate(self._field) if pack & field)
        floor = row if first == item else -1
        self._short(first, state, pack, value, chosen, row)
        if left <= 0:
            return
        rest = self.bounds.rest(left - 1)
        for other, part, part_pack, cost in self._by_item[first]:
            if other < floor or ((pack | self._guard) - part_pack) & self._guard != self._guard:
                continue
            if value + cost + int(rest[state - part]) > self.limit:
                continue
            further = (*chosen, (other, part))
            if self._allowed(chosen, other, part_pack) and self._fits(further):
                self._pool(state - part, pack - part_pack, value + cost, further, first, other)

    def _short(
        self, item: int, state: int, pack: int, value: int, chosen: _Chosen, row: int
    ) -> None:
        price = self.instance.shorts[item]
        if price is None:
            return
        amount = (pack & self._field[item]) >> self._shifts[item]
        rest = state - amount * self.instance.lattice.strides[item]
        left = self.bounds.rest(self.instance.most - len(chosen))
        if value + price * amount + int(left[rest]) <= self.limit:
            self._pool(rest, pack & ~self._field[item], value + price * amount, chosen, -1, row)

    def _allowed(self, chosen: _Chosen, row: int, pack: int) -> bool:
        """Whether the row is unused and its node still has the stock; notes crowded nodes."""
        node, total = self.instance.nodes[row], pack
        shared = False
        for other, part in chosen:
            if self.instance.nodes[other] == node:
                shared = True
                if other == row:
                    self.crowded.add(node)
                    return False
                total += self._packed(tuple(self.instance.lattice.vectors[part].tolist()))
        if shared and not self._has_room(node, total):
            self.crowded.add(node)
            return False
        return True

    def _has_room(self, node: int, total: int) -> bool:
        if node not in self._room:
            stock = np.minimum(self.instance.stock[node], self.instance.lattice.counts)
            self._room[node] = self._packed(tuple(stock.tolist())) | self._guard
        return (self._room[node] - total) & self._guard == self._guard

    def _fits(self, chosen: _Chosen) -> bool:
        """Whether shared capacities allow these shipments; further ones only take more."""
        fits = self.instance.rules.fits
        return fits is None or fits(self._picked(chosen))

    def _picked(self, chosen: _Chosen) -> tuple[Picked, ...]:
        instance = self.instance
        return tuple(
            (
                instance.rows[row],
                tuple(instance.lattice.vectors[part].tolist()),
                int(instance.cost[row, part]),
            )
            for row, part in sorted(chosen)
        )

    def _finish(self, value: int, chosen: _Chosen) -> None:
        """Keep a complete plan if it is better, or equal and earlier in the canonical order."""
        plan = Found(value, self._picked(chosen))
        if self.instance.rules.better(self.best, plan):
            self.best = plan
            self.limit = value
