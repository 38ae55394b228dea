"""Capacities that the shipments of one order share: never exceeded, and proven where they bind."""

import random
from typing import Any

import pytest

from tests.routing.checker import broken_rules
from tests.routing.oracle import least_cost
from tests.routing.orders import random_problem
from tests.routing.solving import route_document
from tests.routing.test_explaining import simple_problem

Document = dict[str, Any]


def tight(seed: int, *, nodes: int, lines: int) -> Document:
    """An order whose nodes draw on two capacities that seldom suffice."""
    problem = random_problem(seed, nodes=nodes, lines=lines)
    rng = random.Random(seed)
    [order] = problem["orders"]
    order["max_shipments"] = None if seed % 2 else order["max_shipments"]
    units = sum(line["qty"] for line in order["lines"])
    problem["capacities"] = [
        {"id": name, "left": rng.randint(1, max(2, units))} for name in ("dock", "shift")
    ]
    for thing in problem["nodes"] + problem["services"]:
        thing.pop("uses", None)
    for node in problem["nodes"]:
        if rng.random() < 0.9:
            drawn = [rng.randint(0, 3), rng.randint(0, 2), rng.choice([0, 0, 1])]
            node["uses"] = [[rng.choice(["dock", "shift"]), *drawn]]
    for capacity in problem["capacities"]:
        if any(use[0] == capacity["id"] and use[3] for n in problem["nodes"]
               for use in n.get("uses", [])):  # fmt: skip
            capacity["left"] += 600
    for line in order["lines"]:
        if rng.random() < 0.7:
            line["short"] = None
    return problem


@pytest.mark.parametrize(
    ("seeds", "nodes", "lines"),
    [(range(100, 160), 12, 5), (range(200, 280), 6, 3), (range(300, 312), 12, 7)],
)
def test_what_only_a_shared_capacity_forbids_is_infeasible(
    seeds: range, nodes: int, lines: int
) -> None:
    seen = {True: 0, False: 0}
    for seed in seeds:
        problem = tight(seed, nodes=nodes, lines=lines)
        wanted = least_cost(problem, problem["orders"][0])
        plan = route_document(problem)
        assert broken_rules(problem, plan) == [], seed
        cost = None if plan["status"] == "infeasible" else plan["cost"]
        assert plan["status"] != "bounded", seed
        assert cost == wanted, seed
        seen[wanted is None] += 1
    assert min(seen.values()) > 0


def two_ways(left: int) -> Document:
    """Ten units: one at A, whose shipments draw 50, nine at B, whose units draw 10 each."""
    problem = simple_problem()
    problem["capacities"] = [{"id": "dock", "left": left}]
    [node], [service], [order] = problem["nodes"], problem["services"], problem["orders"]
    node |= {"uses": [["dock", 50, 0, 0]], "stock": {"X": [1, 0, 0]}}
    other = {**node, "id": "B", "uses": [["dock", 0, 10, 0]], "stock": {"X": [9, 0, 0]}}
    problem["nodes"].append(other)
    problem["services"].append({**service, "node": "B"})
    order["lines"][0] |= {"qty": 10, "short": None}
    order["max_shipments"] = 2
    return problem


@pytest.mark.parametrize(("left", "status"), [(140, "optimal"), (139, "infeasible")])
def test_shipments_and_units_of_different_nodes_add_up(left: int, status: str) -> None:
    problem = two_ways(left)
    plan = route_document(problem)
    assert plan["status"] == status
    assert broken_rules(problem, plan) == []


def test_half_a_shipment_does_not_help() -> None:
    """Two shipments of two minutes each do not fit three minutes, though one and a half would."""
    problem = two_ways(3)
    problem["nodes"][0]["uses"] = problem["nodes"][1]["uses"] = [["dock", 2, 0, 0]]
    assert route_document(problem)["status"] == "infeasible"
    problem["capacities"][0]["left"] = 4
    assert route_document(problem)["status"] == "optimal"
