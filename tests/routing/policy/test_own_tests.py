"""The tests that policies carry: run, found missing, told apart, kept by the text form."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from entrepot.cli.policy import policy as policy_commands
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.examples import example_names
from entrepot.routing.policy.lint.linting import lint
from entrepot.routing.policy.parsing import parse_policy
from entrepot.routing.policy.shelf import from_shelf, names_on
from entrepot.routing.policy.text import policy_text
from entrepot.routing.policy.trying import try_policy, untried
from tests.routing.policy.made import check, document, policy
from tests.routing.policy.test_reading import paths
from tests.routing.test_decisions import EVERYWHERE, line, world

Document = dict[str, Any]
AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SHELF = [*names_on("packs"), *names_on("strategies")]
NOT_EAST: Document = {
    "kind": "exclude", "id": "not-east", "options": check("node.id", "eq", "SHA"), "code": "closed",
}  # fmt: skip
END: Document = {"kind": "fallback", "id": "end", "action": "manual"}
ONE = world(EVERYWHERE, line("A"))
RIGHT: Document = {
    "id": "goes-south", "problem": ONE, "nodes": ["CAN"], "shipments": 1,
    "excluded": {"SHA": "closed"},
}  # fmt: skip


def carrying(*tests: Document, rules: tuple[Document, ...] = (NOT_EAST, END)) -> Policy:
    return policy(*rules, tests=list(tests))


@pytest.mark.parametrize("name", SHELF)
def test_every_shipped_policy_passes_its_own_tests_and_they_reach_every_rule(name: str) -> None:
    shipped = from_shelf(name)
    tried = try_policy(shipped)
    assert tried
    assert [one for one in tried if one.wrong] == []
    assert untried(shipped, tried) == []


def test_every_example_on_the_shelf_is_used() -> None:
    used = {test.example for name in SHELF for test in from_shelf(name).tests}
    assert used == set(example_names())


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"nodes": ["SHA"]}, "nodes: expected ['SHA'], found ['CAN']"),
        ({"shipments": 2}, "shipments: expected 2, found 1"),
        ({"excluded": {"SHA": "too_far"}}, "excluded: expected too_far at SHA, found closed"),
        ({"excluded": {"CTU": "closed"}}, "excluded: expected closed at CTU, found nothing"),
        ({"nodes": None, "shipments": None, "fallback": "manual"},
         "fallback: expected manual, found none"),
    ],
)  # fmt: skip
def test_a_test_says_what_came_out_otherwise(other: Document, told: str) -> None:
    assert try_policy(carrying(RIGHT))[0].wrong == ()
    wrong = carrying(RIGHT | other)
    assert try_policy(wrong)[0].wrong == (told,)
    failing = [finding for finding in lint(wrong, at=AT) if finding.kind == "failing"]
    assert [finding.message for finding in failing] == [f"test goes-south: {told}"]
    assert failing[0].proof.orders[0].id == "1"


def test_the_order_named_is_decided_alone() -> None:
    plain = world({"SHA": {"A": 1}, "CAN": {"A": 1}}, line("A"))
    plain["orders"] = [plain["orders"][0] | {"id": name} for name in ("first", "second")]
    tests = [
        {"id": "one", "problem": plain, "nodes": ["SHA"]},
        {"id": "two", "problem": plain, "order": "second", "nodes": ["SHA"]},
    ]
    assert [one.wrong for one in try_policy(carrying(*tests, rules=(END,)))] == [(), ()]


def test_a_refusal_fails_the_test() -> None:
    dear = {"kind": "charge", "id": "dear", "minor_per_shipment": 10**9}
    wide: Document = {
        "kind": "objective", "id": "o", "tiers": ["km", "hours", "shipments", "depth", "money"],
    }  # fmt: skip
    [tried] = try_policy(carrying(RIGHT | {"excluded": None}, rules=(wide, dear)))
    assert "objective_too_wide" in tried.wrong[0]


def test_lint_reports_policies_and_rules_without_tests() -> None:
    def untested(made: Policy) -> list[str]:
        return [found.rule for found in lint(made, at=AT) if found.kind == "untested"]

    other = {"kind": "limit", "id": "gold", "max_shipments": 1,
             "when": check("order.attrs.grade", "eq", "gold")}  # fmt: skip
    assert untested(carrying(RIGHT)) == []
    assert untested(carrying()) == [""]
    made = carrying(RIGHT, rules=(NOT_EAST, other, END))
    assert untested(made) == ["gold"]
    proof = next(found for found in lint(made, at=AT) if found.kind == "untested").proof
    assert proof.orders[0].attrs == {"grade": "gold"}


@pytest.mark.parametrize("name", ["owner", "review"])
def test_a_policy_without_owner_or_review_date_is_no_policy(name: str) -> None:
    plain = document(NOT_EAST, END, tests=[RIGHT])
    del plain[name]
    assert paths(plain) == {name: "missing"}


def test_tests_survive_the_text() -> None:
    made = carrying(RIGHT, {"id": "shelf", "example": "three-warehouses", "nodes": ["CAN"]})
    made = msgspec.structs.replace(made, systems={"order.attrs.market": 'the "shop"'})
    assert parse_policy(policy_text(made)) == made
    with pytest.raises(Exception, match="the text is no policy"):
        parse_policy(policy_text(made) + '\nfallback late\n  action "manual"\n')


def test_all_mistakes_of_tests_are_told_with_their_places() -> None:
    broken = json.loads(json.dumps(ONE))
    broken["orders"][0]["lines"][0]["qty"] = 1.5
    plain = document(
        END,
        tests=[
            {"id": "a", "example": "three-warehouses"},
            {"id": "a", "nodes": ["CAN"]},
            {"id": "c", "example": "nowhere", "nodes": ["CAN"]},
            {"id": "d", "example": "three-warehouses", "order": "none", "nodes": ["CAN"]},
            {"id": "e", "problem": ONE, "nodes": ["CAN"], "fallback": "cancel"},
            {"id": "f", "problem": broken, "nodes": ["CAN"]},
        ],
        systems={"order.moon": "ERP"},
    )
    told = paths(plain)
    assert told == {
        "systems.order.moon": "unknown",
        "tests[0]": "expects_nothing",
        "tests[1].id": "repeated",
        "tests[1]": "one_of",
        "tests[2].example": "not_found",
        "tests[3].example": "not_found",
        "tests[4].fallback": "contradiction",
        "tests[5].problem.orders[0].lines[0].qty": "wrong_type",
    }
    assert paths(document(END, tests=[{"id": "A B", "nodes": [], "wish": 1}])) == {
        "tests[0].id": "out_of_range", "tests[0].nodes": "out_of_range",
        "tests[0].wish": "unknown_field",
    }  # fmt: skip


def test_the_command_runs_them(tmp_path: Path) -> None:
    def run(made: Policy) -> Any:
        file = tmp_path / "policy.txt"
        file.write_text(policy_text(made))
        return CliRunner().invoke(policy_commands, ["test", str(file)])

    passed = run(carrying(RIGHT))
    assert (passed.exit_code, passed.stdout) == (0, "goes-south: passed\n")
    failed = run(carrying(RIGHT, RIGHT | {"id": "east", "nodes": ["SHA"]}))
    assert failed.exit_code == 1
    assert failed.stdout.splitlines()[1] == "east: nodes: expected ['SHA'], found ['CAN']"
    assert run(carrying()).exit_code == 1
    assert CliRunner().invoke(policy_commands, ["test", "nowhere"]).exit_code == 2
