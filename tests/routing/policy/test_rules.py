"""Each kind of rule on orders whose right answer a person can work out.

Three warehouses (see `test_decisions`): Shanghai, Guangzhou, Chengdu; to Hangzhou Shanghai is the
cheapest (2,500), then Guangzhou (4,500), then Chengdu (5,500).
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from entrepot.kernel.refusals import Conflict, Invalid
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import Exclusion, Problem
from entrepot.routing.policy.applying import apply, moment_of
from entrepot.routing.policy.deciding import Ruled, route_under, wave_under
from entrepot.routing.policy.document import Policy
from tests.routing.policy.made import both, check, no, policy
from tests.routing.test_decisions import EVERYWHERE, SHENZHEN, line, world

Document = dict[str, Any]


def problem_of(plain: Document) -> Problem:
    return decode_problem(json.dumps(plain).encode())


def decided(plain: Document, rules: Policy, **options: Any) -> Ruled:
    problem = problem_of(plain)
    return route_under(rules, problem, at=moment_of(problem), explained=True, **options)


def nodes(found: Ruled, order: int = 0) -> dict[str, dict[str, int]]:
    return {s.node: s.units for s in found.plan.orders[order].shipments}


def reason(found: Ruled, node: str) -> Exclusion | None:
    candidates = found.plan.orders[0].candidates or ()
    return next(c.excluded for c in candidates if c.node == node)


def at_node(plain: Document, node: str) -> Document:
    found: Document = next(n for n in plain["nodes"] if n["id"] == node)
    return found


def exclude(**more: Any) -> Document:
    return {"kind": "exclude", "id": "rule", **more}


def test_an_empty_policy_changes_nothing() -> None:
    plain = world(EVERYWHERE, line("A", 2), line("B"))
    assert nodes(decided(plain, policy())) == {"SHA": {"A": 2, "B": 1}}
    problem = problem_of(plain)
    assert apply(policy(), problem, at=moment_of(problem)).problem == problem


def test_an_excluded_node_is_told_with_what_was_seen_and_what_would_do() -> None:
    plain = world(EVERYWHERE, line("A"))
    at_node(plain, "SHA")["attrs"] = {"tax_zone": "east"}
    found = decided(plain, policy(exclude(options=check("node.attrs.tax_zone", "eq", "east"))))
    assert nodes(found) == {"CAN": {"A": 1}}
    assert reason(found, "SHA") == Exclusion(
        "excluded_by_policy", "east", 'node.attrs.tax_zone != "east"'
    )
    assert found.outcomes[0].rules == ("rule",)


def test_only_the_lines_that_match_are_kept_away() -> None:
    plain = world(EVERYWHERE, line("A", attrs={"fragile": True}), line("B"))
    at_node(plain, "CTU")["attrs"] = {"specialist": True}
    rule = exclude(
        lines=check("line.attrs.fragile", "eq", True),
        unless=check("node.attrs.specialist", "eq", True), code="specialist_only",
    )  # fmt: skip
    found = decided(plain, policy(rule))
    assert nodes(found) == {"CTU": {"A": 1, "B": 1}}
    near = {"SHA": {"A": 5, "B": 5}, "CTU": {"A": 5}}
    plain = world(near, line("A", attrs={"fragile": True}), line("B"))
    at_node(plain, "CTU")["attrs"] = {"specialist": True}
    found = decided(plain, policy(rule))
    assert nodes(found) == {"CTU": {"A": 1}, "SHA": {"B": 1}}
    told = [e for e in found.exclusions if e.node == "SHA"]
    assert [(e.skus, e.whole, e.code, e.observed) for e in told] == [
        (("A",), False, "specialist_only", None)
    ]


@pytest.mark.parametrize(("penalty", "node"), [(1999, "SHA"), (2000, "CAN"), (2001, "CAN")])
def test_a_preference_is_worth_exactly_its_amount(penalty: int, node: str) -> None:
    # Equal cost at 2,000: SHA and CAN tie; the canonical order would take CAN.
    rule = {"kind": "prefer", "id": "p", "options": check("node.id", "eq", "CAN"),
            "minor_per_shipment": penalty}  # fmt: skip
    found = decided(world(EVERYWHERE, line("A")), policy(rule))
    assert nodes(found) == {node: {"A": 1}}
    assert found.outcomes[0].money == (4500 if node == "CAN" else 2500)


def test_a_charge_is_real_money() -> None:
    rule = {"kind": "charge", "id": "duty", "options": check("node.id", "eq", "SHA"),
            "minor_per_shipment": 1000, "minor_per_unit": 300}  # fmt: skip
    found = decided(world(EVERYWHERE, line("A", 2)), policy(rule))
    assert nodes(found) == {"SHA": {"A": 2}}
    assert found.outcomes[0].money == found.plan.cost == 2500 + 1000 + 2 * 300


APART = {"SHA": {"A": 5}, "CAN": {"B": 5}, "CTU": {"A": 5, "B": 5}}


def test_limits_bind_the_orders_they_speak_of() -> None:
    # Apart: 2,500 + 4,500 = 7,000 > Chengdu alone 5,500; Chengdu dearer: apart.
    plain = world(APART, line("A"), line("B"), attrs={"amount_minor": 19_999})
    at_node(plain, "CTU")["fix"] = 5000
    small = {"kind": "limit", "id": "small", "max_shipments": 1,
             "when": check("order.attrs.amount_minor", "lt", 20_000)}  # fmt: skip
    assert set(nodes(decided(plain, policy()))) == {"SHA", "CAN"}
    assert set(nodes(decided(plain, policy(small)))) == {"CTU"}
    plain["orders"][0]["attrs"]["amount_minor"] = 20_000
    assert set(nodes(decided(plain, policy(small)))) == {"SHA", "CAN"}


@pytest.mark.parametrize(
    "limit", [{"ship_complete": True}, {"max_shipments": 1}, {"together": True}]
)
def test_what_must_stay_together_is_not_torn(limit: Document) -> None:
    plain = world(APART, line("A"), line("B"))
    at_node(plain, "CTU")["fix"] = 5000
    rule = {"kind": "limit", "id": "whole", **limit}
    assert set(nodes(decided(plain, policy(rule)))) == {"CTU"}


def test_lines_are_not_split_where_that_is_forbidden() -> None:
    plain = world({"SHA": {"A": 2}, "CAN": {"A": 2}}, line("A", 3))
    assert decided(plain, policy()).plan.status == "optimal"
    whole = {"kind": "limit", "id": "whole", "whole_lines": True}
    assert decided(plain, policy(whole)).plan.status == "infeasible"


def test_a_limit_that_yields_gives_way_and_is_told() -> None:
    plain = world({"SHA": {"A": 5}, "CAN": {"B": 5}}, line("A"), line("B"))
    rule = {"kind": "limit", "id": "combine", "max_shipments": 1}
    assert decided(plain, policy(rule)).plan.status == "infeasible"
    found = decided(plain, policy(rule | {"yields": True}))
    assert set(nodes(found)) == {"SHA", "CAN"}
    assert found.outcomes[0].yielded == ("combine",)
    together = decided(world(APART, line("A"), line("B")), policy(rule | {"yields": True}))
    assert set(nodes(together)) == {"CTU"}
    assert together.outcomes[0].yielded == ()


def test_a_promise_excludes_what_is_late_to_the_minute() -> None:
    # Ready at 0; Guangzhou arrives at 720 + 720 + 3 x 720 = 3,600.
    plain = world({"CAN": {"A": 5}, "CTU": {"A": 5}}, line("A"))
    for within, node in ((3600, "CAN"), (3599, None)):
        rule = {"kind": "promise", "id": "fast", "within_min": within}
        found = decided(plain, policy(rule))
        assert list(nodes(found)) == ([node] if node else [])
        told = reason(found, "CTU")
        assert told == Exclusion("too_late", 4320, within)


def test_next_day_ends_at_its_local_hour() -> None:
    # instant0 is midnight UTC, 08:00 in Shanghai; tomorrow 20:00 there is 36 hours later.
    rule = {"kind": "promise", "id": "next-day",
            "by_day": {"days": 1, "clock": "20:00", "zone": "Asia/Shanghai"}}  # fmt: skip
    problem = problem_of(world(EVERYWHERE, line("A")))
    applied = apply(policy(rule), problem, at=moment_of(problem))
    assert applied.problem.orders[0].deliver_by == 36 * 60
    early = problem_of(world(EVERYWHERE, line("A"), deliver_by=100))
    assert apply(policy(rule), early, at=moment_of(early)).problem.orders[0].deliver_by == 100
    late = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert apply(policy(rule), problem, at=late).problem.orders[0].deliver_by == 60 * 60


def test_a_soft_promise_costs_by_the_day() -> None:
    plain = world(EVERYWHERE, line("A"))
    rule = {"kind": "promise", "id": "soft", "within_min": 2159, "late": "soft",
            "late_day_minor": 700}  # fmt: skip
    assert decided(plain, policy(rule)).plan.cost == 2500 + 700
    rule["within_min"] = 2160
    assert decided(plain, policy(rule)).plan.cost == 2500


@pytest.mark.parametrize(("held", "node"), [(4, "SHA"), (5, "CAN")])
def test_held_stock_is_not_sold(held: int, node: str) -> None:
    stock = {"SHA": {"A": 5}, "CAN": {"A": 50}}
    rule = {"kind": "stock", "id": "keep", "hold_units": held,
            "when": no(check("order.attrs.channel", "eq", "vip"))}  # fmt: skip
    found = decided(world(stock, line("A")), policy(rule))
    assert list(nodes(found)) == [node]
    if held == 5:
        assert reason(found, "SHA") == Exclusion("stock_held", 5, 6)
    vip = world(stock, line("A"), attrs={"channel": "vip"})
    assert list(nodes(decided(vip, policy(rule)))) == ["SHA"]


def test_safety_stock_is_freed_only_by_an_override() -> None:
    plain = world({"SHA": {"A": 5}, "CAN": {"A": 50}}, line("A"))
    at_node(plain, "SHA")["stock"]["A"] = [5, 5, 0]
    assert list(nodes(decided(plain, policy()))) == ["CAN"]
    rule = {"kind": "stock", "id": "override", "release_safety": True}
    assert list(nodes(decided(plain, policy(rule)))) == ["SHA"]


@pytest.mark.parametrize(("credit", "node"), [(2999, "SHA"), (3001, "CTU")])
def test_slow_stock_goes_first_when_it_is_worth_it(credit: int, node: str) -> None:
    plain = world(EVERYWHERE, line("A"))
    at_node(plain, "CTU")["stock_attrs"] = {"A": {"slow": True}}
    rule = {"kind": "stock", "id": "slow", "options": check("stock.attrs.slow", "eq", True),
            "credit_minor_per_unit": credit}  # fmt: skip
    found = decided(plain, policy(rule))
    assert list(nodes(found)) == [node]
    assert found.outcomes[0].money == (2500 if node == "SHA" else 5500)


def test_a_promotion_counts_only_in_its_time() -> None:
    plain = world(EVERYWHERE, line("A"))
    at_node(plain, "CTU")["stock_attrs"] = {"A": {"promo": True}}
    rule = {"kind": "stock", "id": "promo", "options": check("stock.attrs.promo", "eq", True),
            "credit_minor_per_unit": 4000, "from": "2026-11-22T00:00:00Z",
            "until": "2026-11-23T00:00:00Z"}  # fmt: skip
    problem, start = problem_of(plain), datetime(2026, 11, 22, tzinfo=UTC)
    minute = timedelta(minutes=1)
    for at, node in (
        (start - minute, "SHA"), (start, "CTU"), (start + timedelta(days=1) - minute, "CTU"),
        (start + timedelta(days=1), "SHA"),
    ):  # fmt: skip
        assert list(nodes(route_under(policy(rule), problem, at=at))) == [node]


def test_a_full_node_is_passed_over_and_told() -> None:
    plain = world(EVERYWHERE, line("A"))
    at_node(plain, "SHA")["attrs"] = {"today": 9}
    rule = {"kind": "node_capacity", "id": "daily", "shipments": 9, "taken": "today"}
    found = decided(plain, policy(rule))
    assert list(nodes(found)) == ["CAN"]
    assert reason(found, "SHA") == Exclusion("capacity_used_up", 0, 1)
    at_node(plain, "SHA")["attrs"] = {"today": 8}
    assert list(nodes(decided(plain, policy(rule)))) == ["SHA"]


def test_orders_of_a_file_share_what_a_node_may_do() -> None:
    plain = world(EVERYWHERE, line("A"))
    plain["orders"] = [plain["orders"][0] | {"id": f"{i}"} for i in range(5)]
    rule = {"kind": "node_capacity", "id": "labour", "labour_min": 20, "min_per_shipment": 8,
            "min_per_unit": 2}  # fmt: skip
    found = decided(plain, policy(rule))
    assert [list(nodes(found, i)) for i in range(5)] == [
        ["SHA"], ["SHA"], ["CAN"], ["CAN"], ["CTU"],
    ]  # fmt: skip
    assert found.plan.status == "bounded"
    assert found.plan.lower_bound == 5 * 2500
    assert found.plan.cost == 2 * 2500 + 2 * 4500 + 5500


def test_orders_of_a_file_share_stock_and_the_bound_stays_true() -> None:
    plain = world({"SHA": {"A": 1}, "CAN": {"A": 9}}, line("A"))
    plain["orders"] = [plain["orders"][0] | {"id": f"{i}"} for i in range(2)]
    plain["orders"][1] = plain["orders"][1] | {"dest": SHENZHEN}
    found = decided(plain, policy())
    assert [list(nodes(found, i)) for i in range(2)] == [["SHA"], ["CAN"]]
    assert (found.plan.status, found.plan.cost) == ("optimal", 5000)
    plain["orders"][1] = plain["orders"][0] | {"id": "again"}
    found = decided(plain, policy())
    assert [list(nodes(found, i)) for i in range(2)] == [["SHA"], ["CAN"]]
    assert (found.plan.status, found.plan.cost, found.plan.lower_bound) == ("bounded", 7000, 5000)


def test_orders_with_other_prices_can_be_a_wave() -> None:
    plain = world({"SHA": {"A": 1}, "CAN": {"A": 9}}, line("A"))
    first = plain["orders"][0]
    plain["orders"] = [first | {"attrs": {"hub": "SHA"}}, first | {"id": "2"}]
    rule = {"kind": "prefer", "id": "hub", "options": check("node.id", "eq", "CAN"),
            "minor_per_shipment": 1000, "when": check("order.attrs.hub", "exists")}  # fmt: skip
    problem = problem_of(plain)
    found = wave_under(policy(rule), problem, at=moment_of(problem))
    assert [list(nodes(found, i)) for i in range(2)] == [["CAN"], ["SHA"]]
    assert (found.plan.status, found.plan.cost) == ("optimal", 7000)
    assert [s.service for o in found.plan.orders for s in o.shipments] == ["std", "std"]


def test_orders_that_see_other_stock_are_no_wave() -> None:
    plain = world(EVERYWHERE, line("A"))
    plain["orders"].append(plain["orders"][0] | {"id": "2", "attrs": {"vip": True}})
    rule = {"kind": "stock", "id": "keep", "hold_units": 4,
            "when": no(check("order.attrs.vip", "eq", True))}  # fmt: skip
    problem = problem_of(plain)
    with pytest.raises(Conflict) as refused:
        wave_under(policy(rule), problem, at=moment_of(problem))
    assert refused.value.code == "orders_differ"
    assert len(decided(plain, policy(rule)).outcomes) == 2


def test_what_becomes_of_an_order_without_a_plan() -> None:
    plain = world({}, line("A"), attrs={"waits": True})
    rules = policy(
        {"kind": "fallback", "id": "wait", "action": "backorder",
         "when": check("order.attrs.waits", "eq", True)},
        {"kind": "fallback", "id": "else", "action": "cancel"},
    )  # fmt: skip
    outcome = decided(plain, rules).outcomes[0]
    assert (outcome.fallback, outcome.fallback_rule) == ("backorder", "wait")
    plain["orders"][0]["attrs"] = {}
    outcome = decided(plain, rules).outcomes[0]
    assert (outcome.fallback, outcome.fallback_rule) == ("cancel", "else")
    served = decided(world(EVERYWHERE, line("A")), rules).outcomes[0]
    assert (served.fallback, served.fallback_rule) == (None, None)


def test_tiers_that_fit_no_whole_number_are_refused() -> None:
    plain = world(EVERYWHERE, line("A", 900_000), line("B", 900_000))
    rule = {"kind": "objective", "id": "o", "tiers": ["shipments", "km", "life", "hours", "money"]}
    with pytest.raises(Invalid) as refused:
        decided(plain, policy(rule))
    assert refused.value.code == "objective_too_wide"


def test_the_same_content_is_the_same_problem() -> None:
    rules = [exclude(options=both(check("node.id", "eq", "SHA"), check("node.km", "lt", 500)))]
    plain = world(EVERYWHERE, line("A"), line("B"))
    problem = problem_of(plain)
    again = [apply(policy(*rules), problem, at=moment_of(problem)) for _ in range(2)]
    assert again[0] == again[1]
    truth = policy(exclude(options=check("node.attrs.x", "eq", True)))
    one = policy(exclude(options=check("node.attrs.x", "eq", 1)))
    at_node(plain, "SHA")["attrs"] = {"x": True}
    for rules_now, node in ((truth, "CAN"), (one, "SHA"), (truth, "CAN")):
        assert list(nodes(decided(plain, rules_now))) == [node]
