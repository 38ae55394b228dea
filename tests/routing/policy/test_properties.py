"""Whatever policy meets whatever problem: no forbidden option is used, no rule is broken."""

import json
import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.refusals import Conflict, Invalid
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import plan_bytes
from entrepot.routing.engine.routing import route
from entrepot.routing.policy.applying import apply, moment_of
from entrepot.routing.policy.deciding import route_under
from entrepot.routing.policy.files import read_policy
from tests.routing.checker import broken_rules
from tests.routing.orders import random_problem
from tests.routing.policy.made import (
    Document,
    both,
    check,
    document,
    documents,
    either,
    no,
    patiently,
    policy,
)

FIELDS = [
    check("node.km", "gt", 900), check("node.region", "in", ["north", "east"]),
    check("node.tags", "has", "cold"), check("service.carrier", "eq", "SF"),
    check("service.cod", "eq", True), check("stock.units", "lt", 3), check("line.qty", "ge", 3),
    check("node.zone", "le", 3), check("line.tags", "has", "hazmat"),
    check("dest.region", "ne", **{"as": "node.region"}),
]  # fmt: skip


def some_condition(rng: random.Random) -> Document:
    picked = rng.sample(FIELDS, 2)
    return rng.choice([picked[0], no(picked[0]), both(*picked), either(*picked)])


def some_rules(rng: random.Random) -> list[Document]:
    """Rules that often hold in the worlds of `random_problem`."""
    rules: list[Document] = [
        {"kind": "exclude", "id": "a", "options": some_condition(rng)},
        {"kind": "exclude", "id": "b", "unless": some_condition(rng),
         "when": check("order.units", "gt", 4)},
        {"kind": "prefer", "id": "c", "minor_per_shipment": rng.choice([1, 400, 9000]),
         "options": no(check("service.carrier", "eq", "SF"))},
        {"kind": "charge", "id": "d", "minor_per_shipment": 70, "minor_per_unit": 30,
         "options": check("node.zone", "gt", 2)},
        {"kind": "stock", "id": "e", "hold_units": 2, "options": check("node.km", "gt", 400)},
        {"kind": "stock", "id": "f", "credit_minor_per_unit": 90, "lines": FIELDS[6]},
        {"kind": "node_capacity", "id": "g", "units": 3, "options": check("node.zone", "le", 2)},
        {"kind": "limit", "id": "h", "max_shipments": 2, "yields": True},
        {"kind": "promise", "id": "i", "within_min": 3000, "late": "soft", "late_day_minor": 50},
        {"kind": "objective", "id": "j",
         "tiers": rng.choice([["shipments"], ["km"], ["depth"], ["late_days", "short_units"]])},
    ]  # fmt: skip
    return [rule for rule in rules if rng.random() < 0.4]


@patiently(60)
@given(st.integers(0, 10**6), st.integers(1, 3))
def test_no_plan_uses_what_is_forbidden_or_breaks_a_rule(seed: int, orders: int) -> None:
    rng = random.Random(seed)
    problem = decode_problem(
        json.dumps(random_problem(seed, nodes=5, lines=2, orders=orders)).encode()
    )
    rules = policy(*some_rules(rng))
    ruled = route_under(rules, problem, at=moment_of(problem))
    barred = {(e.order, e.node, e.service, sku) for e in ruled.exclusions for sku in e.skus}
    for plan in ruled.plan.orders:
        for shipment in plan.shipments:
            for sku in shipment.units:
                assert (plan.id, shipment.node, shipment.service, sku) not in barred
    if ruled.plan.status != "infeasible":
        assert ruled.plan.lower_bound <= ruled.plan.cost
    first = msgspec.structs.replace(problem, orders=problem.orders[:1])
    without = frozenset(ruled.outcomes[0].yielded)
    applied = apply(rules, first, at=moment_of(problem), without=without)
    alone = route(applied.problem)
    plain = json.loads(msgspec.json.encode(applied.problem))
    assert broken_rules(plain, json.loads(plan_bytes(alone))) == []
    assert alone.orders[0].cost == ruled.plan.orders[0].cost


@patiently(60)
@given(documents(), st.integers(0, 10**6))
def test_any_policy_can_be_applied_or_is_refused_with_a_reason(plain: Document, seed: int) -> None:
    problem = decode_problem(json.dumps(random_problem(seed, nodes=3, lines=2)).encode())
    rules = read_policy(json.dumps(plain).encode())
    try:
        found = apply(rules, problem, at=moment_of(problem))
    except (Invalid, Conflict) as refusal:
        assert refusal.code in ("objective_too_wide", "orders_differ")
        return
    assert msgspec.json.encode(found) == msgspec.json.encode(
        apply(rules, problem, at=moment_of(problem))
    )
    assert decode_problem(msgspec.json.encode(found.problem)) == found.problem


@patiently(40)
@given(st.integers(0, 10**6))
def test_one_more_excluding_rule_never_makes_an_order_cheaper(seed: int) -> None:
    rng = random.Random(seed)
    problem = decode_problem(json.dumps(random_problem(seed, nodes=5, lines=2)).encode())
    rule = {"kind": "exclude", "id": "a", "options": some_condition(rng)}
    free, bound = (
        route_under(policy(*rules), problem, at=moment_of(problem)).plan.orders[0]
        for rules in ([], [rule])
    )
    if free.status == bound.status == "optimal":
        assert free.cost <= bound.cost
    assert not (free.status == "infeasible" and bound.status == "optimal")
    assert read_policy(json.dumps(document(rule)).encode()).rules[0].id == "a"
