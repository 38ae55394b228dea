"""From order lines to items: what may be divided becomes a countable item, what must stay
together becomes an item that exists once.

A line that may be split is an item of `qty` units; a line that may not, a kit (`group`) or a
whole ship-complete order is one item of one unit. A plan is then a division of item counts
among options, and rules 7 and 8 of the format need no further checks.
"""

import msgspec
import numpy as np

from entrepot.routing.engine.format import Line, Order
from entrepot.routing.engine.network import Bools, Ints, Network
from entrepot.routing.engine.resolving import Eligible


class Item(msgspec.Struct, frozen=True):
    """`count` equal pieces, each made of `each` units of these lines (places in the order)."""

    count: int
    lines: tuple[int, ...]
    each: tuple[int, ...]
    short: int | None


class Demand(msgspec.Struct, frozen=True, eq=False):
    """An order's items against its eligible options. Shapes: O options, N nodes, D items.

    `handling`: money per piece; `can`: pieces an option could take alone; `node_can`: pieces a
    node's stock could give to all its options together; `grams` and `dim_grams` per piece,
    the latter per divisor of the network.
    """

    items: tuple[Item, ...]
    handling: Ints
    can: Ints
    node_can: Ints
    grams: Ints
    dim_grams: Ints
    units: Ints


def items_of(order: Order) -> tuple[Item, ...]:
    """The items of an order, by SKU (a kit by its first SKU)."""
    places = sorted(range(len(order.lines)), key=lambda i: order.lines[i].sku)
    if order.ship_complete:
        return (_together(order.lines, places),)
    kits: dict[str, list[int]] = {}
    for i in places:
        group = order.lines[i].group
        if group is not None:
            kits.setdefault(group, []).append(i)
    made: list[Item] = []
    for i in places:
        line = order.lines[i]
        if line.group is not None:
            if kits[line.group][0] == i:
                made.append(_together(order.lines, kits[line.group]))
        elif order.split_lines:
            made.append(Item(line.qty, (i,), (1,), line.short))
        else:
            made.append(_together(order.lines, [i]))
    return tuple(made)


def _together(lines: list[Line], places: list[int]) -> Item:
    shorts = [lines[i].short for i in places]
    cost = sum((short or 0) * lines[i].qty for short, i in zip(shorts, places, strict=True))
    short = None if None in shorts else cost
    return Item(1, tuple(places), tuple(lines[i].qty for i in places), short)


def demand_of(
    network: Network, order: Order, eligible: Eligible, usable: dict[str, Ints] | None = None
) -> Demand:
    """The demand of `order`; `usable` overrides a SKU's units per node (stock already taken)."""
    items = items_of(order)
    handling, node_can, can = [], [], []
    for item in items:
        money = np.zeros(len(network.nodes), np.int64)
        pieces: Ints = np.full(len(network.nodes), item.count, np.int64)
        accepted: Bools | None = None
        for i, each in zip(item.lines, item.each, strict=True):
            line = order.lines[i]
            left, shadow = network.stock(line.sku)
            if usable is not None:
                left = usable.get(line.sku, left)
            pieces = np.minimum(pieces, left if each == 1 else left // each)
            money += (shadow + network.per_unit) * each
            if line.tags:
                fits = network.accepting(tuple(sorted(set(line.tags))))
                accepted = fits if accepted is None else accepted & fits
        taken = pieces[eligible.node]
        can.append(taken if accepted is None else taken * accepted[eligible.option])
        handling.append(money[eligible.node])
        node_can.append(pieces)
    grams = [_weigh(order.lines, item) for item in items]
    volumes = [
        [_volume(order.lines, item, divisor) for item in items] for divisor in network.divisors
    ]
    units = [sum(item.each) for item in items]
    return Demand(
        items,
        np.array(handling, np.int64).T,
        np.array(can, np.int64).T,
        np.array(node_can, np.int64).T,
        np.array(grams, np.int64),
        np.array(volumes, np.int64).reshape(len(network.divisors), len(items)),
        np.array(units, np.int64),
    )


def _weigh(lines: list[Line], item: Item) -> int:
    return sum(each * lines[i].g for i, each in zip(item.lines, item.each, strict=True))


def _volume(lines: list[Line], item: Item, divisor: int) -> int:
    """Dimensional grams of one piece: ceil(cm3 * 1000 / divisor) for each unit in it."""
    return sum(
        each * -(-lines[i].cm3 * 1000 // divisor)
        for i, each in zip(item.lines, item.each, strict=True)
    )
