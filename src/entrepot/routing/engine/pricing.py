"""Prices per piece: a lower bound for orders whose parts are too many to combine pair by pair.

The bound is the linear relaxation of "choose columns that add up to the order", solved by the
revised simplex method with one row per item. Where its solution uses a node's stock twice, an
option twice or too many shipments, that rule becomes a row of its own and the relaxation is
solved again. The duals are rounded to whole numbers and repaired exactly, so that no bound ever
rests on a float: every column's cost is at least the prices of its pieces.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from entrepot.routing.engine.network import Ints

Floats = NDArray[np.float64]
_TOLERANCE: Final = 0.25
"""Reduced costs above minus this count as none; costs are whole numbers."""
_PIVOT: Final = 1e-9
_ROUNDS: Final = 12
"""How often rules may be added."""
_FINEST: Final = 2**20
"""A rule's coefficients stay below this."""
_HIGHEST: Final = 2**60
"""Sums of prices stay below this, whatever the floats said."""


class Relaxation(msgspec.Struct, frozen=True, eq=False):
    """What is relaxed. M columns with `part` [M, D] pieces at `cost`; the order's `counts`.

    `short[d]`: price of leaving a piece short (None: may not). `node`, `row`: of each column.
    `stock` [N, D] pieces; `most` shipments (None: any number); `drawn` [C, M] of what `room` [C]
    is left of shared capacities.
    """

    part: Ints
    cost: Ints
    counts: tuple[int, ...]
    short: tuple[int | None, ...]
    node: Ints
    row: Ints
    stock: Ints
    most: int | None
    drawn: Ints
    room: Ints


class Prices(msgspec.Struct, frozen=True, eq=False):
    """A proven `bound` of the order, what each column and each short piece cost above it."""

    bound: int
    extra: Ints
    short_extra: tuple[int | None, ...]
    steps: int


class _Rules(msgspec.Struct, frozen=True, eq=False):
    """Rows "at most": coefficients [M, R] and limits [R]."""

    coefficients: Floats
    limits: Floats
    names: frozenset[tuple[int, int]]


def prices_for(relaxation: Relaxation) -> Prices:
    """Solve the relaxation, adding the rules its solutions break; exact bound of what remains."""
    columns = relaxation.part.astype(np.float64)
    money = relaxation.cost.astype(np.float64)
    beyond = 100.0 * sum(relaxation.counts) * max(1.0, float(np.abs(money).max(initial=1.0)))
    rules, steps = _first_rules(relaxation), 0
    shorts = np.array([beyond if p is None else float(p) for p in relaxation.short])
    for _ in range(_ROUNDS):
        duals, used, level, taken = _simplex(columns, money, relaxation.counts, rules, shorts)
        steps += taken
        further = _broken(relaxation, rules, used, level)
        if further is None:
            break
        rules = further
    return _exact(relaxation, duals, rules, steps)


def _first_rules(relaxation: Relaxation) -> _Rules:
    columns = len(relaxation.cost)
    if relaxation.most is None or relaxation.most >= sum(relaxation.counts):
        return _Rules(np.zeros((columns, 0)), np.zeros(0), frozenset())
    limit = np.array([float(relaxation.most)])
    return _Rules(np.ones((columns, 1)), limit, frozenset({(-1, -1)}))


def _broken(relaxation: Relaxation, rules: _Rules, used: Ints, level: Floats) -> _Rules | None:
    """The rules with those added that the solution breaks: stock of a node, an option once."""
    rows, limits, names = [], [], set(rules.names)
    node = relaxation.node[used]
    for here in np.unique(node).tolist():
        mine = node == here
        need = level[mine] @ relaxation.part[used[mine]]
        for item in np.nonzero(need > relaxation.stock[here] + 1e-6)[0].tolist():
            if (here, item) not in names:
                names.add((here, item))
                rows.append(np.where(relaxation.node == here, relaxation.part[:, item], 0))
                limits.append(float(relaxation.stock[here, item]))
    row = relaxation.row[used]
    for option in np.unique(row).tolist():
        if level[row == option].sum() > 1 + 1e-6 and (-2, option) not in names:
            names.add((-2, option))
            rows.append((relaxation.row == option).astype(np.int64))
            limits.append(1.0)
    for at, drawn in enumerate(relaxation.drawn):
        room = int(relaxation.room[at])
        for divisor in _divisors(drawn, used):
            parts, limit = drawn // divisor, room // divisor
            name = (-3 - at, divisor)
            if level @ parts[used] > limit + 1e-6 and name not in names:
                names.add(name)
                rows.append(parts)
                limits.append(float(limit))
    if not rows:
        return None
    added = np.array(rows, np.float64).T
    return _Rules(
        np.hstack([rules.coefficients, added]),
        np.concatenate([rules.limits, np.array(limits)]),
        frozenset(names),
    )


def _divisors(drawn: Ints, used: Ints) -> list[int]:
    """What a capacity may be counted in: every share rounded down, the limit is too.

    In its own units, unless they are too fine for exact sums, and in each amount that is drawn.
    """
    finest = 1 + int(drawn.max(initial=0)) // _FINEST
    return sorted({finest, *(int(x) for x in drawn[used] if x > finest)})


def _simplex(
    columns: Floats, money: Floats, counts: tuple[int, ...], rules: _Rules, shorts: Floats
) -> tuple[Floats, Ints, Floats, int]:
    """Duals, columns used with their levels, and steps. Starts with all pieces short."""
    items, extra = len(counts), len(rules.limits)
    size = items + extra
    full = np.hstack([columns, rules.coefficients]) if extra else columns
    inverse = np.eye(size)
    basic = np.full(size, -1, np.int64)
    basic_cost = np.concatenate([shorts, np.zeros(extra)])
    start_cost = basic_cost.copy()
    level = np.concatenate([np.array(counts, np.float64), rules.limits])
    duals = basic_cost.copy()
    steps = 0
    for _ in range(40 * size):
        reduced = money - full @ duals
        slack = start_cost - duals
        entering = int(reduced.argmin()) if len(reduced) else -1
        loose = int(slack.argmin())
        if entering < 0 or slack[loose] < reduced[entering]:
            entering = -1
        gain = slack[loose] if entering < 0 else reduced[entering]
        direction = inverse[:, loose] if entering < 0 else inverse @ full[entering]
        leaving = _leaving(level, direction) if gain < -_TOLERANCE else -1
        if leaving < 0:
            break
        steps += 1
        _pivot(inverse, level, direction.copy(), leaving)
        basic[leaving] = entering
        basic_cost[leaving] = start_cost[loose] if entering < 0 else money[entering]
        duals = basic_cost @ inverse
    real = basic >= 0
    return duals, basic[real], level[real], steps


def _leaving(level: Floats, direction: Floats) -> int:
    """The row that reaches zero first; -1 when none does."""
    positive = direction > _PIVOT
    if not positive.any():
        return -1
    ratios = np.full(len(level), np.inf)
    np.divide(level, direction, out=ratios, where=positive)
    return int(ratios.argmin())


def _pivot(inverse: Floats, level: Floats, direction: Floats, leaving: int) -> None:
    """Bring the entering column into the basis in place of row `leaving`."""
    inverse[leaving] /= direction[leaving]
    level[leaving] /= direction[leaving]
    direction[leaving] = 0.0
    inverse -= direction[:, None] * inverse[leaving]
    level -= direction * level[leaving]
    np.maximum(level, 0.0, out=level)


def _exact(relaxation: Relaxation, duals: Floats, rules: _Rules, steps: int) -> Prices:
    """Whole prices that no column undercuts, and the bound they prove."""
    items = len(relaxation.counts)
    highest = _HIGHEST // max(1, sum(relaxation.counts))
    piece = np.floor(np.clip(duals[:items], -highest, highest)).astype(np.int64)
    for d, price in enumerate(relaxation.short):
        if price is not None:
            piece[d] = min(int(piece[d]), price)
    reach = np.maximum(rules.coefficients.max(axis=0, initial=1.0), rules.limits)
    lowest = -(_HIGHEST // max(1, len(reach))) // np.maximum(reach, 1.0)
    fine = np.rint(np.clip(duals[items:], lowest, 0.0)).astype(np.int64)
    charged = rules.coefficients.astype(np.int64) @ fine
    extra = relaxation.cost - relaxation.part @ piece - charged
    violated = min(0, int(extra.min(initial=0)))
    if violated:
        piece = piece + violated
        extra = relaxation.cost - relaxation.part @ piece - charged
    bound = int(piece @ np.array(relaxation.counts)) + int(fine @ rules.limits.astype(np.int64))
    short_extra = tuple(
        None if price is None else price - int(piece[d]) for d, price in enumerate(relaxation.short)
    )
    return Prices(bound, extra, short_extra, steps)
