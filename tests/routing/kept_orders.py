"""Small problems of every kind for plans that are kept byte by byte (`test_kill_suite.py`).

`coarse` numbers meet limits exactly (a weight of just the first step, an arrival at the deadline,
a capacity used up) and cost the same often, so that a comparison or a tie broken otherwise shows.
"""

import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.routing.orders import random_problem
from tests.routing.test_capacities import tight

Document = dict[str, Any]
Case = tuple[Document, dict[str, Any]]
"""A problem and the options it is routed with."""


def mixed() -> Iterator[Case]:
    """Everything mixed, explained."""
    for seed in range(90):
        problem = random_problem(20_000 + seed, nodes=2 + seed % 7, lines=1 + seed % 4)
        yield problem, {"explained": True}


def coarse(seed: int, *, nodes: int, lines: int, orders: int = 1) -> Document:
    """A problem whose numbers are few: equal costs, and limits that are met exactly."""
    problem = random_problem(seed, nodes=nodes, lines=lines, orders=orders)
    rng = random.Random(seed)
    problem["now"] = 60
    problem["zone_km"] = [0, 0, 500, 1000, 2000]
    for node in problem["nodes"]:
        node |= {"lat": rng.choice([30, 33]), "lon": rng.choice([110, 114]), "penalty": 0}
        node |= {"fix": rng.choice([0, 100]), "unit": rng.choice([0, 0, 100])}
        for row in node["stock"].values():
            row[0], row[2] = rng.choice([1, 2, 3]), rng.choice([0, 0, 0, 100, -100])
    for service in problem["services"]:
        service |= {"max_g": rng.choice([1000, 1500, 3000]), "divisor": rng.choice([5000, 10_000])}
        starts = rng.choice([[60, 120], [60, 1500], [0, 120], [0], []])
        service["departures"] = [[at, at + 60, rng.choice([0, 1440])] for at in starts]
        service["rates"] = [
            [500, 500 + 100 * (zone // 2), 500, rng.choice([0, 100]), rng.choice([600, 1440])]
            if rng.random() < 0.9 else None
            for zone in range(6)
        ]  # fmt: skip
    for order in problem["orders"]:
        order["ready"] = rng.choice([0, 60, 120])
        order["dest"] |= {"lat": rng.choice([30, 33]), "lon": rng.choice([110, 114])}
        order["deliver_by"] = rng.choice([None, 720, 780, 1560, 1620, 3000])
        order["late_day"] = rng.choice([0, 100])
        for line in order["lines"]:
            line |= {"g": rng.choice([250, 500]), "cm3": rng.choice([2500, 5000, 5001])}
            line["short"] = rng.choice([None, 500, 900])
    return problem


def met() -> Iterator[Case]:
    """Limits met exactly, costs that are equal."""
    for seed in range(150):
        problem = coarse(21_000 + seed, nodes=1 + seed % 6, lines=1 + seed % 3)
        yield problem, {"explained": True}


def drawing() -> Iterator[Case]:
    """Capacities per shipment, unit and gram, drawn by nodes and services, for several orders."""
    for seed in range(40):
        problem = tight(22_000 + seed, nodes=3 + seed % 5, lines=2 + seed % 3)
        for line in problem["orders"][0]["lines"]:
            line["short"] = 3000 if seed % 3 else line["short"]
        yield problem, {"explained": True}
    for seed in range(24):
        problem = tight(22_200 + seed, nodes=5, lines=2)
        for capacity in problem["capacities"]:
            capacity["left"] *= 5
        for node in problem["nodes"]:
            for use in node.get("uses", []):
                use[1:] = [use[1] * 4, use[2] * 6, use[3]]
        for line in problem["orders"][0]["lines"]:
            line |= {"short": 3000, "qty": 1 + line["qty"] % 3}
        yield problem, {"explained": True}
    for seed in range(24):
        problem = coarse(22_100 + seed, nodes=4, lines=2, orders=4)
        rng = random.Random(seed)
        problem["capacities"] = [
            {"id": name, "left": left}
            for name, left in (("vans", 3), ("hands", 6), ("grams", 2000))
        ]
        for thing in problem["nodes"] + problem["services"]:
            use = rng.choice([["vans", 1, 0, 0], ["hands", 1, 1, 0], ["grams", 0, 0, 1]])
            other = rng.choice([["vans", 1, 0, 0], ["hands", 0, 1, 0], ["grams", 0, 50, 1]])
            thing["uses"] = [use] if use[0] == other[0] else [use, other]
        for order in problem["orders"]:
            for line in order["lines"]:
                line["short"] = 900 if seed % 2 else line["short"]
        yield problem, {"explained": True}


def hurried() -> Iterator[Case]:
    """Stopped by the budget at many places."""
    for seed in range(24):
        for budget in (1, 3, 6, 20, 60, 250):
            problem = random_problem(23_000 + seed, nodes=10, lines=3 + seed % 3)
            for line in problem["orders"][0]["lines"]:
                line["short"] = 4000 if seed % 2 else line["short"]
            yield problem, {"budget": budget}


def wide(seed: int, *, nodes: int, lines: int) -> Document:
    """An order too large to list all divisions; several of it must share scarce nodes."""
    problem = random_problem(seed, nodes=nodes, lines=lines)
    [order] = problem["orders"]
    order |= {"split_lines": bool(seed % 4), "ship_complete": False}
    order["deliver_by"] = None if seed % 2 else order["deliver_by"]
    order["max_shipments"] = [None, None, 3, 5][seed % 4]
    for line in order["lines"]:
        line["qty"] = 1 + (seed + line["g"]) % 3
        line["short"] = None if seed % 5 == 0 else 2500
    return problem


def priced() -> Iterator[Case]:
    """Prices per piece, under budgets that end in each phase."""
    for seed in range(20):
        for budget in (40, 400, 3_000):
            yield wide(24_000 + seed, nodes=8, lines=8), {"budget": budget}
    for seed in range(12):
        problem = tight(24_100 + seed, nodes=8, lines=8)
        for line in problem["orders"][0]["lines"]:
            line["short"] = 3000 if seed % 2 else line["short"]
        yield problem, {"budget": 2_000, "explained": seed < 2}


def closed() -> Iterator[Case]:
    """Closed by rests; small enough for seconds."""
    for seed in range(18):
        problem = wide(25_001 + 4 * seed, nodes=12, lines=9)
        [order] = problem["orders"]
        order |= {"max_shipments": [None, 4, 3][seed % 3], "split_lines": True}
        order["deliver_by"] = None
        for line in order["lines"]:
            line |= {"qty": 2, "short": 4000, "group": None}
        yield problem, {"budget": [9_000, 3_000, 1_000][seed // 6]}
    for seed in range(16):
        problem = wide(25_200 + seed, nodes=7, lines=9)
        [order] = problem["orders"]
        order |= {"max_shipments": [None, 2, 3, 4][seed % 4], "split_lines": True}
        order["deliver_by"] = None
        for i, line in enumerate(order["lines"]):
            line |= {"qty": 2, "short": [None, 900, 1200, 1500][(i + seed) % 4], "group": None}
            line["short"] = 900 if seed % 2 else line["short"]
        yield problem, {"budget": 9_000}


def many() -> Iterator[Case]:
    """Hundreds of units: parts too many to list, shipments too many to count."""
    for seed in range(24):
        problem = random_problem(26_000 + seed, nodes=3 + seed % 3, lines=1 + seed % 3)
        for service in problem["services"]:
            service["max_g"] = [10**4, 10**8][seed % 2]
        for node in problem["nodes"]:
            node["cap_units"] = None
            for row in node["stock"].values():
                row[0] *= 300
        order = problem["orders"][0]
        order |= {"split_lines": True, "ship_complete": False, "max_shipments": None}
        for line in order["lines"]:
            line |= {"qty": [490, 510, 900][seed % 3], "short": [None, 4000][seed // 2 % 2]}
            line["group"] = None
        yield problem, {"budget": 400}


def following() -> Iterator[Case]:
    """Orders one by one on what the others left."""
    for seed in range(14):
        for problem in (
            random_problem(27_000 + seed, nodes=4, lines=2, orders=6),
            coarse(27_100 + seed, nodes=3, lines=2, orders=6),
        ):
            for order in problem["orders"] if seed % 3 else ():
                for line in order["lines"]:
                    line["short"] = 2500
            yield problem, {"explained": seed % 2 == 0}


def bare() -> Iterator[Case]:
    """Nothing to choose from."""
    for emptied in ("nodes", "services", "orders", "stock", "departures", "rates"):
        problem = random_problem(28_000, nodes=2, lines=2)
        problem["capacities"] = []
        if emptied == "nodes":
            problem["services"] = []
        if emptied in problem:
            problem[emptied] = []
        for node in problem["nodes"]:
            node["uses"] = []
            node["stock"] = {} if emptied == "stock" else node["stock"]
        for service in problem["services"]:
            service["uses"] = []
            if emptied == "departures":
                service["departures"] = []
            if emptied == "rates":
                service["rates"] = [None] * 6
        for short in (None, 700):
            for order in problem["orders"]:
                for line in order["lines"]:
                    line["short"] = short
            yield problem, {"explained": True}


def waving() -> Iterator[Case]:
    """Orders together: scarce stock, capacities, orders that must ship."""
    for seed in range(14):
        problem = random_problem(29_000 + seed, nodes=4, lines=2, orders=6)
        for order in problem["orders"][:: 1 + seed % 4 // 3]:
            for line in order["lines"]:
                line["short"] = 2500
        yield problem, {"explained": seed < 2}
    for seed in range(10):
        problem = coarse(29_100 + seed, nodes=3, lines=2, orders=7)
        for order in problem["orders"] if seed % 4 else ():
            for line in order["lines"]:
                line["short"] = 900
        yield problem, {"budget": [12_000, 12_000, 40][seed % 3], "explained": seed == 1}


def turning() -> Iterator[Case]:
    """Waves in turns of five orders, groups of six exchanged."""
    for seed in range(8):
        problem = random_problem(29_200 + seed, nodes=4, lines=1, orders=[5, 12][seed % 2])
        for order in problem["orders"]:
            order["lines"][0]["short"] = None if seed == 3 else 2500
        yield problem, {}


def alike() -> Iterator[Case]:
    """Prices per piece where many columns cost the same, with limits met exactly."""
    for seed in range(14):
        problem = coarse(32_000 + seed, nodes=5 + seed % 6, lines=6 + seed % 4)
        [order] = problem["orders"]
        order |= {"split_lines": seed % 3 > 0, "ship_complete": False, "deliver_by": None}
        order["max_shipments"] = [None, 3, 4, 5][seed % 4]
        for line in order["lines"]:
            line |= {"qty": 2 + seed % 2, "short": [None, 900, 3000][seed % 3], "group": None}
        if seed % 5 == 0:
            problem["capacities"] = [{"id": "hands", "left": 9}, {"id": "grams", "left": 4000}]
            for node in problem["nodes"]:
                node["uses"] = [["hands", 1, 1, 0], ["grams", 0, 50, 1]]
            for service in problem["services"]:
                service["uses"] = []
        yield problem, {"budget": [4_000, 600, 150][seed % 3]}


def drawn_together() -> Iterator[Case]:
    """Waves that share hands, vans and grams."""
    for seed in range(10):
        problem = coarse(33_000 + seed, nodes=4, lines=2, orders=6)
        problem["capacities"] = [
            {"id": "vans", "left": 4}, {"id": "hands", "left": 11}, {"id": "grams", "left": 4000},
        ]  # fmt: skip
        for i, node in enumerate(problem["nodes"]):
            node["cap_units"] = None if i else 4
            node["uses"] = [["hands", 1, 1, 0], ["grams", 0, 50 + i, 1 + i % 2]]
        for i, service in enumerate(problem["services"]):
            service["uses"] = [["vans", 1 + i % 2, 0, 0], ["grams", 10, 0, 1]][: i % 3]
        for order in problem["orders"]:
            order["deliver_by"] = None
            for line in order["lines"]:
                line["short"] = 1500
        yield problem, {"explained": seed < 3}


KINDS: dict[str, Callable[[], Iterator[Case]]] = {
    "met": met, "mixed": mixed, "drawing": drawing, "hurried": hurried, "following": following,
    "bare": bare,  "priced": priced, "closed": closed, "many": many,
    "alike": alike,
}  # fmt: skip
WAVES: dict[str, Callable[[], Iterator[Case]]] = {
    "waving": waving,
    "turning": turning,
    "drawn_together": drawn_together,
}
