"""What must hold for any order: order of input is nothing, more choice never costs more."""

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.routing.checker import broken_rules
from tests.routing.orders import random_problem
from tests.routing.solving import route_bytes, route_document

Document = dict[str, Any]


def shuffled(value: Any, rng: random.Random) -> Any:
    """The document with the keys of every object in another order."""
    if isinstance(value, dict):
        names = list(value)
        rng.shuffle(names)
        return {name: shuffled(value[name], rng) for name in names}
    return [shuffled(item, rng) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(7000, 7040))
def test_no_permutation_changes_a_byte(seed: int) -> None:
    problem = random_problem(seed, nodes=8, lines=3 + seed % 3)
    rng = random.Random(seed)
    other = shuffled(copy.deepcopy(problem), rng)
    for things in (other["nodes"], other["services"], other["capacities"]):
        rng.shuffle(things)
    rng.shuffle(other["orders"][0]["lines"])
    for thing in [*other["nodes"], *other["services"], *other["orders"][0]["lines"]]:
        rng.shuffle(thing["tags"])
    assert route_bytes(other, explained=True) == route_bytes(problem, explained=True)


@pytest.mark.parametrize("seed", [7050, 7051, 7052])
def test_no_permutation_changes_a_byte_of_a_large_order(seed: int) -> None:
    problem = random_problem(seed, nodes=20, lines=10)
    rng = random.Random(seed)
    other = shuffled(copy.deepcopy(problem), rng)
    for things in (other["nodes"], other["services"], other["orders"][0]["lines"]):
        rng.shuffle(things)
    assert route_bytes(other) == route_bytes(problem)


def equal_nodes(seed: int) -> Document:
    """A problem full of ties: every node and service is the same but for its name and stock."""
    problem = random_problem(seed, nodes=6, lines=3)
    first = problem["nodes"][0]
    for node in problem["nodes"]:
        stock = {sku: [row[0], 0, 0] for sku, row in node["stock"].items()}
        node |= {**first, "id": node["id"], "stock": stock, "cap_units": None}
        node["tags"] = ["hazmat", "cold", "oversize"]
    template = problem["services"][0]
    template |= {"max_g": 30000, "rates": [[1000, 500, 1000, 100, 600]] * 6, "cod": True}
    for service in problem["services"]:
        service |= {**template, "id": service["id"], "node": service["node"]}
        service["tags"] = ["hazmat", "cold", "oversize"]
    return problem


@pytest.mark.parametrize("seed", range(7100, 7130))
def test_ties_do_not_depend_on_the_order_of_input(seed: int) -> None:
    problem = equal_nodes(seed)
    other = copy.deepcopy(problem)
    for things in (other["nodes"], other["services"], other["orders"][0]["lines"]):
        things.reverse()
    assert route_bytes(other) == route_bytes(problem)


def test_ties_go_to_the_earlier_option() -> None:
    problem = equal_nodes(7100)
    line = {**problem["orders"][0]["lines"][0], "qty": 1, "tags": [], "group": None}
    problem["orders"][0]["lines"] = [line]
    for node in problem["nodes"]:
        node["stock"] = {line["sku"]: [3, 0, 0]}
    answer = route_document(problem)["orders"][0]
    first = min((service["node"], service["id"]) for service in problem["services"])
    assert [(s["node"], s["service"]) for s in answer["shipments"]] == [first]


def more_stock(problem: Document, rng: random.Random) -> None:
    node = rng.choice(problem["nodes"])
    sku = rng.choice(problem["orders"][0]["lines"])["sku"]
    row = node["stock"].setdefault(sku, [0, 0, 0])
    node["stock"][sku] = [row[0] + 3, row[1], row[2]]


def another_node(problem: Document, rng: random.Random) -> None:
    node = copy.deepcopy(rng.choice(problem["nodes"]))
    services = [s for s in problem["services"] if s["node"] == node["id"]]
    node |= {"id": "N99", "cap_units": None, "uses": []}
    problem["nodes"].append(node)
    problem["services"] += [{**service, "node": "N99", "uses": []} for service in services]


def another_service(problem: Document, rng: random.Random) -> None:
    service = copy.deepcopy(rng.choice(problem["services"]))
    service |= {"id": "V9", "cod": True, "tags": ["hazmat", "cold", "oversize"]}
    problem["services"].append(service)


def relaxed_limits(problem: Document, rng: random.Random) -> None:
    order = problem["orders"][0]
    order |= {"max_shipments": None, "ship_complete": False, "deliver_by": None}
    for capacity in problem["capacities"]:
        capacity["left"] += rng.randint(1, 5)


def more_shipments(problem: Document, rng: random.Random) -> None:
    order = problem["orders"][0]
    if order["max_shipments"] is not None:
        order["max_shipments"] += rng.randint(1, 2)


def later_deadline(problem: Document, rng: random.Random) -> None:
    order = problem["orders"][0]
    if order["deliver_by"] is not None:
        order["deliver_by"] += rng.randint(1, 2000)


def softer_deadline(problem: Document, rng: random.Random) -> None:
    if rng.random() < 2:
        problem["orders"][0] |= {"late": "soft", "late_day": 0}


def more_capacity(problem: Document, rng: random.Random) -> None:
    for capacity in problem["capacities"]:
        capacity["left"] += rng.randint(1, 5)
    for node in problem["nodes"]:
        if node["cap_units"] is not None:
            node["cap_units"] += rng.randint(1, 3)


def heavier_parcels(problem: Document, rng: random.Random) -> None:
    for service in problem["services"]:
        service["max_g"] += rng.randint(1, 5000)


def less_safety(problem: Document, rng: random.Random) -> None:
    for node in problem["nodes"]:
        for row in node["stock"].values():
            row[1] = max(0, row[1] - rng.randint(0, 1))


def everything_accepted(problem: Document, rng: random.Random) -> None:
    for thing in rng.sample(problem["nodes"] + problem["services"], k=4):
        thing["tags"] = ["hazmat", "cold", "oversize"]
        thing["regions_blocked"] = [] if "regions_blocked" in thing else None
        if thing["regions_blocked"] is None:
            del thing["regions_blocked"]
            thing["cod"] = True


def later_departures(problem: Document, rng: random.Random) -> None:
    for service in problem["services"]:
        last = service["departures"][-1]
        service["departures"].append([last[0] + rng.randint(1, 900), last[1] + 2000, 0])


def short_allowed(problem: Document, rng: random.Random) -> None:
    for line in problem["orders"][0]["lines"]:
        if line["short"] is None:
            line["short"] = rng.randint(0, 9000)


def split_allowed(problem: Document, rng: random.Random) -> None:
    problem["orders"][0]["split_lines"] = True
    for line in problem["orders"][0]["lines"]:
        line["group"] = None
    rng.random()


@pytest.mark.parametrize(
    "change",
    [
        more_stock, another_node, another_service, relaxed_limits, more_shipments, later_deadline,
        softer_deadline, more_capacity, heavier_parcels, less_safety, everything_accepted,
        later_departures, short_allowed, split_allowed,
    ],
)  # fmt: skip
def test_more_choice_never_costs_more(change: Callable[[Document, random.Random], None]) -> None:
    for seed in range(7200, 7240):
        problem = random_problem(seed, nodes=6, lines=3)
        before = route_document(problem)
        changed = copy.deepcopy(problem)
        change(changed, random.Random(seed))
        after = route_document(changed)
        if before["status"] == "optimal":
            assert after["status"] == "optimal", seed
            assert after["cost"] <= before["cost"], seed


def reachable(problem: Document, sku: str) -> int:
    """Usable units of a SKU at all nodes together."""
    rows = [node["stock"].get(sku, [0, 0, 0]) for node in problem["nodes"]]
    return sum(max(0, row[0] - row[1]) for row in rows)


def test_nothing_is_short_when_stock_suffices() -> None:
    for seed in range(7300, 7360):
        problem = random_problem(seed, nodes=6, lines=3)
        problem["capacities"] = []
        for thing in [*problem["nodes"], *problem["services"]]:
            thing.pop("uses", None)
            thing["tags"] = ["hazmat", "cold", "oversize"]
        for node in problem["nodes"]:
            node |= {"cap_units": None, "regions_blocked": []}
        for service in problem["services"]:
            service |= {"cod": True, "max_g": 10**8}
            service["rates"] = [[500, 500, 500, 50, 600]] * 6
        order = problem["orders"][0]
        order |= {"max_shipments": None, "ship_complete": False, "late": "soft"}
        order["split_lines"] = True
        for line in order["lines"]:
            line |= {"short": None, "group": None}
        enough = all(reachable(problem, line["sku"]) >= line["qty"] for line in order["lines"])
        plan = route_document(problem)
        assert (plan["status"] == "optimal") == enough, seed
        assert not enough or plan["orders"][0]["short"] == {}


@pytest.mark.parametrize("seed", range(7400, 7412))
def test_many_orders_share_stock_and_capacities(seed: int) -> None:
    problem = random_problem(seed, nodes=6, lines=3, orders=12)
    for order in problem["orders"]:
        for line in order["lines"]:
            line["short"] = 5000
    plan = route_document(problem)
    assert broken_rules(problem, plan) == []
    assert [order["id"] for order in plan["orders"]] == [o["id"] for o in problem["orders"]]
    assert plan["lower_bound"] <= plan["cost"]


def test_the_same_input_gives_the_same_bytes() -> None:
    problem = random_problem(7500, nodes=20, lines=10)
    first = route_bytes(problem, explained=True)
    assert all(route_bytes(json.loads(json.dumps(problem)), explained=True) == first for _ in "ab")
