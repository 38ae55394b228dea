"""Every (option, part) of a large order as one sparse column.

An option that has only some of the items has few parts, whatever the size of the order: its own
small lattice. Columns of all options are priced together, by the rules that `table` applies to
whole lattices.
"""

from functools import lru_cache
from typing import Final

import msgspec
import numpy as np

from entrepot.routing.engine.asking import Question
from entrepot.routing.engine.lattice import FAR
from entrepot.routing.engine.network import Bools, Ints

MAX_COLUMNS: Final = 400_000
"""More columns than this are not listed; `filling` answers such an order."""


class Columns(msgspec.Struct, frozen=True, eq=False):
    """M columns. `row`: place among the eligible options; `part`: [M, D] pieces; `cost`: money
    times radix plus one."""

    row: Ints
    part: Ints
    cost: Ints


@lru_cache(maxsize=4096)
def _parts(counts: tuple[int, ...]) -> Ints:
    """All vectors up to `counts` but the empty one: [P, len(counts)]."""
    axes = np.indices([count + 1 for count in counts], dtype=np.int64)
    return axes.reshape(len(counts), -1).T[1:].copy()


def columns_for(question: Question) -> Columns | None:
    """The columns of an order: rules 2, 4, 5 and 6 of the format. None: they are too many."""
    can = question.demand.can
    if np.prod(can.astype(np.float64) + 1.0, axis=1).sum() > MAX_COLUMNS:
        return None
    alike: dict[bytes, list[int]] = {}
    for row in np.nonzero(can.any(axis=1))[0].tolist():
        alike.setdefault(can[row].tobytes(), []).append(row)
    rows, at, parts, start = [], [], [], 0
    for members in alike.values():
        here = _own_parts(can[members[0]])
        rows.append(np.repeat(np.array(members, np.int64), len(here)))
        at.append(np.tile(np.arange(start, start + len(here)), len(members)))
        parts.append(here)
        start += len(here)
    if not rows:
        none = np.zeros(0, np.int64)
        return Columns(none, np.zeros((0, can.shape[1]), np.int64), none)
    place, part = np.concatenate(rows), np.concatenate(parts)[np.concatenate(at)]
    cost, possible = price_columns(question, place, part)
    return Columns(place[possible], part[possible], cost[possible])


def drawn(question: Question, columns: Columns, capacity: int) -> Ints:
    """What each column takes of one capacity: [M]."""
    uses, demand = question.network.uses, question.demand
    option = question.eligible.option[columns.row]
    units, grams = columns.part @ demand.units, columns.part @ demand.grams
    total = np.zeros(len(columns.cost), np.int64)
    for column in range(uses.width):
        need = uses.per_shipment[option, column] + uses.per_unit[option, column] * units
        need += uses.per_g[option, column] * grams
        total += np.where(uses.capacity[option, column] == capacity, need, 0)
    return total


def _own_parts(can: Ints) -> Ints:
    """All parts of one option."""
    places = np.nonzero(can)[0]
    compact = _parts(tuple(can[places].tolist()))
    full = np.zeros((len(compact), len(can)), np.int64)
    full[:, places] = compact
    return full


def price_columns(question: Question, row: Ints, part: Ints) -> tuple[Ints, Bools]:
    """Values of columns [M] (money times radix, plus one), and whether they are possible."""
    network, eligible, demand = question.network, question.eligible, question.demand
    option = eligible.option[row]
    handling = (part * demand.handling[row]).sum(axis=1)
    grams = part @ demand.grams
    ladder = network.ladders[eligible.ladder[row]]
    heavy = np.maximum(grams, (part * demand.dim_grams[ladder[:, 0]]).sum(axis=1))
    steps = -(-np.maximum(heavy - ladder[:, 1], 0) // ladder[:, 2])
    money = eligible.base[row] + handling + steps * eligible.step_price[row]
    possible = heavy <= network.max_g[option]
    units = part @ demand.units
    possible &= units > 0
    uses = network.uses
    for column in range(uses.width):
        capacity = uses.capacity[option, column]
        left = np.where(capacity >= 0, question.left.capacity[capacity], FAR)
        need = uses.per_shipment[option, column] + uses.per_unit[option, column] * units
        possible &= need + uses.per_g[option, column] * grams <= left
    return money * question.radix + (question.radix > 1), possible
