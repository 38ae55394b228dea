"""What every rest of an order costs at least, against trying all divisions."""

import random
from functools import cache
from itertools import product

import numpy as np
import pytest

from entrepot.routing.engine.lattice import FAR
from entrepot.routing.engine.pricing import Prices, Relaxation, prices_for
from entrepot.routing.engine.resting import Rests, rests_for

Vector = tuple[int, ...]


def relaxed(seed: int, *, most: int | None = None) -> Relaxation:
    """A few random columns of three or four items."""
    rng = random.Random(seed)
    counts = tuple(rng.randint(1, 3) for _ in range(3 + seed % 2))
    parts = [v for v in product(*(range(c + 1) for c in counts)) if any(v)]
    chosen = rng.sample(parts, min(len(parts), 14)) + rng.choices(parts, k=4)
    cost = [rng.randint(50, 400) + 60 * sum(part) for part in chosen]
    short = tuple(rng.choice([None, rng.randint(80, 600)]) for _ in counts)
    rows = np.arange(len(chosen))
    stock = np.tile(np.array(counts), (len(chosen), 1))
    nothing = np.zeros((0, len(chosen)), np.int64)
    return Relaxation(
        np.array(chosen), np.array(cost), counts, short, rows, rows, stock, most, nothing,
        np.zeros(0, np.int64),
    )  # fmt: skip


def least_by_trial(relaxation: Relaxation, prices: Prices, slack: int, state: Vector) -> int:
    """The cheapest division of a state into parts within the slack, and pieces left short."""
    parts = [
        (tuple(part), extra)
        for part, extra in zip(relaxation.part.tolist(), prices.extra.tolist(), strict=True)
        if extra <= slack
    ]

    @cache
    def least(rest: Vector) -> int:
        if not any(rest):
            return 0
        best = FAR
        for part, extra in parts:
            if all(x <= r for x, r in zip(part, rest, strict=True)):
                after = tuple(r - x for x, r in zip(part, rest, strict=True))
                best = min(best, extra + least(after))
        for d, price in enumerate(prices.short_extra):
            if price is not None and rest[d]:
                after = tuple(r - (i == d) for i, r in enumerate(rest))
                best = min(best, price + least(after))
        return best

    return least(state)


def fewest_by_trial(relaxation: Relaxation, state: Vector) -> int:
    ones = Prices(0, np.ones(len(relaxation.cost), np.int64),
                  tuple(None if s is None else 0 for s in relaxation.short), 0)  # fmt: skip
    return least_by_trial(relaxation, ones, 1, state)


def number(rests: Rests, state: Vector) -> int:
    return sum(state[d] * s for d, s in zip(rests.order, rests.strides, strict=True))


@pytest.mark.parametrize("seed", range(40))
def test_rests_cost_what_trying_everything_finds(seed: int) -> None:
    relaxation = relaxed(seed, most=2 if seed % 3 == 0 else None)
    prices = prices_for(relaxation)
    slack = [10**6, 300, 120][seed % 3 if seed > 12 else 0]
    rests = rests_for(relaxation, prices, slack, 10**6)
    assert rests is not None
    assert rests.slack == slack
    first = rests.order[0]
    for state in product(*(range(c + 1) for c in relaxation.counts)):
        truth = least_by_trial(relaxation, prices, slack, state)
        said = int(rests.least[number(rests, state)])
        if state[first] < relaxation.counts[first] or state == relaxation.counts:
            assert said == min(truth, FAR), state
        else:
            assert said == 0
    assert (rests.fewest is None) == (seed % 3 != 0)
    if rests.fewest is not None and slack == 10**6:
        assert int(rests.fewest[-1]) == min(FAR, fewest_by_trial(relaxation, relaxation.counts))


def test_prices_never_exceed_a_column() -> None:
    """The bound is what it says: every column costs at least the prices of its pieces."""
    for seed in range(60):
        relaxation = relaxed(seed)
        prices = prices_for(relaxation)
        assert (prices.extra >= 0).all()
        truth = least_by_trial(relaxation, prices, 10**9, relaxation.counts)
        if truth < FAR:
            assert truth >= 0


def test_too_much_work_is_refused_beforehand() -> None:
    relaxation = relaxed(3)
    prices = prices_for(relaxation)
    rests = rests_for(relaxation, prices, 10**6, 10**6)
    assert rests is not None
    assert rests.work > 0
    assert rests_for(relaxation, prices, 10**6, rests.work) is not None
    assert rests_for(relaxation, prices, 10**6, rests.work - 1) is None
