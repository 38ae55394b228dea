"""Orders of very many units: a plan by filling options one after the other, and a simple bound.

Their parts are too many to list. The option that carries its fill of the rest at the least money
per piece goes first. Such orders are answered `bounded`.
"""

import numpy as np

from entrepot.routing.engine.asking import Question
from entrepot.routing.engine.columns import price_columns
from entrepot.routing.engine.lattice import FAR
from entrepot.routing.engine.network import Ints
from entrepot.routing.engine.plans import Found, Picked, rules_of


def fill(question: Question) -> Found | None:
    """A plan, or None when filling finds no allowed one."""
    demand = question.demand
    rows = np.nonzero(demand.can.any(axis=1))[0]
    node = question.eligible.node[rows]
    rest = np.array([item.count for item in demand.items], np.int64)
    stock = demand.node_can.copy()
    free = np.ones(len(rows), np.bool_)
    chosen: list[Picked] = []
    while rest.any() and free.any() and len(chosen) < question.most:
        part = np.minimum(np.minimum(demand.can[rows], rest), stock[node])
        part, cost = _shrunk(question, rows, part)
        pieces = part.sum(axis=1)
        able = np.nonzero(free & (pieces > 0))[0]
        if not len(able):
            break
        at = int(able[(cost[able] / pieces[able]).argmin()])
        chosen.append((int(rows[at]), tuple(part[at].tolist()), int(cost[at])))
        rest = rest - part[at]
        stock[node[at]] -= part[at]
        free[at] = False
    value = sum(cost for _, _, cost in chosen)
    for left, item in zip(rest.tolist(), demand.items, strict=True):
        if left and item.short is None:
            return None
        value += left * (item.short or 0) * question.radix
    plan = Found(value, tuple(sorted(chosen)))
    return plan if rules_of(question).better(None, plan) else None


def _shrunk(question: Question, rows: Ints, part: Ints) -> tuple[Ints, Ints]:
    """Parts halved until weight and capacity allow them, and their values; empty: none does."""
    part = part.copy()
    while True:
        cost, possible = price_columns(question, rows, part)
        over = ~possible & part.any(axis=1)
        if not over.any():
            return part, cost
        part[over] //= 2


def floor(question: Question) -> int:
    """A bound that needs no list of parts: every piece at its cheapest handling or short.

    When something must ship, the cheapest shipment comes on top.
    """
    demand = question.demand
    must_ship = any(item.short is None for item in demand.items)
    rows = demand.can.any(axis=1)
    cheapest = int(question.eligible.base[rows].min(initial=FAR)) if rows.any() else 0
    total = cheapest * question.radix if must_ship else 0
    for d, item in enumerate(demand.items):
        able = demand.can[:, d] > 0
        prices = [int(demand.handling[able, d].min(initial=FAR)) * question.radix]
        prices += [] if item.short is None else [item.short * question.radix]
        total += item.count * min(prices)
    return total


def unfillable(question: Question) -> bool:
    """Whether some item must ship and all stock that may be used together does not suffice."""
    demand = question.demand
    for d, item in enumerate(demand.items):
        nodes = np.unique(question.eligible.node[demand.can[:, d] > 0])
        if item.short is None and int(demand.node_can[nodes, d].sum()) < item.count:
            return True
    return False
