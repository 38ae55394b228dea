"""Waves against one by one, and against an independent joint model on small waves."""

import json
from typing import Any

import pytest

from entrepot.routing.engine.deciding import DEFAULT_BUDGET
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import plan_bytes
from entrepot.routing.engine.routing import with_candidates
from entrepot.routing.engine.waves import Progress, route_wave
from tests.routing.checker import broken_rules
from tests.routing.oracle import least_joint_cost
from tests.routing.orders import random_problem
from tests.routing.solving import route_document
from tests.routing.test_explaining import simple_problem

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


def rivals() -> Document:
    """The first order is nearer to A, the second can only come from A, where one unit is."""
    problem = simple_problem()
    [node], [service], [order] = problem["nodes"], problem["services"], problem["orders"]
    node["stock"] = {"X": [1, 0, 0]}
    problem["nodes"].append({**node, "id": "B", "lat": 38, "regions_blocked": ["only A"]})
    rates = [[1000, 500 + 100 * zone, 1000, 100, 600] for zone in range(6)]
    service["rates"] = rates
    problem["services"].append({**service, "node": "B"})
    order["lines"][0]["short"] = None
    dest = {**order["dest"], "region": "only A"}
    problem["orders"].append({**order, "id": "P", "dest": dest})
    return problem


def test_an_order_that_comes_too_late_one_by_one_is_filled_by_the_wave() -> None:
    problem = rivals()
    assert [order["status"] for order in route_document(problem)["orders"]] == [
        "optimal", "infeasible",
    ]  # fmt: skip
    plan = wave_document(problem)
    assert broken_rules(problem, plan) == []
    assert [order["shipments"][0]["node"] for order in plan["orders"]] == ["B", "A"]
    assert plan["cost"] == least_joint_cost(problem) == plan["lower_bound"]
    assert plan["status"] == "optimal"


@pytest.mark.parametrize("seed", range(8300, 8306))
def test_no_forced_option_is_cheaper_than_a_wave_s_plan(seed: int) -> None:
    read = decode_problem(json.dumps(scarce(seed, 7)).encode())
    whole = with_candidates(read, route_wave(read), budget=DEFAULT_BUDGET, together=True)
    for order in whole.orders:
        used = {(shipment.node, shipment.service) for shipment in order.shipments}
        assert order.candidates
        for candidate in order.candidates:
            assert candidate.delta is None or candidate.delta >= 0, candidate
            if (candidate.node, candidate.service) in used:
                assert candidate.delta == 0


def test_the_wave_left_to_itself_beats_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exchanged groups smaller than the wave, and known plans offered again."""
    monkeypatch.setattr("entrepot.routing.engine.waves.EXCHANGED", 12)
    problem = scarce(8400, 40)
    plan = wave_document(problem)
    assert broken_rules(problem, plan) == []
    assert plan["cost"] < route_document(problem)["cost"]
    monkeypatch.setattr("entrepot.routing.engine.waves.EXCHANGES", 0)
    assert plan["cost"] <= wave_document(problem)["cost"]
