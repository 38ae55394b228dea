"""Waves against one by one, and against an independent joint model on small waves."""

import json
from typing import Any

import pytest

from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import plan_bytes
from entrepot.routing.engine.waves import Progress, route_wave
from tests.routing.checker import broken_rules
from tests.routing.oracle import least_joint_cost
from tests.routing.orders import random_problem
from tests.routing.solving import route_document

Document = dict[str, Any]


def scarce(seed: int, orders: int) -> Document:
    """Orders of two lines that want the same few SKUs; all may be short at a price."""
    problem = random_problem(seed, nodes=5, lines=2, orders=orders)
    for order in problem["orders"]:
        for line in order["lines"]:
            line["short"] = 2500
    return problem


def wave_document(problem: Document, **options: Any) -> Document:
    read = decode_problem(json.dumps(problem).encode())
    plan: Document = json.loads(plan_bytes(route_wave(read, **options)))
    return plan


@pytest.mark.parametrize("seed", range(8000, 8016))
def test_a_wave_is_between_its_bound_and_one_by_one(seed: int) -> None:
    problem = scarce(seed, 7)
    plan = wave_document(problem)
    best = least_joint_cost(problem)
    assert broken_rules(problem, plan) == []
    assert best is not None
    assert plan["lower_bound"] <= best <= plan["cost"] <= route_document(problem)["cost"]
    assert plan["status"] != "optimal" or plan["cost"] == best


def test_waves_save_on_scarce_stock() -> None:
    saved = 0
    for seed in range(8000, 8008):
        problem = scarce(seed, 7)
        saved += route_document(problem)["cost"] - wave_document(problem)["cost"]
    assert saved > 0


def test_the_same_wave_gives_the_same_bytes() -> None:
    problem = scarce(8100, 16)
    read = decode_problem(json.dumps(problem).encode())
    assert plan_bytes(route_wave(read)) == plan_bytes(route_wave(read))


def test_a_wave_tells_its_progress_and_stops_when_told() -> None:
    problem = scarce(8101, 30)
    seen: list[Progress] = []

    def watch(progress: Progress) -> bool:
        seen.append(progress)
        return False

    plan = wave_document(problem, watch=watch)
    assert len(seen) == 1
    assert broken_rules(problem, plan) == []
    assert plan["lower_bound"] <= plan["cost"] <= route_document(problem)["cost"]


def test_more_orders_than_a_sub_wave_go_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.routing.engine.waves.SUB_WAVE", 5)
    problem = scarce(8102, 12)
    plan = wave_document(problem)
    best = least_joint_cost(problem)
    assert best is not None
    assert broken_rules(problem, plan) == []
    assert plan["lower_bound"] <= best <= plan["cost"] <= route_document(problem)["cost"]


def test_an_order_that_must_ship_and_cannot_is_told() -> None:
    problem = scarce(8103, 4)
    problem["orders"][1]["lines"][0] |= {"qty": 1000, "short": None}
    plan = wave_document(problem)
    assert plan["status"] == "infeasible"
    assert [o["status"] == "infeasible" for o in plan["orders"]] == [False, True, False, False]
    assert broken_rules(problem, plan) == []


@pytest.mark.parametrize("seed", range(8200, 8212))
def test_waves_of_orders_that_must_ship(seed: int) -> None:
    problem = random_problem(seed, nodes=6, lines=2, orders=6)
    for order in problem["orders"][::2]:
        for line in order["lines"]:
            line["short"] = 2500
    plan, plain = wave_document(problem), route_document(problem)
    assert broken_rules(problem, plan) == []
    best = least_joint_cost(problem)
    if plain["status"] != "infeasible":
        assert best is not None
        assert plan["lower_bound"] <= best <= plan["cost"] <= plain["cost"]
