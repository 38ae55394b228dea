"""The same input gives the same bytes for one engine version: plans kept as they once were.

`python -m tests.routing.test_golden > tests/routing/golden_plans.json` keeps them anew. A change
of the engine that moves one on purpose raises the engine's version with it.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import Plan, Problem, plan_bytes
from entrepot.routing.engine.routing import route
from entrepot.routing.engine.waves import route_wave
from tests.routing.orders import random_problem

Document = dict[str, Any]


def read(problem: Document) -> Problem:
    return decode_problem(json.dumps(problem).encode())


def small(seed: int) -> Plan:
    """Listed parts, everything explained."""
    return route(read(random_problem(seed, nodes=8, lines=4)), explained=True)


def starved(seed: int) -> Plan:
    """Cut short by the budget."""
    problem = random_problem(seed, nodes=12, lines=5)
    for line in problem["orders"][0]["lines"]:
        line["short"] = 4000
    return route(read(problem), budget=30)


def queued(seed: int) -> Plan:
    """Several orders one by one."""
    return route(read(random_problem(seed, nodes=6, lines=3, orders=8)))


def large(seed: int) -> Plan:
    """Prices per piece."""
    problem = random_problem(seed, nodes=16, lines=9)
    for line in problem["orders"][0]["lines"]:
        line["short"] = 4000
    return route(read(problem), budget=3_000)


def heavy(seed: int) -> Plan:
    """Closed by the rests of the order; a limit of shipments, shared capacities."""
    problem = random_problem(seed, nodes=16, lines=10)
    [order] = problem["orders"]
    order |= {"split_lines": True, "ship_complete": False, "deliver_by": None}
    order["max_shipments"] = None if seed % 3 else 4
    for line in order["lines"]:
        line |= {"qty": 2, "short": 4000, "group": None}
    return route(read(problem), budget=6_000)


def filled(seed: int) -> Plan:
    """Too many units to list their parts."""
    problem = random_problem(seed, nodes=5, lines=4)
    for service in problem["services"]:
        service["max_g"] = 10**8
    for node in problem["nodes"]:
        for row in node["stock"].values():
            row[0] *= 3_000
    for line in problem["orders"][0]["lines"]:
        line |= {"qty": 4_000, "short": 4000}
    return route(read(problem))


def wave(seed: int) -> Plan:
    """Orders decided together."""
    problem = random_problem(seed, nodes=5, lines=2, orders=9)
    for order in problem["orders"]:
        for line in order["lines"]:
            line["short"] = 2500
    return route_wave(read(problem))


def digest(plan: Plan) -> str:
    """The plan without the engine's name, which holds the versions of its libraries."""
    document = json.loads(plan_bytes(plan))
    del document["engine"]
    raw = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(raw).hexdigest()[:16]


MADE: dict[str, tuple[Callable[[int], Plan], range]] = {
    "small": (small, range(9000, 9040)),
    "starved": (starved, range(9100, 9130)),
    "queued": (queued, range(9200, 9208)),
    "large": (large, range(9300, 9330)),
    "heavy": (heavy, range(9500, 9503)),
    "filled": (filled, range(9600, 9606)),
    "wave": (wave, range(9400, 9406)),
}


def digests(name: str) -> list[str]:
    """All digests of one kind."""
    make, seeds = MADE[name]
    return [digest(make(seed)) for seed in seeds]


KEPT = Path(__file__).with_name("golden_plans.json")


@pytest.mark.parametrize("name", list(MADE))
def test_plans_are_what_they_were(name: str) -> None:
    assert digests(name) == json.loads(KEPT.read_text(encoding="utf-8"))[name]


if __name__ == "__main__":
    print(json.dumps({name: digests(name) for name in MADE}, indent=1))
