"""Lint: what it finds, and that every proof shows what it says when it is run."""

from datetime import UTC, datetime
from typing import Any

import pytest

from entrepot.routing.policy.applying import apply
from entrepot.routing.policy.deciding import route_under
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.lint.linting import lint
from entrepot.routing.policy.lint.proving import Finding
from entrepot.routing.policy.shelf import from_shelf, names_on
from tests.routing.policy.made import both, check, either, no, policy

Document = dict[str, Any]
AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
END: Document = {"kind": "fallback", "id": "end", "action": "manual"}


def found(*rules: Document, **more: Any) -> tuple[Policy, list[Finding]]:
    made = policy(*rules, END, **more)
    return made, lint(made, at=AT)


def told(findings: list[Finding]) -> list[tuple[str, str, tuple[str, ...]]]:
    """What lint says of the rules; the policies made here carry no tests of their own."""
    every = [(finding.kind, finding.rule, finding.others) for finding in findings]
    return [row for row in every if row != ("untested", "", ())]


def exclude(name: str, **more: Any) -> Document:
    return {"kind": "exclude", "id": name, **more}


@pytest.mark.parametrize("name", [*names_on("packs"), *names_on("strategies")])
def test_what_ships_is_clean(name: str) -> None:
    assert lint(from_shelf(name), at=AT) == []


@pytest.mark.parametrize(
    "rule",
    [
        exclude("r", options=both(check("node.km", "lt", 50), check("node.km", "gt", 300))),
        exclude("r", when=check("order.units", "gt", 5), unless=either(
            check("node.zone", "ge", 1), check("node.zone", "lt", 1))),
        {"kind": "limit", "id": "r", "max_shipments": 1, "when": both(
            check("dest.region", "eq", "HK"), check("dest.region", "in", ["CN", "TW"]))},
        {"kind": "limit", "id": "r", "max_shipments": 1, "until": "2026-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_rules_that_never_speak_are_dead(rule: Document) -> None:
    made, findings = found(rule)
    assert ("dead", "r", ()) in told(findings)
    proof = next(finding for finding in findings if finding.kind == "dead")
    with_it = apply(made, proof.proof, at=proof.at)
    without = apply(made, proof.proof, at=proof.at, without=frozenset({"r"}))
    assert with_it.problem == without.problem
    assert with_it.exclusions == without.exclusions


def test_the_order_that_comes_closest_proves_the_dead() -> None:
    gift = check("line.attrs.kind", "eq", "gift")
    neither = both(gift, no(check("line.attrs.kind", "exists")))
    dead = {"kind": "limit", "id": "r", "max_shipments": 1, "lines": neither}
    _, findings = found(dead | {"when": check("dest.region", "eq", "HK")})
    assert findings[0].proof.orders[0].dest.region == "HK"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (exclude("a", options=check("node.km", "gt", 100)),
         exclude("b", options=check("node.km", "gt", 300))),
        (exclude("a", unless=check("node.tags", "has", "cold")),
         exclude("b", when=check("order.cod", "eq", True),
                 unless=check("node.tags", "has", "cold"))),
        ({"kind": "objective", "id": "a", "tiers": ["km"]},
         {"kind": "objective", "id": "b", "tiers": ["shipments"],
          "when": check("order.units", "gt", 1)}),
        ({"kind": "limit", "id": "a", "max_shipments": 2},
         {"kind": "limit", "id": "b", "max_shipments": 3,
          "when": check("dest.region", "eq", "HK")}),
        ({"kind": "fallback", "id": "a", "action": "cancel",
          "when": no(check("order.cod", "eq", True))},
         {"kind": "fallback", "id": "b", "action": "backorder",
          "when": both(check("order.cod", "eq", False), check("order.lines", "lt", 3))}),
    ],
)  # fmt: skip
def test_rules_that_speak_only_after_others_are_shadowed(first: Document, second: Document) -> None:
    made, findings = found(first, second)
    assert ("shadowed", "b", ("a",)) in told(findings)
    proof = next(finding for finding in findings if finding.kind == "shadowed")
    with_it = apply(made, proof.proof, at=proof.at)
    without = apply(made, proof.proof, at=proof.at, without=frozenset({"b"}))
    assert "b" in with_it.orders[0].rules
    assert with_it.problem == without.problem
    assert with_it.exclusions == without.exclusions


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (exclude("a", options=check("node.km", "gt", 300)),
         exclude("b", options=check("node.km", "gt", 100))),
        ({"kind": "objective", "id": "a", "tiers": ["km"], "when": check("order.units", "gt", 2)},
         {"kind": "objective", "id": "b", "tiers": ["shipments"]}),
        ({"kind": "limit", "id": "a", "max_shipments": 2, "yields": True},
         {"kind": "limit", "id": "b", "max_shipments": 3}),
        ({"kind": "limit", "id": "a", "max_shipments": 2, "until": "2027-01-01T00:00:00Z"},
         {"kind": "limit", "id": "b", "max_shipments": 2}),
        (exclude("a", options=check("node.attrs.x", "lt", **{"as": "node.attrs.y"})),
         exclude("b", options=both(check("node.attrs.x", "gt", 10),
                                   check("node.attrs.y", "gt", 10)))),
    ],
)  # fmt: skip
def test_rules_with_something_of_their_own_are_not(first: Document, second: Document) -> None:
    _, findings = found(first, second)
    assert [kind for kind, _, _ in told(findings) if kind in ("shadowed", "dead")] == []


def test_numbers_compared_with_each_other_can_lie_beyond_all_constants() -> None:
    rule = exclude("a", options=both(
        check("node.attrs.x", "lt", **{"as": "node.attrs.y"}),
        check("node.attrs.x", "gt", 10), check("node.attrs.y", "gt", 10)))  # fmt: skip
    assert told(found(rule)[1]) == []


def test_rules_that_leave_nothing_together_contradict_each_other() -> None:
    made, findings = found(
        exclude("near", when=check("order.cod", "eq", True), options=check("node.km", "gt", 200)),
        exclude("far", lines=check("line.tags", "has", "hazmat"),
                options=check("node.km", "le", 300)),
    )  # fmt: skip
    assert told(findings) == [("conflicting", "far", ("near",))]
    proof = findings[0]
    order = proof.proof.orders[0]
    assert order.cod
    assert "hazmat" in order.lines[0].tags
    assert route_under(made, proof.proof, at=proof.at).plan.status == "infeasible"
    for gone in ("near", "far"):
        kept = [rule for rule in made.rules if rule.id != gone]
        alone = Policy(**{**{f: getattr(made, f) for f in made.__struct_fields__}, "rules": kept})
        assert route_under(alone, proof.proof, at=proof.at).plan.status == "optimal"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"kind": "promise", "id": "a", "within_min": 100},
         {"kind": "promise", "id": "b", "within_min": 90, "late": "soft", "late_day_minor": 5,
          "when": check("dest.region", "eq", "HK")}),
        ({"kind": "stock", "id": "a", "hold_units": 5, "lines": check("line.sku", "eq", "A")},
         {"kind": "stock", "id": "b", "release_safety": True}),
        ({"kind": "stock", "id": "a", "credit_minor_per_unit": 5},
         {"kind": "stock", "id": "b", "charge_minor_per_unit": 9,
          "options": check("stock.attrs.slow", "eq", True)}),
    ],
)  # fmt: skip
def test_rules_that_want_opposite_things_contradict_each_other(
    first: Document, second: Document
) -> None:
    made, findings = found(first, second)
    assert told(findings) == [("conflicting", "b", ("a",))]
    proof = findings[0]
    assert {"a", "b"} <= set(apply(made, proof.proof, at=proof.at).orders[0].rules)


def test_preferring_what_is_excluded_is_a_contradiction() -> None:
    made, findings = found(
        {"kind": "prefer", "id": "own", "options": check("node.type", "eq", "store"),
         "minor_per_shipment": 5},
        exclude("stores", options=check("node.type", "in", ["store", "kiosk"])),
    )  # fmt: skip
    assert told(findings) == [("conflicting", "own", ("stores",))]
    told_by = apply(made, findings[0].proof, at=findings[0].at).exclusions
    assert [e.rule for e in told_by] == ["stores"]


def test_opposite_wishes_for_different_orders_are_fine() -> None:
    _, findings = found(
        {"kind": "stock", "id": "a", "hold_units": 5,
         "when": no(check("order.attrs.channel", "eq", "vip"))},
        {"kind": "stock", "id": "b", "release_safety": True,
         "when": check("order.attrs.channel", "eq", "vip")},
    )  # fmt: skip
    assert told(findings) == []


def test_orders_without_a_fallback_are_uncovered() -> None:
    made = policy({"kind": "fallback", "id": "a", "action": "cancel",
                   "when": no(both(check("dest.region", "eq", "HK"),
                                   check("order.cod", "eq", True)))})  # fmt: skip
    findings = lint(made, at=AT)
    assert told(findings) == [("uncovered", "", ())]
    order = findings[0].proof.orders[0]
    assert (order.dest.region, order.cod) == ("HK", True)
    found = route_under(made, findings[0].proof, at=findings[0].at)
    assert (found.plan.status, found.outcomes[0].fallback) == ("infeasible", None)


def test_orders_without_an_objective_are_uncovered() -> None:
    made, findings = found(
        {"kind": "objective", "id": "a", "tiers": ["km"], "when": check("order.units", "ge", 3)}
    )
    assert told(findings) == [("uncovered", "", ())]
    standing = apply(made, findings[0].proof, at=findings[0].at).orders[0]
    assert (standing.tiers, standing.rules) == (("money",), ("end",))


def test_what_is_past_its_date_is_overdue() -> None:
    limit = {"kind": "limit", "id": "sale", "max_shipments": 1, "when": check(
        "order.attrs.sale", "eq", True), "until": "2026-11-22T04:00:00Z"}  # fmt: skip
    made, findings = found(limit, review="2026-11-21", effective_until="2026-11-22T03:00:00Z")
    assert told(findings) == [("overdue", "", ()), ("overdue", "", ()), ("overdue", "sale", ())]
    proof = findings[2]
    assert proof.proof.orders[0].attrs == {"sale": True}
    assert "sale" not in apply(made, proof.proof, at=AT).orders[0].rules
    before = datetime(2026, 11, 22, 3, 59, tzinfo=UTC)
    assert "sale" in apply(made, proof.proof, at=before).orders[0].rules
    _, findings = found(review="2026-11-22")
    assert told(findings) == []


def test_what_is_too_wide_to_try_is_not_claimed() -> None:
    fields = [check(f"order.attrs.a{i}", "eq", "x") for i in range(12)]
    same = {"kind": "fallback", "action": "cancel", "when": both(*fields)}
    made = policy(same | {"id": "a"}, same | {"id": "b"}, END)
    assert told(lint(made, at=AT)) == []


def test_rules_about_dates_that_are_none_are_not_made_worlds_of() -> None:
    last = {"kind": "limit", "id": "last-day", "max_shipments": 1,
            "when": check("time.day", "ge", 99_991_231)}  # fmt: skip
    assert told(found(last)[1]) == []
