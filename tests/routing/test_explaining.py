"""Explanations: each option excluded by a rule that really holds, or priced by force.

A forced price is checked against the independent model with the option's use made compulsory.
"""

from typing import Any

import pytest

from tests.routing.oracle import model_of, usable_options
from tests.routing.orders import random_problem
from tests.routing.solving import route_document


def forced_cost(problem: dict[str, Any], node: str, service: str) -> int | None:
    """The oracle's optimum with this option carrying at least one unit."""
    order = problem["orders"][0]
    options = usable_options(problem, order)
    at = next(
        (
            i
            for i, option in enumerate(options)
            if (option["node"]["id"], option["service"]["id"]) == (node, service)
        ),
        None,
    )
    if at is None:
        return None
    model, carried = model_of(problem, order)
    if not carried[at]:
        return None
    model.row(1, dict.fromkeys(carried[at].values(), 1.0), 10**9)
    value = model.solve()
    return None if value is None else round(value)


@pytest.mark.parametrize("seed", range(600, 608))
def test_every_candidate_is_true(seed: int) -> None:
    problem = random_problem(seed, nodes=6, lines=3)
    plan = route_document(problem, explained=True)
    answer = plan["orders"][0]
    assert len(answer["candidates"]) == len(problem["services"])
    for candidate in answer["candidates"]:
        truth = forced_cost(problem, candidate["node"], candidate["service"])
        if "delta" in candidate and answer["status"] == "optimal":
            assert truth == answer["cost"] + candidate["delta"], candidate
        elif answer["status"] == "optimal":
            assert truth is None, candidate
            assert candidate["excluded"]["code"]


def test_chosen_options_cost_nothing_more() -> None:
    problem = random_problem(2, nodes=8, lines=3)
    answer = route_document(problem, explained=True)["orders"][0]
    used = {(shipment["node"], shipment["service"]) for shipment in answer["shipments"]}
    assert used
    for candidate in answer["candidates"]:
        if (candidate["node"], candidate["service"]) in used:
            assert candidate["delta"] == 0


def simple_problem() -> dict[str, Any]:
    """One node with one service that can do all, one line."""
    rate = [1000, 500, 1000, 100, 600]
    return {
        "format": "routing-problem/1",
        "instant0": "2026-11-22T00:00:00Z",
        "currency": "CNY",
        "now": 0,
        "zone_km": [50, 300, 800, 1500, 2500],
        "nodes": [
            {"id": "A", "lat": 30, "lon": 110, "region": "r", "tags": ["cold"],
             "stock": {"X": [5, 0, 0]}}
        ],
        "services": [
            {"id": "S", "node": "A", "carrier": "c", "level": "l", "tags": ["cold"], "cod": True,
             "max_g": 5000, "divisor": 6000, "departures": [[100, 160, 0]], "rates": [rate] * 6}
        ],
        "orders": [
            {"id": "O", "ready": 0, "dest": {"lat": 30, "lon": 110.1, "region": "r"},
             "lines": [{"sku": "X", "qty": 1, "g": 400, "cm3": 100, "tags": [], "short": 9000}]}
        ],
    }  # fmt: skip


def blocked(problem: dict[str, Any]) -> None:
    problem["nodes"][0]["regions_blocked"] = ["r"]


def no_cod(problem: dict[str, Any]) -> None:
    problem["services"][0]["cod"] = False
    problem["orders"][0]["cod"] = True


def unserved(problem: dict[str, Any]) -> None:
    problem["services"][0]["rates"] = [None] * 6


def gone(problem: dict[str, Any]) -> None:
    problem["now"] = 101


def late(problem: dict[str, Any]) -> None:
    problem["orders"][0] |= {"deliver_by": 759, "late": "hard"}


def incapable(problem: dict[str, Any]) -> None:
    problem["orders"][0]["lines"][0]["tags"] = ["hazmat"]


def sold_out(problem: dict[str, Any]) -> None:
    problem["nodes"][0]["stock"]["X"] = [5, 5, 0]


def heavy(problem: dict[str, Any]) -> None:
    problem["orders"][0]["lines"][0]["g"] = 5001


@pytest.mark.parametrize(
    ("change", "code", "observed", "required"),
    [
        (blocked, "region_blocked", "r", "another region"),
        (no_cod, "no_cod", False, True),
        (unserved, "zone_not_served", 0, []),
        (gone, "no_departure", 100, 101),
        (late, "too_late", 760, 759),
        (incapable, "not_capable", ["cold"], ["hazmat"]),
        (sold_out, "no_stock", [], ["X"]),
        (heavy, "too_heavy", 5001, 5000),
    ],
)
def test_each_rule_excludes_with_its_code(
    change: Any, code: str, observed: Any, required: Any
) -> None:
    problem = simple_problem()
    assert route_document(problem)["orders"][0]["short"] == {}
    change(problem)
    answer = route_document(problem, explained=True)["orders"][0]
    assert answer["short"] == {"X": 1}
    assert answer["candidates"][0]["excluded"] == {
        "code": code, "observed": observed, "required": required,
    }  # fmt: skip


def test_a_minute_decides() -> None:
    problem = simple_problem()
    problem["now"] = 100
    problem["orders"][0] |= {"deliver_by": 760, "late": "hard"}
    assert route_document(problem)["orders"][0]["shipments"][0]["eta"] == 760
