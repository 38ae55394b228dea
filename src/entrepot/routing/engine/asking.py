"""An order made ready: its options, its items and what is left for it."""

from typing import Final

import msgspec

from entrepot.routing.engine.format import Order
from entrepot.routing.engine.items import Demand, demand_of
from entrepot.routing.engine.network import Ints, Network
from entrepot.routing.engine.resolving import Eligible, resolve

MAX_RADIX: Final = 500
"""From so many shipments on they are not counted among equals: the sums must fit 64 bits."""


class Left(msgspec.Struct, frozen=True, eq=False):
    """What earlier orders have left: units per node of touched SKUs, and capacities."""

    usable: dict[str, Ints]
    capacity: Ints


class Question(msgspec.Struct, frozen=True, eq=False):
    """One order made ready for bounding and searching."""

    network: Network
    order: Order
    eligible: Eligible
    demand: Demand
    left: Left
    most: int
    radix: int


def untouched(network: Network) -> Left:
    """Everything still there."""
    return Left({}, network.capacity_left)


def ask(network: Network, order: Order, left: Left) -> Question:
    """Resolve options and items of an order."""
    eligible = resolve(network, order)
    demand = demand_of(network, order, eligible, left.usable)
    pieces = sum(item.count for item in demand.items)
    most = pieces if order.max_shipments is None else min(order.max_shipments, pieces)
    radix = most + 1 if most < MAX_RADIX else 1
    return Question(network, order, eligible, demand, left, most, radix)
