"""Branch and bound over columns under the least cost of every rest: a large order closed.

Like `descending`, but a branch ends when the columns chosen and the rest they leave cost more
than the slack above the prices. All columns of a state are looked at together.
"""

import msgspec
import numpy as np

from entrepot.routing.engine.descending import Packing, packing_for
from entrepot.routing.engine.network import Ints
from entrepot.routing.engine.plans import Found, Picked, PlanRules
from entrepot.routing.engine.pricing import Prices, Relaxation
from entrepot.routing.engine.resting import Rests


class _Entries(msgspec.Struct, frozen=True, eq=False):
    """The columns that begin with one item, cheapest above the prices first."""

    column: Ints
    extra: Ints
    pack: Ints
    number: Ints


_Shipment = tuple[int, int, int, Picked]
"""Row, node, packed part and what the plan will hold."""
_Chosen = tuple[_Shipment, ...]


class Closing:
    """All plans within a slack above the prices. `nodes_left`: states that may be expanded."""

    def __init__(
        self,
        relaxation: Relaxation,
        prices: Prices,
        rules: PlanRules,
        rests: Rests,
        best: Found | None,
    ) -> None:
        self.relaxation, self.prices, self.rules, self.rests = relaxation, prices, rules, rests
        self.best = best
        self.nodes_left = 0
        self.slack = 0
        self.packing: Packing = packing_for(rests.counts)
        self._stock: dict[int, int] = {}
        self._entries: list[_Entries] = []

    @property
    def least(self) -> int:
        """What the whole order costs at least above the prices."""
        return int(self.rests.least[-1])

    @property
    def hopeless(self) -> bool:
        """Whether no plan at all lies within the slack of the rests."""
        fewest = self.rests.fewest
        if fewest is not None and int(fewest[-1]) > self.rules.most:
            return True
        return self.least > self.rests.slack

    def run(self, slack: int, nodes: int) -> bool:
        """Look at all plans within the slack; False when the budget of states ended first."""
        if self.best is not None:
            slack = min(slack, self.best.value - self.prices.bound)
        self.slack, self.nodes_left = slack, nodes
        self._collect(slack)
        if self.least <= slack:
            everything = self.packing.pack(self.rests.counts)
            self._serve(len(self.rests.least) - 1, everything, 0, 0, (), -1, -1)
        return self.nodes_left >= 0

    def _collect(self, slack: int) -> None:
        relaxation, rests = self.relaxation, self.rests
        order = list(rests.order)
        number = relaxation.part[:, order] @ np.array(rests.strides)
        keep = np.nonzero(self.prices.extra + rests.least[::-1][number] <= slack)[0]
        keep = keep[np.argsort(self.prices.extra[keep], kind="stable")]
        parts = relaxation.part[keep][:, order]
        pack = parts @ np.array([1 << shift for shift in self.packing.shifts])
        first = (parts > 0).argmax(axis=1)
        self._entries = []
        for item in range(len(order)):
            mine = np.nonzero(first == item)[0]
            at = keep[mine]
            self._entries.append(_Entries(at, self.prices.extra[at], pack[mine], number[at]))

    def _serve(
        self, number: int, pack: int, spent: int, value: int, chosen: _Chosen, item: int, row: int
    ) -> None:
        """Serve the first item left by one more shipment, or leave it short."""
        if number == 0:
            self._finish(value, chosen)
            return
        self.nodes_left -= 1
        if self.nodes_left < 0:
            return
        first = next(d for d, stride in enumerate(self.rests.strides) if number >= stride)
        if len(chosen) < self.rules.most:
            self._ship(first, number, pack, spent, value, chosen, row if item == first else -1)
        self._leave_short(first, number, pack, spent, value, chosen)

    def _ship(
        self,
        first: int,
        number: int,
        pack: int,
        spent: int,
        value: int,
        chosen: _Chosen,
        floor: int,
    ) -> None:
        entries, guard = self._entries[first], self.packing.guard
        allowance = self.slack - spent
        end = int(np.searchsorted(entries.extra, allowance, "right"))
        at = np.nonzero(((pack | guard) - entries.pack[:end]) & guard == guard)[0]
        total = entries.extra[at] + self.rests.least[number - entries.number[at]]
        within = total <= allowance
        if self.rests.fewest is not None:
            shipments_left = self.rules.most - len(chosen) - 1
            within &= self.rests.fewest[number - entries.number[at]] <= shipments_left
        good = np.nonzero(within)[0]
        good = good[np.argsort(total[good], kind="stable")]
        for i, worth in zip(at[good].tolist(), total[good].tolist(), strict=True):
            if spent + worth > self.slack or self.nodes_left < 0:
                break
            shipment = self._shipment(int(entries.column[i]), int(entries.pack[i]))
            if shipment[0] <= floor or not self._allowed(chosen, shipment):
                continue
            self._serve(
                number - int(entries.number[i]), pack - shipment[2],
                spent + int(entries.extra[i]), value + shipment[3][2], (*chosen, shipment),
                first, shipment[0],
            )  # fmt: skip

    def _shipment(self, column: int, pack: int) -> _Shipment:
        relaxation = self.relaxation
        row, part = int(relaxation.row[column]), tuple(relaxation.part[column].tolist())
        picked = (row, part, int(relaxation.cost[column]))
        return row, int(relaxation.node[column]), pack, picked

    def _leave_short(
        self, first: int, number: int, pack: int, spent: int, value: int, chosen: _Chosen
    ) -> None:
        item = self.rests.order[first]
        extra, price = self.prices.short_extra[item], self.relaxation.short[item]
        if extra is None or price is None:
            return
        amount = number // self.rests.strides[first]
        rest = number - amount * self.rests.strides[first]
        spent += extra * amount
        if spent + int(self.rests.least[rest]) <= self.slack:
            left = pack & ~self.packing.fields[first]
            self._serve(rest, left, spent, value + price * amount, chosen, -1, -1)

    def _allowed(self, chosen: _Chosen, shipment: _Shipment) -> bool:
        """Whether the option is unused, its node has the stock for all, capacities the room."""
        row, node, total, _ = shipment
        same = [other for other in chosen if other[1] == node]
        if any(other[0] == row for other in same):
            return False
        total += sum(other[2] for other in same)
        if same and not self.packing.within(total, self._room(node)):
            return False
        fits = self.rules.fits
        return fits is None or fits(tuple(other[3] for other in (*chosen, shipment)))

    def _room(self, node: int) -> int:
        if node not in self._stock:
            stock = np.minimum(self.relaxation.stock[node], self.relaxation.counts)
            self._stock[node] = self.packing.pack(tuple(stock[list(self.rests.order)].tolist()))
        return self._stock[node]

    def _finish(self, value: int, chosen: _Chosen) -> None:
        plan = Found(value, tuple(sorted(shipment[3] for shipment in chosen)))
        if self.rules.better(self.best, plan):
            self.best = plan
            self.slack = min(self.slack, value - self.prices.bound)
