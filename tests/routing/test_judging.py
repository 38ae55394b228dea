"""The judge agrees with the engine and with the tests' own checker, and finds every broken rule."""

import json
from typing import Any

import msgspec
import pytest

from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import Plan, plan_bytes
from entrepot.routing.engine.routing import route
from entrepot.routing.judging import broken_rules, repriced
from tests.routing.checker import broken_rules as checked
from tests.routing.orders import random_problem
from tests.routing.solving import route_document
from tests.routing.test_explaining import simple_problem

Document = dict[str, Any]


def codes(problem: Document, plan: Document) -> list[tuple[str, str]]:
    faults = broken_rules(decode_problem(json.dumps(problem).encode()), msgspec.convert(plan, Plan))
    return [(fault.path, fault.code) for fault in faults]


@pytest.mark.parametrize("seed", range(700, 740))
def test_the_engines_plans_are_unbroken_and_cost_what_they_say(seed: int) -> None:
    document = random_problem(seed, nodes=6, lines=3, orders=4)
    problem = decode_problem(json.dumps(document).encode())
    plan = route(problem)
    assert list(broken_rules(problem, plan)) == []
    assert checked(document, json.loads(plan_bytes(plan))) == []
    again = repriced(problem, plan)
    assert again.cost == plan.cost
    assert [o.shipments for o in again.orders] == [o.shipments for o in plan.orders]


def spoilt() -> list[tuple[str, Any]]:
    """Each way to break a plan: a name, and what to do to problem and plan."""

    def shipment(plan: Document) -> Document:
        return plan["orders"][0]["shipments"][0]  # type: ignore[no-any-return]

    def first(problem: Document) -> tuple[Document, Document, Document]:
        return problem["nodes"][0], problem["services"][0], problem["orders"][0]

    def both(problem: Document, plan: Document) -> None:
        problem["orders"][0].update(max_shipments=1)
        plan["orders"][0]["shipments"].append(shipment(plan))

    def blocked(problem: Document, plan: Document) -> None:
        problem["nodes"][0].update(regions_blocked=[problem["orders"][0]["dest"]["region"]])

    def cash(problem: Document, plan: Document) -> None:
        problem["orders"][0].update(cod=True)
        problem["services"][0].update(cod=False)

    def one_short(problem: Document, plan: Document) -> None:
        shipment(plan)["units"].update(A=1)
        plan["orders"][0].update(short={"A": 1})

    return [
        ("no_such_option", lambda p, a: shipment(a).update(service="X")),
        ("region_blocked", blocked),
        ("no_cod", cash),
        ("zone_not_served", lambda p, a: first(p)[1].update(rates=[None] * 6)),
        ("no_departure", lambda p, a: first(p)[1].update(departures=[])),
        ("too_late", lambda p, a: first(p)[2].update(deliver_by=1, late="hard")),
        ("option_twice", lambda p, a: a["orders"][0]["shipments"].append(shipment(a))),
        ("empty", lambda p, a: shipment(a).update(units={})),
        ("not_ordered", lambda p, a: shipment(a)["units"].update(Z=1)),
        ("no_units", lambda p, a: shipment(a)["units"].update(A=0)),
        ("not_capable", lambda p, a: first(p)[2]["lines"][0].update(tags=["hazmat"])),
        ("too_heavy", lambda p, a: first(p)[1].update(max_g=1)),
        ("wrong_sum", lambda p, a: first(p)[2]["lines"][0].update(qty=9)),
        ("must_ship", one_short),
        ("wrong_orders", lambda p, a: a["orders"].clear()),
        ("overdrawn", lambda p, a: first(p)[0]["stock"].update(A=[1, 0, 0])),
        ("infeasible_with_plan", lambda p, a: a["orders"][0].update(status="infeasible")),
        ("too_many_shipments", both),
    ]


def two_of_a() -> Document:
    problem = simple_problem()
    line = problem["orders"][0]["lines"][0]
    line.update(sku="A", qty=2, short=None)
    problem["nodes"][0]["stock"] = {"A": [5, 0, 0]}
    return problem


@pytest.mark.parametrize(("code", "spoil"), spoilt())
def test_a_broken_rule_is_named(code: str, spoil: Any) -> None:
    problem = two_of_a()
    plan = route_document(problem)
    assert codes(problem, plan) == []
    spoil(problem, plan)
    assert code in [found for _, found in codes(problem, plan)]


def test_a_torn_kit_and_an_empty_capacity_are_named() -> None:
    problem = two_of_a()
    problem["nodes"][0]["stock"]["B"] = [5, 0, 0]
    line = problem["orders"][0]["lines"][0]
    problem["orders"][0]["lines"] = [line, {**line, "sku": "B"}]
    plan = route_document(problem)
    for line in problem["orders"][0]["lines"]:
        line.update(group="k", short=5)
    answer = plan["orders"][0]
    del answer["shipments"][0]["units"]["B"]
    answer["short"] = {"B": 2}
    assert codes(problem, plan) == [("orders[0].shipments", "torn")]
    problem["orders"][0]["lines"][0]["group"] = problem["orders"][0]["lines"][1]["group"] = None
    problem["capacities"] = [{"id": "c", "left": 1}]
    problem["nodes"][0]["uses"] = [["c", 0, 1, 0]]
    problem["nodes"][0]["cap_units"] = 1
    assert [code for _, code in codes(problem, plan)] == ["overdrawn", "overdrawn"]
