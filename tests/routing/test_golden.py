"""The same input gives the same bytes for one engine version: plans kept as they once were.

`python -m tests.routing.test_golden > tests/routing/golden_plans.json` keeps the digests anew. A change of the engine that moves
one on purpose raises the engine's version with it.
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


def wave(seed: int) -> Plan:
    """Orders decided together."""
    problem = random_problem(seed, nodes=5, lines=2, orders=9)
    for order in problem["orders"]:
        for line in order["lines"]:
            line["short"] = 2500
    return route_wave(read(problem))


def digest(plan: Plan, *, worked: bool) -> str:
    """Without the engine's name, which holds library versions; work only where it is exact."""
    document = json.loads(plan_bytes(plan))
    del document["engine"]
    if not worked:
        del document["work"]
    raw = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(raw).hexdigest()[:16]


MADE: dict[str, tuple[Callable[[int], Plan], range, bool]] = {
    "small": (small, range(9000, 9024), True),
    "starved": (starved, range(9100, 9120), True),
    "queued": (queued, range(9200, 9208), True),
    "large": (large, range(9300, 9312), False),
    "wave": (wave, range(9400, 9408), False),
}
"""Maker, seeds, and whether the work is compared: simplex steps are floats, so that their number
may differ between machines."""


def digests(name: str) -> list[str]:
    """All digests of one kind."""
    make, seeds, worked = MADE[name]
    return [digest(make(seed), worked=worked) for seed in seeds]


GOLDEN: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("golden_plans.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", list(MADE))
def test_plans_are_what_they_were(name: str) -> None:
    assert digests(name) == GOLDEN[name]


if __name__ == "__main__":
    print(json.dumps({name: digests(name) for name in MADE}, indent=1))
