"""Orders whose right answer a person can work out: which node, split or not, and why.

Three warehouses, Shanghai, Guangzhou and Chengdu, with one standard service each. A zone costs
10 yuan more than the one before; another kilogram 2 yuan; a shipment is handled for 5 yuan.
"""

from typing import Any

import pytest

from tests.routing.checker import broken_rules
from tests.routing.oracle import kilometres
from tests.routing.solving import route_document

Document = dict[str, Any]

PLACES = {"CTU": (30.57, 104.06), "CAN": (23.13, 113.26), "SHA": (31.23, 121.47)}
HANGZHOU = {"lat": 30.27, "lon": 120.15, "region": "CN-ZJ"}
SHENZHEN = {"lat": 22.54, "lon": 114.06, "region": "CN-GD"}


def world(stock: dict[str, dict[str, int]], *lines: Document, **order: Any) -> Document:
    """A problem with one order; `stock` by node and SKU."""
    rates = [[1000, 1000 + 1000 * zone, 1000, 200, 720 + 720 * zone] for zone in range(6)]
    return {
        "format": "routing-problem/1",
        "instant0": "2026-11-22T00:00:00Z",
        "currency": "CNY",
        "now": 0,
        "zone_km": [50, 300, 800, 1500, 2500],
        "nodes": [
            {"id": name, "lat": lat, "lon": lon, "region": "CN", "fix": 500, "tags": ["cold"],
             "stock": {sku: [units, 0, 0] for sku, units in stock.get(name, {}).items()}}
            for name, (lat, lon) in PLACES.items()
        ],
        "services": [
            {"id": "std", "node": name, "carrier": "SF", "level": "standard", "tags": ["cold"],
             "max_g": 20000, "divisor": 6000, "departures": [[600, 720, 0], [2040, 2160, 0]],
             "rates": rates}
            for name in PLACES
        ],
        "orders": [{"id": "1", "ready": 0, "dest": HANGZHOU, "lines": list(lines), **order}],
    }  # fmt: skip


def line(sku: str, qty: int = 1, **more: Any) -> Document:
    """A line of half a kilogram a unit."""
    return {"sku": sku, "qty": qty, "g": 500, "cm3": 600, **more}


def decided(problem: Document) -> tuple[dict[str, dict[str, int]], Document]:
    """Units by node, and the whole answer; the plan must break no rule."""
    plan = route_document(problem, explained=True)
    assert broken_rules(problem, plan) == []
    answer = plan["orders"][0]
    assert answer["status"] == "optimal"
    return {s["node"]: s["units"] for s in answer["shipments"]}, answer


def candidate(answer: Document, node: str) -> Document:
    return next(c for c in answer["candidates"] if c["node"] == node)


EVERYWHERE = {"CTU": {"A": 5, "B": 5}, "CAN": {"A": 5, "B": 5}, "SHA": {"A": 5, "B": 5}}


@pytest.mark.parametrize(
    ("dest", "node", "others"),
    [(HANGZHOU, "SHA", {"CAN": 2000, "CTU": 3000}), (SHENZHEN, "CAN", {"SHA": 2000, "CTU": 2000})],
)
def test_the_near_node_ships_and_the_others_have_their_price(
    dest: Document, node: str, others: dict[str, int]
) -> None:
    # Hangzhou: Shanghai 160 km (zone 1), Guangzhou 1,050 (3), Chengdu 1,540 (4).
    # Shenzhen: Guangzhou 105 km (1), Shanghai 1,210 (3), Chengdu 1,340 (3).
    units, answer = decided(world(EVERYWHERE, line("A"), dest=dest))
    assert units == {node: {"A": 1}}
    assert answer["cost"] == 500 + 2000
    assert {n: candidate(answer, n)["delta"] for n in others} == others


def test_distances_fall_into_zones_strictly_above_each_limit() -> None:
    problem = world(EVERYWHERE, line("A"))
    far = kilometres(HANGZHOU, problem["nodes"][2])
    problem["zone_km"] = [50, far, far + 1, 9000, 9000]
    assert decided(problem)[1]["cost"] == 500 + 2000
    problem["zone_km"] = [50, far - 1e-6, far + 1, 9000, 9000]
    assert decided(problem)[1]["cost"] == 500 + 3000


def test_an_order_is_not_split_when_one_node_has_all() -> None:
    units, _ = decided(world({"SHA": {"A": 5}, "CTU": {"A": 5, "B": 5}}, line("A"), line("B")))
    assert units == {"CTU": {"A": 1, "B": 1}}


def test_an_order_is_split_when_no_node_has_all() -> None:
    stock = {"SHA": {"A": 5}, "CTU": {"B": 5}}
    units, answer = decided(world(stock, line("A"), line("B")))
    assert units == {"SHA": {"A": 1}, "CTU": {"B": 1}}
    assert answer["cost"] == (500 + 2000) + (500 + 5000)


def test_a_line_is_split_only_where_it_may_be() -> None:
    stock = {"SHA": {"A": 2}, "CAN": {"A": 2}, "CTU": {"A": 3}}
    units, _ = decided(world(stock, line("A", 3)))
    assert units == {"CTU": {"A": 3}}
    stock["CTU"] = {"A": 1}
    units, _ = decided(world(stock, line("A", 3)))
    assert sum(shipped["A"] for shipped in units.values()) == 3
    assert len(units) == 2
    whole = route_document(world(stock, line("A", 3), split_lines=False))
    assert whole["status"] == "infeasible"


@pytest.mark.parametrize("rule", [{"ship_complete": True}, {"max_shipments": 1}, {"kit": True}])
def test_no_split_where_it_is_forbidden(rule: Document) -> None:
    kit = {"group": "gift"} if rule.pop("kit", False) else {}
    stock = {"SHA": {"A": 5}, "CAN": {"B": 5}, "CTU": {"A": 1, "B": 1}}
    units, _ = decided(world(stock, line("A", **kit), line("B", **kit), **rule))
    assert units == {"CTU": {"A": 1, "B": 1}}
    apart = {"SHA": {"A": 5}, "CAN": {"B": 5}}
    problem = world(apart, line("A", **kit), line("B", **kit), **rule)
    assert route_document(problem)["status"] == "infeasible"


def test_cold_goods_go_to_a_cold_node_and_the_reason_is_told() -> None:
    problem = world(EVERYWHERE, line("A", tags=["cold"]))
    problem["nodes"][2]["tags"] = []
    units, answer = decided(problem)
    assert units == {"CAN": {"A": 1}}
    assert candidate(answer, "SHA")["excluded"]["code"] == "not_capable"


def test_a_full_node_is_passed_over() -> None:
    problem = world(EVERYWHERE, line("A"))
    problem["nodes"][2]["cap_units"] = 0
    assert decided(problem)[0] == {"CAN": {"A": 1}}


def test_a_promise_can_justify_a_split_or_another_node() -> None:
    # Chengdu is four zones away: leaves 720, arrives after 720 + 4 x 720 minutes.
    stock = {"SHA": {"A": 5}, "CAN": {"B": 5}, "CTU": {"A": 5, "B": 5}}
    relaxed, _ = decided(world(stock, line("A"), line("B")))
    assert list(relaxed) == ["CTU"]
    tight = world(stock, line("A"), line("B"), deliver_by=720 + 720 + 3 * 720, late="hard")
    units, answer = decided(tight)
    assert units == {"SHA": {"A": 1}, "CAN": {"B": 1}}
    assert candidate(answer, "CTU")["excluded"] == {
        "code": "too_late", "observed": 720 + 720 + 4 * 720, "required": 720 + 720 + 3 * 720,
    }  # fmt: skip


def test_a_late_day_costs_what_it_costs() -> None:
    problem = world(EVERYWHERE, line("A"), deliver_by=720 + 720 + 720 - 1, late="soft")
    problem["orders"][0]["late_day"] = 300
    assert decided(problem)[1]["cost"] == 500 + 2000 + 300


def test_slow_stock_goes_first_when_its_shadow_says_so() -> None:
    problem = world(EVERYWHERE, line("A"))
    problem["nodes"][0]["stock"]["A"] = [5, 0, -3100]
    assert decided(problem)[0] == {"CTU": {"A": 1}}
    problem["nodes"][0]["stock"]["A"] = [5, 0, -2900]
    assert decided(problem)[0] == {"SHA": {"A": 1}}


def test_safety_stock_is_never_sold() -> None:
    problem = world(EVERYWHERE, line("A", 2))
    problem["nodes"][2]["stock"]["A"] = [5, 4, 0]
    units, _ = decided(problem)
    assert units.get("SHA", {"A": 0})["A"] <= 1


def test_very_many_units_are_bounded_and_shipped() -> None:
    stock = {"SHA": {"A": 40_000, "B": 9_000}, "CAN": {"A": 70_000}, "CTU": {"B": 30_000}}
    problem = world(stock, line("A", 90_000), line("B", 35_000))
    for service in problem["services"]:
        service["max_g"] = 10**9
    plan = route_document(problem)
    assert broken_rules(problem, plan) == []
    assert plan["status"] == "bounded"
    assert 0 < plan["lower_bound"] <= plan["cost"]


def test_more_than_all_stock_is_proven_infeasible() -> None:
    problem = world({"SHA": {"A": 40_000}, "CAN": {"A": 49_999}}, line("A", 90_000))
    assert route_document(problem)["status"] == "infeasible"
