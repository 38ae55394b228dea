"""True lower bounds for every rest of an order, by dynamic programming over the lattice.

The pool takes the cheapest option for each part and lets parts be combined freely. It forgets
only that two shipments of one node share its stock and that an option is used once, so it never
says too much. Where that forgetting matters, the node becomes a *stage*: its options are
combined among themselves within its stock first, and the pool does without them.
"""

import msgspec
import numpy as np

from entrepot.routing.engine.lattice import FAR, Lattice
from entrepot.routing.engine.network import Ints


class Stage(msgspec.Struct, frozen=True, eq=False):
    """One node on its own: `best[s]` the cheapest way to take s from it within its stock.

    `tails[j]` does the same with its rows j and later only, stock aside.
    """

    node: int
    rows: tuple[int, ...]
    best: Ints
    tails: tuple[Ints, ...]


class Bounds(msgspec.Struct, frozen=True, eq=False):
    """`pool[k]`: what a state costs at least in k more pool shipments (the last: in any number).

    `after[i]`: what a state costs at least with stages i and later and then the pool.
    """

    pool: tuple[Ints, ...]
    stages: tuple[Stage, ...]
    after: tuple[Ints, ...]

    def rest(self, shipments_left: int) -> Ints:
        """The pool's bound with so many shipments left."""
        return self.pool[min(shipments_left, len(self.pool) - 1)]


def nothing(lattice: Lattice) -> Ints:
    """Shipping nothing: free for the empty state, impossible for all others."""
    empty = np.full(lattice.size, FAR, np.int64)
    empty[0] = 0
    return empty


def pool_bounds(
    lattice: Lattice, cheapest: Ints, shorts: tuple[int | None, ...], most: int | None
) -> tuple[Ints, ...]:
    """Bounds by shipments left; with no limit that binds only the last, stable one is kept."""
    units = sum(lattice.counts)
    start = nothing(lattice)
    one = np.minimum(cheapest, start)
    if most is not None and most < units:
        steps = [lattice.with_shorts(start, shorts)]
        for _ in range(most):
            further = lattice.combine(one, steps[-1])
            steps.append(further)
        return tuple(steps)
    best = lattice.with_shorts(one, shorts)
    parts = 1
    while parts < units:
        further = lattice.combine(best, best)
        parts *= 2
        if np.array_equal(further, best):
            break
        best = further
    return (best,)


def stage_for(lattice: Lattice, node: int, rows: tuple[int, ...], cost: Ints, stock: Ints) -> Stage:
    """The node's own optimum: each of its rows at most once, all within `stock` pieces."""
    start = nothing(lattice)
    tails = [start]
    for row in reversed(rows):
        tails.append(lattice.combine(np.minimum(cost[row], start), tails[-1]))
    tails.reverse()
    best = tails[0].copy()
    best[(lattice.vectors > stock).any(axis=1)] = FAR
    return Stage(node, rows, best, tuple(tails))


def staged_bounds(
    lattice: Lattice,
    cost: Ints,
    shorts: tuple[int | None, ...],
    most: int | None,
    stages: tuple[Stage, ...],
) -> Bounds:
    """Bounds with these nodes as stages and all other rows in the pool."""
    free = np.ones(len(cost), np.bool_)
    for stage in stages:
        free[list(stage.rows)] = False
    cheapest = (cost[free] if stages else cost).min(axis=0, initial=FAR)
    pool = pool_bounds(lattice, cheapest, shorts, most)
    after = [pool[-1]]
    for stage in reversed(stages):
        after.append(lattice.combine(stage.best, after[-1]))
    after.reverse()
    return Bounds(pool, stages, tuple(after))
