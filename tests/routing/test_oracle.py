"""The engine against an independent mixed integer model, every plan checked rule by rule.

300 orders in the normal run, 2,000 in the drill; the seed is printed with each difference.
"""

import pytest

from entrepot.kernel.refusals import Unavailable
from entrepot.routing.engine import deciding
from tests.routing.checker import broken_rules
from tests.routing.oracle import least_cost
from tests.routing.orders import random_problem
from tests.routing.solving import route_document


def differences(seeds: range, *, nodes: int, lines: int, must_prove: bool = True) -> list[str]:
    """What the engine says differently from the oracle, one text per order.

    Without `must_prove` an order may be bounded, and one that has no plan may go undecided.
    """
    found = []
    for seed in seeds:
        problem = random_problem(seed, nodes=nodes, lines=lines)
        wanted = least_cost(problem, problem["orders"][0])
        try:
            plan = route_document(problem)
        except Unavailable:
            if must_prove or wanted is not None:
                found.append(f"seed {seed}: undecided, the oracle says {wanted}")
            continue
        cost = None if plan["status"] == "infeasible" else plan["cost"]
        found += [f"seed {seed}: {text}" for text in broken_rules(problem, plan)]
        if plan["status"] == "bounded":
            if must_prove or wanted is None or not plan["lower_bound"] <= wanted <= plan["cost"]:
                found.append(f"seed {seed}: bounded {plan['lower_bound']}..{cost}, is {wanted}")
        elif cost != wanted:
            found.append(f"seed {seed}: {cost}, the oracle says {wanted}")
    return found


@pytest.mark.parametrize(
    ("seeds", "nodes", "lines"),
    [
        (range(0, 70), 4, 2),
        (range(1000, 1070), 8, 3),
        (range(2000, 2060), 20, 3),
        (range(3000, 3040), 8, 5),
        (range(4000, 4030), 20, 6),
    ],
)
def test_the_engine_agrees_with_the_oracle(seeds: range, nodes: int, lines: int) -> None:
    assert differences(seeds, nodes=nodes, lines=lines) == []


def test_ten_lines_agree_or_bound_truly() -> None:
    assert differences(range(5000, 5030), nodes=20, lines=10, must_prove=False) == []


@pytest.mark.parametrize(
    ("seeds", "nodes", "lines"), [(range(0, 70), 4, 2), (range(1000, 1070), 8, 3)]
)
def test_prices_alone_agree_on_small_orders_too(
    seeds: range, nodes: int, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "SMALL_PAIRS", 0)
    monkeypatch.setattr(deciding, "MAX_PAIRS", 0)
    assert differences(seeds, nodes=nodes, lines=lines) == []


@pytest.mark.parametrize(
    ("seeds", "nodes", "lines"),
    [(range(0, 50), 4, 2), (range(1000, 1050), 8, 3), (range(3000, 3030), 8, 5)],
)
def test_rests_alone_agree_on_small_orders_too(
    seeds: range, nodes: int, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "SMALL_PAIRS", 0)
    monkeypatch.setattr(deciding, "_QUICK_TRY", 1)
    assert differences(seeds, nodes=nodes, lines=lines) == []


@pytest.mark.drill
@pytest.mark.parametrize(
    ("seeds", "nodes", "lines"),
    [
        (range(10_000, 10_500), 6, 3),
        (range(20_000, 20_600), 20, 3),
        (range(30_000, 30_500), 12, 5),
        (range(40_000, 40_300), 20, 6),
        (range(50_000, 50_100), 20, 10),
    ],
)
def test_drill_agrees_with_the_oracle(seeds: range, nodes: int, lines: int) -> None:
    assert differences(seeds, nodes=nodes, lines=lines, must_prove=False) == []
