"""The sharp edges of a wave's rounds: who joins a group, which offers it sees, when it ends."""

import json
import random

import numpy as np
import pytest

from entrepot.routing.engine import waves
from entrepot.routing.engine.choosing import Choosing, choose
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.exchanging import Wishes
from entrepot.routing.engine.offers import Offer, Offers, Rule, Terms
from entrepot.routing.engine.program import Floats, Program
from entrepot.routing.engine.waves import route_wave
from tests.routing.test_tightening import NOBODY, charging_of, crowded, tightened
from tests.routing.test_waves import scarce


def test_a_group_is_filled_though_orders_are_drawn_twice() -> None:
    offers = Offers(200, [1])
    for order in range(200):
        offers.add(Offer(order, 900, (), ()), NOBODY)
    terms = Terms(np.zeros(1, np.int64), (), np.zeros(0, np.int64))
    group = Wishes(offers, terms).group(random.Random(2), {}, 100)
    assert len(set(group)) == len(group) == 100
    assert group == sorted(group)


def test_groups_choose_among_twelve_offers_per_order() -> None:
    """Of two orders' 24 nearest offers only the 19th fits and saves."""
    charging = charging_of(scarce(8580, 2))
    offers = Offers(2, [1])
    for order, cost in ((0, 900), (1, 100)):
        offers.add(Offer(order, cost, (), ()), NOBODY)
    for more in range(17):
        offers.add(Offer(0, 100 + more, (0,), (2 + more,)), NOBODY)
    offers.add(Offer(0, 500, (0,), (1,)), NOBODY)
    terms = Terms(np.zeros(1, np.int64), (), np.zeros(0, np.int64))
    wave = waves._Wave(charging.network, charging.orders, charging.left, 12_000)
    held = wave._exchange(charging, Wishes(offers, terms), {0: 0, 1: 1}, 1)
    assert [offers.kept[held[order]].cost for order in (0, 1)] == [500, 100]


def test_rules_that_raise_nothing_are_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def idle(offers: Offers, levels: object, known: set[tuple[int, ...]]) -> list[Rule]:
        looked.append(len(known))
        return [Rule((0, 1), 10**6)]

    tightening = tightened(crowded(8590, 4))
    monkeypatch.setattr("entrepot.routing.engine.tightening.broken_rules", idle)
    assert tightening.run(lambda value, bound: True, 1)
    assert looked == [0]


def test_a_wave_that_costs_nothing_is_at_its_bound_at_once() -> None:
    problem = scarce(8595, 3)
    for order in problem["orders"]:
        for line in order["lines"]:
            line["short"] = 0
    told: list[tuple[int, float, int]] = []
    read = decode_problem(json.dumps(problem).encode())
    plan = route_wave(read, watch=lambda at: not told.append((at.rounds, at.relaxation, at.bound)))
    assert plan.cost == plan.lower_bound == 0
    assert sorted(set(told)) == [(1, 0.0, 0), (2, 0.0, 0)]


@pytest.mark.parametrize("levels", [[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]])
def test_an_answer_of_the_solver_that_breaks_a_row_is_not_believed(
    levels: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than there is; two offers of one order."""
    offers = Offers(1, [5, 5])
    for cost, amount in ((900, 5), (100, 6), (800, 4), (700, 3)):
        offers.add(Offer(0, cost, (0,), (amount,)), NOBODY)
    choosing = Choosing([0], [0, 1, 2, 3], offers.limits, (), None)
    assert choose(offers, choosing, {0: 0}, 300, lambda: True) == {0: 3}

    def told(program: Program) -> Floats:
        return np.array(levels)

    monkeypatch.setattr(Program, "levels", told)
    assert choose(offers, choosing, {0: 0}, 300, lambda: True) == {0: 0}


def test_orders_without_a_plan_are_drawn_first() -> None:
    offers = Offers(50, [1])
    for order in range(50):
        offers.add(Offer(order, 900, (), ()), NOBODY)
    held = {order: order for order in range(50) if order != 7}
    wishes = Wishes(offers, Terms(np.zeros(1, np.int64), (), np.zeros(0, np.int64)))
    first = [wishes.group(random.Random(seed), held, 1) for seed in range(20)]
    assert first.count([7]) > 15
