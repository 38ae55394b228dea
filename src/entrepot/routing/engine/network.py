"""The network as arrays: nodes and options in canonical order, ready for many orders.

Options are sorted by (node, service), nodes by id, so that no permutation of the input can
change a result. Nothing here depends on an order; what depends on a SKU, a tag set or a region
is looked up once and kept.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from entrepot.routing.engine.format import Node, Problem, Service, Use

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
NEVER: Final = 2**40
"""A minute that never comes; pads the table of departures."""


class Uses:
    """Capacity rows of every option, padded to the longest list: [options, rows]."""

    def __init__(self, lists: list[list[Use]], capacity_index: dict[str, int]) -> None:
        width = max((len(uses) for uses in lists), default=0)
        shape = (len(lists), width)
        self.capacity: Ints = np.full(shape, -1, np.int64)
        self.per_shipment: Ints = np.zeros(shape, np.int64)
        self.per_unit: Ints = np.zeros(shape, np.int64)
        self.per_g: Ints = np.zeros(shape, np.int64)
        for row, uses in enumerate(lists):
            for column, use in enumerate(uses):
                self.capacity[row, column] = capacity_index[use.capacity]
                self.per_shipment[row, column] = use.per_shipment
                self.per_unit[row, column] = use.per_unit
                self.per_g[row, column] = use.per_g
        self.width = width


class Network:
    """Nodes and services of one problem as arrays. Shapes: N nodes, O options, 6 zones."""

    def __init__(self, problem: Problem) -> None:
        self.now = problem.now
        self.zone_km = tuple(problem.zone_km)
        self.nodes: list[Node] = sorted(problem.nodes, key=lambda node: node.id)
        self.node_index = {node.id: i for i, node in enumerate(self.nodes)}
        self.services: list[Service] = sorted(problem.services, key=lambda s: (s.node, s.id))
        self.option_index = {(s.node, s.id): i for i, s in enumerate(self.services)}
        self.node_of: Ints = np.array([self.node_index[s.node] for s in self.services], np.int64)
        self._place()
        self._prices()
        self._departures()
        self._capacities(problem)
        self._stock: dict[str, tuple[Ints, Ints]] = {}
        self._accepting: dict[tuple[str, ...], Bools] = {}
        self._blocking: dict[str, Bools] = {}

    def _place(self) -> None:
        self.lat = np.radians(np.array([node.lat for node in self.nodes], np.float64))
        self.lon = np.radians(np.array([node.lon for node in self.nodes], np.float64))
        self.cos_lat = np.cos(self.lat)

    def _prices(self) -> None:
        nodes = self.nodes
        self.per_shipment: Ints = np.array([n.fix + n.penalty for n in nodes], np.int64)
        self.per_unit: Ints = np.array([n.unit for n in nodes], np.int64)
        self.cod: Bools = np.array([s.cod for s in self.services], np.bool_)
        self.max_g: Ints = np.array([s.max_g for s in self.services], np.int64)
        self.divisors: list[int] = sorted({s.divisor for s in self.services})
        place = {divisor: i for i, divisor in enumerate(self.divisors)}
        self.divisor_of: Ints = np.array([place[s.divisor] for s in self.services], np.int64)
        rates = np.zeros((len(self.services), 6, 5), np.int64)
        self.served: Bools = np.zeros((len(self.services), 6), np.bool_)
        for i, service in enumerate(self.services):
            for zone, rate in enumerate(service.rates):
                if rate is not None:
                    self.served[i, zone] = True
                    rates[i, zone] = (
                        rate.first_g, rate.first_price, rate.step_g, rate.step_price,
                        rate.transit_min,
                    )  # fmt: skip
        self.rates: Ints = rates
        self._ladders()

    def _ladders(self) -> None:
        """Number the distinct (divisor, first_g, step_g): weight steps are counted once each."""
        numbers: dict[tuple[int, int, int], int] = {}
        self.ladder_of: Ints = np.zeros(self.served.shape, np.int64)
        for i, service in enumerate(self.services):
            for zone, rate in enumerate(service.rates):
                if rate is not None:
                    key = (int(self.divisor_of[i]), rate.first_g, rate.step_g)
                    self.ladder_of[i, zone] = numbers.setdefault(key, len(numbers))
        self.ladders: Ints = np.array(list(numbers) or [(0, 0, 1)], np.int64)

    def _departures(self) -> None:
        longest = max((len(s.departures) for s in self.services), default=0) + 1
        shape = (len(self.services), longest)
        self.catch_by: Ints = np.full(shape, NEVER, np.int64)
        self.leaves: Ints = np.full(shape, NEVER, np.int64)
        for i, service in enumerate(self.services):
            for j, departure in enumerate(service.departures):
                self.catch_by[i, j] = departure.catch_by
                self.leaves[i, j] = departure.leaves + departure.extra_transit

    def _capacities(self, problem: Problem) -> None:
        """Named capacities first, then one counted in units for each node with `cap_units`."""
        named = sorted(problem.capacities, key=lambda capacity: capacity.id)
        self.capacity_names = [capacity.id for capacity in named]
        left = [capacity.left for capacity in named]
        own: dict[int, int] = {}
        for i, node in enumerate(self.nodes):
            if node.cap_units is not None:
                own[i] = len(left)
                left.append(node.cap_units)
                self.capacity_names.append(f"\0units at {node.id}")
        self.capacity_left: Ints = np.array(left, np.int64)
        names = {name: i for i, name in enumerate(self.capacity_names)}
        self.uses = Uses([self._uses_of(s, own) for s in self.services], names)

    def _uses_of(self, service: Service, own: dict[int, int]) -> list[Use]:
        """What one shipment of this service draws on, one row per capacity."""
        node = self.node_index[service.node]
        merged: dict[str, Use] = {}
        for use in [*self.nodes[node].uses, *service.uses]:
            so_far = merged.get(use.capacity, Use(use.capacity, 0, 0, 0))
            merged[use.capacity] = Use(
                use.capacity,
                so_far.per_shipment + use.per_shipment,
                so_far.per_unit + use.per_unit,
                so_far.per_g + use.per_g,
            )
        rows = list(merged.values())
        if node in own:
            rows.append(Use(self.capacity_names[own[node]], 0, 1, 0))
        return rows

    def stock(self, sku: str) -> tuple[Ints, Ints]:
        """Usable units and shadow price of a SKU at every node: two arrays of N."""
        found = self._stock.get(sku)
        if found is None:
            rows = [node.stock.get(sku) for node in self.nodes]
            usable = np.array([row.usable if row else 0 for row in rows], np.int64)
            shadow = np.array([row.shadow if row else 0 for row in rows], np.int64)
            found = self._stock[sku] = (usable, shadow)
        return found

    def accepting(self, tags: tuple[str, ...]) -> Bools:
        """Which options (node and service alike) accept all of `tags`: an array of O."""
        found = self._accepting.get(tags)
        if found is None:
            wanted = set(tags)
            at = [wanted.issubset(node.tags) for node in self.nodes]
            by = [
                at[node] and wanted.issubset(service.tags)
                for node, service in zip(self.node_of.tolist(), self.services, strict=True)
            ]
            found = self._accepting[tags] = np.array(by, np.bool_)
        return found

    def blocking(self, region: str) -> Bools:
        """Which nodes must not serve `region`: an array of N."""
        found = self._blocking.get(region)
        if found is None:
            blocked = [region in node.regions_blocked for node in self.nodes]
            found = self._blocking[region] = np.array(blocked, np.bool_)
        return found
