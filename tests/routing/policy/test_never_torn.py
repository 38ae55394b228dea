"""Splitting forbidden: kits, gifts, hazardous pairs, COD and small orders, 10,000 of them."""

import json
import random
from typing import Any

import msgspec

from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.policy.applying import moment_of
from entrepot.routing.policy.deciding import route_under
from entrepot.routing.policy.shelf import from_shelf
from tests.routing.test_decisions import line, world

Document = dict[str, Any]
KITS = ["gift", "hazmat", "kit", "cod", "low"]


def test_what_may_never_be_split_is_never_split() -> None:
    rules = from_shelf("split-or-combine")
    rng = random.Random(20)
    tried = dict.fromkeys(KITS, 0)
    problem = decode_problem(json.dumps(small_world(rng)).encode())
    for number in range(10_000):
        why = KITS[number % len(KITS)]
        order = msgspec.convert(an_order(rng, why), type(problem.orders[0]))
        alone = msgspec.structs.replace(problem, orders=[order])
        plan = route_under(rules, alone, at=moment_of(alone)).plan.orders[0]
        marked = {"A", "B"} if why in ("gift", "hazmat", "kit") else {"A", "B", "C"}
        carrying = [s for s in plan.shipments if marked & set(s.units)]
        assert len(carrying) <= 1, (number, why)
        tried[why] += bool(carrying)
    assert min(tried.values()) > 500


def small_world(rng: random.Random) -> Document:
    stock = {
        name: {sku: rng.choice([1, 2, 4]) for sku in "ABC" if rng.random() < 0.8}
        for name in ("CAN", "CTU", "SHA")
    }
    plain = world(stock, line("A"))
    for thing in [*plain["nodes"], *plain["services"]]:
        thing |= {"tags": ["hazmat"]}
    for service in plain["services"]:
        service["cod"] = True
    plain["nodes"][0]["stock"] |= {sku: [4, 0, 0] for sku in "ABC"}
    return plain


def an_order(rng: random.Random, why: str) -> Document:
    """Three lines of which something forbids that they, or two of them, are split."""
    lines = [line(sku, rng.choice([1, 1, 2])) for sku in "ABC"]
    for marked in lines[:2]:
        if why == "gift":
            marked["attrs"] = {"gift": True}
        elif why == "hazmat":
            marked["tags"] = ["hazmat"]
        elif why == "kit":
            marked["group"] = "set"
    return {
        "id": "1", "ready": 0, "lines": lines, "cod": why == "cod",
        "dest": {"lat": rng.uniform(22, 42), "lon": rng.uniform(102, 122), "region": "CN"},
        "attrs": {"amount_minor": 19_999 if why == "low" else 20_000},
    }  # fmt: skip
