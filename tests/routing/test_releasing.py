"""Orders handed back: moved only where that saves more than it costs, and never carelessly."""

import json
from typing import Any

import msgspec
import pytest

from entrepot.kernel.refusals import Invalid
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import OrderPlan, Problem, plan_bytes
from entrepot.routing.engine.routing import route
from entrepot.routing.releasing import Reconsidered, reconsider
from tests.routing.checker import broken_rules
from tests.routing.orders import random_problem

Document = dict[str, Any]


def two_nodes(*, far_price: int = 900) -> Document:
    """A near and a far node for two orders of one unit; the near one has a single unit left.

    Order O costs 500 from A and 600 from B; order N costs 500 from A and `far_price` from B.
    """

    def service(node: str, price: int) -> Document:
        return {
            "id": f"S-{price}", "node": node, "carrier": "c", "level": "l", "max_g": 5000,
            "divisor": 6000, "departures": [[100, 160, 0]],
            "rates": [[1000, price, 1000, 0, 60]] * 6,
            "tags": ["o"] if price == 600 else ["n"] if price == far_price else ["o", "n"],
        }  # fmt: skip

    def order(name: str) -> Document:
        return {
            "id": name, "ready": 0, "dest": {"lat": 30, "lon": 110, "region": "r"},
            "lines": [{"sku": "X", "qty": 1, "g": 1, "cm3": 1, "tags": [name.lower()],
                       "short": 5000}],
        }  # fmt: skip

    return {
        "format": "routing-problem/1", "instant0": "2026-11-22T00:00:00Z", "currency": "CNY",
        "now": 0, "zone_km": [50, 300, 800, 1500, 2500],
        "nodes": [
            {"id": "A", "lat": 30, "lon": 110, "region": "r", "tags": ["o", "n"],
             "stock": {"X": [1, 0, 0]}},
            {"id": "B", "lat": 30, "lon": 110, "region": "r", "tags": ["o", "n"],
             "stock": {"X": [9, 0, 0]}},
        ],
        "services": [service("A", 500), service("B", 600), service("B", far_price)],
        "orders": [order("O"), order("N")],
    }  # fmt: skip


def read(document: Document) -> Problem:
    return decode_problem(json.dumps(document).encode())


def standing_of(document: Document, count: int) -> dict[str, OrderPlan]:
    """The plans of the first orders, decided before the others came."""
    early = {**document, "orders": document["orders"][:count]}
    return {plan.id: plan for plan in route(read(early)).orders if plan.status != "infeasible"}


def fates(done: Reconsidered) -> dict[str, tuple[str, int | None]]:
    return {fate.order: (fate.kind, fate.saving) for fate in done.orders}


def test_an_order_moves_when_that_saves_more_than_the_churn() -> None:
    document = two_nodes()
    standing = standing_of(document, 1)
    assert [shipment.node for shipment in standing["O"].shipments] == ["A"]
    done = reconsider(read(document), standing, churn=299)
    assert fates(done) == {"O": ("changed", 300), "N": ("new", None)}
    assert (done.plan.cost, done.keeping, done.moved) == (1100, 1400, 1)
    fate = done.orders[0]
    assert (fate.before, fate.after) == ((("A", "S-500"),), (("B", "S-600"),))


def test_at_the_churn_itself_it_stays() -> None:
    document = two_nodes()
    done = reconsider(read(document), standing_of(document, 1), churn=300)
    assert fates(done) == {"O": ("kept", None), "N": ("new", None)}
    assert done.plan.cost == done.keeping == 1400


def test_a_new_order_that_could_not_be_filled_otherwise_moves_an_old_one() -> None:
    document = two_nodes()
    document["services"] = [s for s in document["services"] if s["id"] != "S-900"]
    document["orders"][1]["lines"][0]["short"] = None
    done = reconsider(read(document), standing_of(document, 1), churn=10**6)
    assert fates(done) == {"O": ("changed", None), "N": ("new", None)}
    assert done.plan.status != "infeasible"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["nodes"][0].update(regions_blocked=["r"]), "region_blocked"),
        (lambda d: d.update(now=101), "no_departure"),
        (lambda d: d["nodes"][0].update(stock={}), "overdrawn"),
        (lambda d: d["services"].pop(0), "no_such_option"),
    ],
)
def test_a_standing_plan_that_has_become_impossible_is_replaced(change: Any, code: str) -> None:
    document = two_nodes()
    standing = standing_of(document, 1)
    change(document)
    done = reconsider(read(document), standing, churn=10**6)
    assert (done.orders[0].kind, done.orders[0].code) == ("forced", code)


def test_two_standing_plans_that_no_longer_fit_together_keep_the_first() -> None:
    document = two_nodes()
    document["nodes"][0]["stock"]["X"] = [2, 0, 0]
    standing = standing_of(document, 2)
    document["nodes"][0]["stock"]["X"] = [1, 0, 0]
    done = reconsider(read(document), standing, churn=10**6)
    assert [(fate.kind, fate.code) for fate in done.orders] == [
        ("kept", None), ("forced", "overdrawn"),
    ]  # fmt: skip


def test_plans_of_unknown_orders_are_refused_with_a_path() -> None:
    document = two_nodes()
    standing = standing_of(document, 2)
    document["orders"].pop(0)
    with pytest.raises(Invalid) as caught:
        reconsider(read(document), standing, churn=1)
    assert [error.path for error in caught.value.errors] == ["orders[0].id"]


def crowded(seed: int) -> Document:
    """Eight orders that want the same scarce stock; all can be short."""
    document = random_problem(seed, nodes=4, lines=2, orders=8)
    for order in document["orders"]:
        order.update(max_shipments=None, ship_complete=False)
        for line in order["lines"]:
            line["short"] = 2500
    return document


@pytest.mark.parametrize("seed", range(900, 904))
def test_whatever_comes_the_answer_is_sound_and_worth_it(seed: int) -> None:
    document = crowded(seed)
    given, standing = read(document), standing_of(document, 5)
    costs = []
    for churn in (0, 150, 10**9):
        done = reconsider(given, standing, churn=churn)
        assert broken_rules(document, json.loads(plan_bytes(done.plan))) == []
        assert all(fate.saving is None or fate.saving > churn
                   for fate in done.orders if fate.kind == "changed")  # fmt: skip
        assert done.plan.cost + churn * done.moved <= done.keeping
        assert done.plan.lower_bound <= done.plan.cost
        for fate, plan in zip(done.orders, done.plan.orders, strict=True):
            if fate.kind == "kept":
                assert plan.shipments == standing[fate.order].shipments
        costs.append(done.plan.cost)
    assert done.moved == 0
    assert costs[0] <= costs[-1]
    again = reconsider(given, standing, churn=150)
    assert msgspec.json.encode(again) == msgspec.json.encode(reconsider(given, standing, churn=150))


def test_moving_pays_somewhere_among_the_crowded() -> None:
    moved = 0
    for seed in range(900, 904):
        document = crowded(seed)
        moved += reconsider(read(document), standing_of(document, 5), churn=50).moved
    assert moved > 0
