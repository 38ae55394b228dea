"""The strategies and the packs of five trades, on orders worked out by hand.

To Hangzhou Shanghai costs 2,500 (160 km), Guangzhou 4,500 (1,050 km), Chengdu 5,500 (1,540 km).
"""

from typing import Any

import msgspec
import pytest

from entrepot.routing.policy.shelf import from_shelf
from entrepot.routing.policy.text import policy_text
from tests.routing.policy.test_rules import at_node, decided, nodes, reason
from tests.routing.test_decisions import EVERYWHERE, line, world

Document = dict[str, Any]


def under(name: str, plain: Document) -> Any:
    return decided(plain, from_shelf(name))


def test_priority_follows_the_numbers() -> None:
    plain = world(EVERYWHERE, line("A"))
    at_node(plain, "CTU")["attrs"] = {"priority": 1}
    at_node(plain, "SHA")["attrs"] = {"priority": 2}
    assert list(nodes(under("priority", plain))) == ["CTU"]
    assert list(nodes(under("cheapest", plain))) == ["SHA"]


def test_nearest_takes_the_nearest_whatever_it_costs() -> None:
    plain = world(EVERYWHERE, line("A"))
    at_node(plain, "SHA")["fix"] = 50_000
    assert list(nodes(under("nearest", plain))) == ["SHA"]
    assert list(nodes(under("cheapest", plain))) == ["CAN"]


def test_fewest_splits_comes_before_money() -> None:
    plain = world({"SHA": {"A": 5}, "CAN": {"B": 5}, "CTU": {"A": 5, "B": 5}}, line("A"), line("B"))
    at_node(plain, "CTU")["fix"] = 9000
    assert list(nodes(under("fewest-splits", plain))) == ["CTU"]
    assert list(nodes(under("cheapest", plain))) == ["CAN", "SHA"]


def test_most_stock_and_oldest_stock_go_first() -> None:
    plain = world({"SHA": {"A": 5}, "CAN": {"A": 6}, "CTU": {"A": 4}}, line("A"))
    at_node(plain, "CTU")["stock_attrs"] = {"A": {"age_days": 90}}
    at_node(plain, "SHA")["stock_attrs"] = {"A": {"age_days": 30}}
    assert list(nodes(under("most-stock", plain))) == ["CAN"]
    assert list(nodes(under("oldest-stock", plain))) == ["CTU"]


def test_slow_movers_go_first() -> None:
    plain = world(EVERYWHERE, line("A"), line("B"))
    at_node(plain, "CTU")["stock_attrs"] = {"A": {"slow": True}}
    assert nodes(under("clear-slow-movers", plain)) == {"CTU": {"A": 1, "B": 1}}
    at_node(plain, "SHA")["stock_attrs"] = {"B": {"slow": True}}
    assert nodes(under("clear-slow-movers", plain)) == {"CTU": {"A": 1}, "SHA": {"B": 1}}


@pytest.mark.parametrize(("attrs", "node"), [({}, "CAN"), ({"priority_channel": True}, "SHA")])
def test_best_sellers_are_kept_for_priority_channels(attrs: Document, node: str) -> None:
    best = line("A", attrs={"best_seller": True})
    plain = world({"SHA": {"A": 5}, "CAN": {"A": 9}}, best, attrs=attrs)
    assert list(nodes(under("protect-best-sellers", plain))) == [node]


def test_the_promise_comes_before_money() -> None:
    late = 720 + 720 + 720 - 1
    plain = world(EVERYWHERE, line("A"), deliver_by=late, late="soft")
    assert list(nodes(under("promise-first", plain))) == ["SHA"]
    by_air = [[*rate[:4], 100] for rate in plain["services"][0]["rates"]]
    plain["services"][0]["rates"] = by_air
    assert list(nodes(under("promise-first", plain))) == ["CTU"]
    assert list(nodes(under("cheapest", plain))) == ["SHA"]


def test_fashion_clears_last_season_and_keeps_core_sizes_in_shops() -> None:
    plain = world({"SHA": {"A": 2}, "CAN": {"A": 9}}, line("A", attrs={"core_size": True}))
    at_node(plain, "SHA")["type"] = "store"
    found = under("fashion", plain)
    assert list(nodes(found)) == ["CAN"]
    assert reason(found, "SHA").code == "stock_held"
    plain = world(EVERYWHERE, line("A"))
    at_node(plain, "SHA")["stock_attrs"] = {"A": {"display": True}}
    assert reason(under("fashion", plain), "SHA").code == "display_only"
    plain["nodes"][0]["stock_attrs"] = {"A": {"season": "past"}}
    for fix, node in ((999, "CAN"), (1001, "CTU")):
        at_node(plain, "CAN")["fix"] = fix
        assert list(nodes(under("fashion", plain))) == [node]
    outfit = [line(sku, attrs={"outfit": True}) for sku in "AB"]
    apart = world({"SHA": {"A": 5}, "CAN": {"B": 5}}, *outfit)
    found = under("fashion", apart)
    assert (found.plan.status, found.outcomes[0].fallback) == ("infeasible", "backorder")


def test_grocery_keeps_the_cold_chain_and_sells_what_expires_first() -> None:
    plain = world({"SHA": {"A": 5}, "CAN": {"A": 5}}, line("A", tags=["cold"]))
    for service in plain["services"]:
        for rate in service["rates"]:
            rate[4] = 100
    at_node(plain, "SHA")["stock_attrs"] = {"A": {"life_days": 9}}
    at_node(plain, "CAN")["stock_attrs"] = {"A": {"life_days": 4}}
    assert list(nodes(under("grocery", plain))) == ["CAN"]
    at_node(plain, "CAN")["stock_attrs"] = {"A": {"life_days": 2}}
    found = under("grocery", plain)
    assert list(nodes(found)) == ["SHA"]
    assert reason(found, "CAN").code == "too_little_life"
    at_node(plain, "SHA")["tags"] = []
    assert under("grocery", plain).outcomes[0].fallback == "cancel"


def test_grocery_counts_hours_in_transit() -> None:
    plain = world({"SHA": {"A": 5}}, line("A", tags=["cold"]))
    rates = next(s for s in plain["services"] if s["node"] == "SHA")["rates"]
    for minutes, code in ((2880, "too_late"), (2881, "too_late"), (500, None)):
        for rate in rates:
            rate[4] = minutes
        found = under("grocery", plain)
        told = reason(found, "SHA")
        assert (told.code if told else None) == code
        cold = [e for e in found.exclusions if e.code == "cold_chain_broken"]
        assert bool([e for e in cold if e.node == "SHA"]) == (minutes > 2880)


@pytest.mark.parametrize(
    ("dg", "level", "licences", "region", "code"),
    [
        ("3", "standard", ["3"], "CN-ZJ", None),
        ("3", "standard", ["8"], "CN-ZJ", "no_licence"),
        ("6", "standard", ["3", "6"], "CN-ZJ", "class_not_on_this_lane"),
        ("6", "hazmat_road", ["3", "6"], "CN-ZJ", None),
        ("3", "hazmat_road", ["3"], "CN-XZ", "class_not_delivered_there"),
        (None, "standard", [], "CN-XZ", None),
    ],
)
def test_chemicals_need_licence_lane_and_destination(
    dg: str | None, level: str, licences: list[str], region: str, code: str | None
) -> None:
    goods = line("A", attrs={} if dg is None else {"dg_class": dg})
    plain = world({"SHA": {"A": 5}}, goods)
    plain["orders"][0]["dest"] = plain["orders"][0]["dest"] | {"region": region}
    at_node(plain, "SHA")["attrs"] = {"dg_classes": licences}
    for service in plain["services"]:
        service["level"] = level
    found = under("chemicals", plain)
    told = reason(found, "SHA")
    assert (told.code if told else None) == code
    assert (found.plan.status == "optimal") == (code is None)


@pytest.mark.parametrize(
    ("grams", "level", "floor", "money"),
    [(30_000, "standard", 1, 2500), (30_001, "standard", 1, None), (30_001, "two_man", 1, 2500),
     (30_001, "two_man", 2, 5500)],
)  # fmt: skip
def test_furniture_needs_two_men_and_charges_for_carrying(
    grams: int, level: str, floor: int, money: int | None
) -> None:
    plain = world({"SHA": {"A": 5}}, line("A") | {"g": grams}, attrs={"floor": floor})
    for service in plain["services"]:
        service |= {"level": level, "max_g": 90_000, "rates": [[90_000, 2000, 1000, 0, 100]] * 6}
    found = under("furniture", plain)
    if money is None:
        assert reason(found, "SHA").code == "needs_two_men"
    else:
        assert found.outcomes[0].money == money


def test_furniture_crews_have_so_many_minutes() -> None:
    plain = world(EVERYWHERE, line("A"))
    at_node(plain, "SHA")["attrs"] = {"crews": 1, "minutes_booked": 480 - 60}
    assert list(nodes(under("furniture", plain))) == ["SHA"]
    at_node(plain, "SHA")["attrs"]["minutes_booked"] += 1
    found = under("furniture", plain)
    assert list(nodes(found)) == ["CAN"]
    assert (reason(found, "SHA").observed, reason(found, "SHA").required) == (59, 60)


def test_forwarding_keeps_lines_batteries_and_consignees() -> None:
    plain = world(EVERYWHERE, line("A"), attrs={"line": "sea"})
    at_node(plain, "CAN")["attrs"] = {"lines": ["sea", "air"]}
    found = under("forwarding", plain)
    assert list(nodes(found)) == ["CAN"]
    assert reason(found, "SHA").code == "line_not_from_here"
    battery = world(EVERYWHERE, line("A", attrs={"battery": True}))
    battery["services"][0]["tags"] = ["battery"]
    found = under("forwarding", battery)
    assert list(nodes(found)) == ["CTU"]
    assert reason(found, "SHA").code == "batteries_not_taken"
    apart = world({"SHA": {"A": 5}, "CAN": {"B": 5}}, line("A"), line("B"))
    assert under("forwarding", apart).plan.status == "optimal"
    apart["orders"][0]["attrs"] = {"market": "TW"}
    assert under("forwarding", apart).outcomes[0].fallback == "manual"
    held = world(EVERYWHERE, line("A"))
    at_node(held, "SHA")["stock_attrs"] = {"A": {"customs": "held"}}
    assert list(nodes(under("forwarding", held))) == ["CAN"]


@pytest.mark.parametrize(
    "name",
    ["regional", "split-or-combine", "stock-health", "stores-and-pickup", "marketplaces",
     "fashion", "grocery", "chemicals", "furniture", "forwarding"],
)  # fmt: skip
def test_a_pack_fits_on_a_page(name: str) -> None:
    rules = msgspec.structs.replace(from_shelf(name), tests=())
    assert len(policy_text(rules).splitlines()) <= 66
