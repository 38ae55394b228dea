"""An order of middling size: a short try with prices per piece, then the exact listing."""

import pytest

from entrepot.routing.engine import deciding
from entrepot.routing.engine.deciding import Answer, solve
from entrepot.routing.engine.lattice import MAX_PAIRS, SMALL_PAIRS
from entrepot.routing.engine.plans import Found
from tests.routing.test_tightening import charging_of
from tests.routing.test_waves import scarce

QUICK, SLOW = Found(100, ()), Found(100, ())


def answered(monkeypatch: pytest.MonkeyPatch, quick: Answer, slow: Answer, budget: int) -> Answer:
    """What both tries together say when each says this."""
    question = charging_of(scarce(8600, 1)).questions[0]
    monkeypatch.setattr(deciding, "unfillable", lambda question: False)
    monkeypatch.setattr(deciding, "pairs_of", lambda counts: (SMALL_PAIRS + MAX_PAIRS) // 2)
    monkeypatch.setattr(deciding, "_solve_priced", lambda question, counts, budget: quick)
    monkeypatch.setattr(deciding, "_solve_listed", lambda question, lattice, budget: slow)
    return solve(question, budget)


@pytest.mark.parametrize(("first", "second"), [(70, 90), (90, 70)])
def test_both_bounds_are_true_so_the_higher_one_counts(
    first: int, second: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, dearer = Answer(QUICK, first, 5), Found(101, ())
    both = answered(monkeypatch, quick, Answer(SLOW, second, 7), 1000)
    assert both == Answer(SLOW, 90, 12)
    assert both.found is SLOW
    kept = answered(monkeypatch, quick, Answer(dearer, second, 7), 1000)
    assert kept.found is QUICK
    assert (kept.bound, kept.work) == (90, 12)
    lost = answered(monkeypatch, quick, Answer(None, second, 7), 1000)
    assert lost.found is QUICK
    assert (lost.bound, lost.work) == (90, 12)


def test_the_short_try_is_the_answer_when_it_proves_itself_or_all_is_spent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = Answer(SLOW, 100, 7)
    proven, open_, nothing = Answer(QUICK, 100, 5), Answer(QUICK, 90, 5), Answer(None, 90, 5)
    assert answered(monkeypatch, proven, slow, 1000) is proven
    assert answered(monkeypatch, open_, slow, 5) is open_
    assert answered(monkeypatch, nothing, slow, 1000) is nothing
    assert answered(monkeypatch, open_, slow, 6).found is SLOW
