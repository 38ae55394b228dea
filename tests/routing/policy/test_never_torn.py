"""Splitting forbidden: kits, gifts, hazardous pairs, COD and small orders, 10,000 of them."""

import json
import random
from typing import Any

import msgspec
from msgspec import structs

from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import Problem
from entrepot.routing.policy.applying import moment_of
from entrepot.routing.policy.deciding import route_under
from entrepot.routing.policy.document import Limit, Policy
from entrepot.routing.policy.shelf import from_shelf
from tests.routing.test_decisions import line, world

Document = dict[str, Any]
KITS = ["gift", "hazmat", "kit", "cod", "low"]


def test_what_may_never_be_split_is_never_split() -> None:
    pack = from_shelf("split-or-combine")
    limits = tuple(rule for rule in pack.rules if isinstance(rule, Limit))
    rules, free = (structs.replace(pack, rules=kept) for kept in (limits, ()))
    rng = random.Random(20)
    problem = decode_problem(json.dumps(small_world()).encode())
    shipped, torn_when_free = dict.fromkeys(KITS, 0), dict.fromkeys(KITS, 0)
    for number in range(10_000):
        why = KITS[number % len(KITS)]
        order = msgspec.convert(an_order(rng, why), type(problem.orders[0]))
        alone = structs.replace(problem, orders=[order])
        assert torn(alone, rules, why) is not True, (number, why)
        if number < 1000:
            shipped[why] += torn(alone, rules, why) is False
            torn_when_free[why] += torn(alone, free, why) is True
    assert min(shipped.values()) > 100
    assert min(torn_when_free[why] for why in KITS if why != "kit") > 50


def torn(problem: Problem, rules: Policy, why: str) -> bool | None:
    """Whether the plan divides what belongs together; None without a plan."""
    plan = route_under(rules, problem, at=moment_of(problem)).plan.orders[0]
    marked = {"A", "B"} if why in ("gift", "hazmat", "kit") else {"A", "B", "C"}
    carrying = [shipment for shipment in plan.shipments if marked & set(shipment.units)]
    return len(carrying) > 1 if carrying else None


def small_world() -> Document:
    """Chengdu has everything but is dear; Shanghai and Guangzhou have some each."""
    stock = {
        "CTU": {"A": 9, "B": 9, "C": 9}, "SHA": {"A": 2, "C": 1}, "CAN": {"B": 2, "C": 1},
    }  # fmt: skip
    plain = world(stock, line("A"))
    for thing in [*plain["nodes"], *plain["services"]]:
        thing |= {"tags": ["hazmat"]}
    for service in plain["services"]:
        service |= {"cod": True, "rates": [[1000, 500, 1000, 50, 700]] * 6}
    plain["nodes"][0]["fix"] = 9000
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
