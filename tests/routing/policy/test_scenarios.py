"""The five scenarios: 120 orders each, decided under the pack as the stated rules demand.

What must come of each order was found by trying every plan (`brute_force`) and is frozen.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import plan_bytes
from entrepot.routing.engine.routing import route
from entrepot.routing.policy.applying import apply, moment_of
from entrepot.routing.policy.deciding import Ruled, route_under
from entrepot.routing.policy.shelf import from_shelf
from tests.routing.checker import broken_rules
from tests.routing.policy.make_scenarios import scenario
from tests.routing.policy.scenario_list import SCENARIOS

Document = dict[str, Any]
FOLDER = Path(__file__).parent / "scenarios"


def frozen(name: str) -> tuple[Document, list[tuple[Document, Document]]]:
    """The world of a scenario, and its orders with what must come of them."""
    first, *rest = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in rest]
    return json.loads(first)["world"], [(row["order"], row["expected"]) for row in rows]


def ruled(name: str, world: Document, order: Document) -> Ruled:
    problem = decode_problem(json.dumps(world | {"orders": [order]}).encode())
    return route_under(from_shelf(name), problem, at=moment_of(problem), explained=True)


def told(found: Ruled) -> Document:
    """A decision in the words of the frozen answers."""
    plan, outcome = found.plan.orders[0], found.outcomes[0]
    reasons = [
        [e.node, e.service, list(e.skus), e.rule, e.code, e.observed, e.required]
        for e in found.exclusions
    ]
    answer: Document = {
        "order": plan.id, "excluded": sorted(reasons, key=repr), "yielded": list(outcome.yielded),
    }  # fmt: skip
    if plan.status == "infeasible":
        fallback = None if outcome.fallback is None else [outcome.fallback, outcome.fallback_rule]
        return answer | {"plan": None, "fallback": fallback}
    assert plan.status == "optimal"
    shipments = {f"{s.node}/{s.service}": s.units for s in plan.shipments}
    return answer | {"plan": shipments, "objective": plan.cost}


def weighed(expected: Document, found: Ruled) -> Document:
    """The frozen answer as the engine's one number."""
    answer = {key: value for key, value in expected.items() if key not in ("tiers", "barred")}
    answer["excluded"] = sorted(answer["excluded"], key=repr)
    if expected["plan"] is not None:
        weights = found.standings[0].weights
        answer["objective"] = sum(
            weight * tier for weight, tier in zip(weights, expected["tiers"], strict=True)
        )
    return answer


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_order_of_the_scenario_is_decided_and_explained_as_stated(name: str) -> None:
    world, rows = frozen(name)
    assert len(rows) >= 100
    for order, expected in rows:
        found = ruled(name, world, order)
        assert told(found) == weighed(expected, found), order["id"]
        _check_candidates(found, order, expected)


def _check_candidates(found: Ruled, order: Document, expected: Document) -> None:
    """Every option is told: barred by the format, by a rule of the policy, or with its price."""
    candidates = found.plan.orders[0].candidates
    assert candidates is not None
    whole: dict[str, list[Any]] = {}
    for node, service, skus, *why in expected["excluded"]:
        lane = whole.setdefault(f"{node}/{service}", [0, why])
        lane[0] += len(skus)
    for candidate in candidates:
        key = f"{candidate.node}/{candidate.service}"
        excluded, by_policy = candidate.excluded, whole.get(key)
        if key in expected["barred"]:
            assert excluded is not None and excluded.code == expected["barred"][key]
        elif by_policy is not None and by_policy[0] == len(order["lines"]):
            assert excluded is not None
            assert [excluded.code, excluded.observed, excluded.required] in [
                row[4:] for row in expected["excluded"] if f"{row[0]}/{row[1]}" == key
            ]
        elif expected["plan"] is not None and key in expected["plan"]:
            assert candidate.delta == 0
        assert "\0" not in str(candidate)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_frozen_answers_are_what_the_stated_rules_give(name: str) -> None:
    world, rows = frozen(name)
    made = scenario(name, count=25)
    assert json.loads(json.dumps(made["world"])) == world
    again = list(zip(made["orders"], made["expected"], strict=True))
    assert json.loads(json.dumps(again)) == json.loads(json.dumps(rows[:25]))


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_plan_breaks_a_rule_of_the_problem_with_the_policy_in_it(name: str) -> None:
    world, rows = frozen(name)
    for order, expected in rows[:40]:
        problem = decode_problem(json.dumps(world | {"orders": [order]}).encode())
        without = frozenset(expected["yielded"])
        applied = apply(from_shelf(name), problem, at=moment_of(problem), without=without)
        plan = route(applied.problem)
        plain = json.loads(msgspec.json.encode(applied.problem))
        assert broken_rules(plain, json.loads(plan_bytes(plan))) == []


def test_the_scenarios_hold_what_they_are_there_for() -> None:
    reasons = {
        "regional": 5, "split-or-combine": 0, "stock-health": 4, "stores-and-pickup": 6,
        "marketplaces": 7,
    }  # fmt: skip
    for name in SCENARIOS:
        _, rows = frozen(name)
        plans = [expected["plan"] for _, expected in rows]
        assert sum(plan is None for plan in plans) >= 12
        assert sum(plan is not None and len(plan) > 1 for plan in plans) >= 12
        codes = {row[4] for _, expected in rows for row in expected["excluded"]}
        assert len(codes) >= reasons[name]
    exceptions = [expected["yielded"] for _, expected in frozen("split-or-combine")[1]]
    assert {"remote", "promise-first"} <= {rule for gone in exceptions for rule in gone}
