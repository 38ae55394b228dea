"""`entrepot policy …` and `entrepot route --policy`: exit codes, output, mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from entrepot.cli.policy import policy as policy_commands
from entrepot.cli.route import route_command
from entrepot.routing.policy.files import policy_bytes, policy_hash, read_policy
from entrepot.routing.policy.shelf import from_shelf
from tests.routing.policy.made import check, document
from tests.routing.test_decisions import EVERYWHERE, line, world

router = typer.Typer()
router.command()(route_command)
EXCLUDE = {
    "kind": "exclude", "id": "not-here", "options": check("node.id", "eq", "SHA"), "code": "closed",
}  # fmt: skip


def run(*arguments: str) -> Any:
    return CliRunner().invoke(policy_commands, list(arguments))


def routed(folder: Path, policy: Any, *arguments: str, plain: Any = None) -> Any:
    file, rules = folder / "problem.json", folder / "policy.json"
    file.write_text(json.dumps(plain or world(EVERYWHERE, line("A"))))
    rules.write_text(policy if isinstance(policy, str) else json.dumps(policy))
    return CliRunner().invoke(router, [str(file), "--policy", str(rules), *arguments])


def test_route_decides_under_a_policy_and_says_which(tmp_path: Path) -> None:
    plain = document(EXCLUDE)
    result = routed(tmp_path, plain, "--explain")
    assert result.exit_code == 0
    plan = json.loads(result.stdout)
    assert plan["orders"][0]["shipments"][0]["node"] == "CAN"
    told = next(c for c in plan["orders"][0]["candidates"] if c["node"] == "SHA")
    assert told["excluded"] == {
        "code": "closed", "observed": "SHA", "required": 'node.id != "SHA"',
    }  # fmt: skip
    assert plan["policy"] == {
        "id": "trial", "version": 1,
        "hash": policy_hash(read_policy(json.dumps(plain).encode())),
        "orders": [{"order": "1", "rules": ["not-here"], "money": 4500}],
    }  # fmt: skip


def test_a_policy_as_text_or_from_the_shelf_decides_as_well(tmp_path: Path) -> None:
    text = 'policy trial version 1\nowner "me"\nreview 2027-01-31\nfrom 2026-01-01T00:00:00Z\n'
    result = routed(tmp_path, text + 'exclude x\n  options node.id = "SHA"\n')
    assert json.loads(result.stdout)["orders"][0]["shipments"][0]["node"] == "CAN"
    file = tmp_path / "problem.json"
    result = CliRunner().invoke(router, [str(file), "--policy", "nearest"])
    assert json.loads(result.stdout)["policy"]["id"] == "nearest"


def test_an_order_without_a_plan_exits_3_and_tells_its_fallback(tmp_path: Path) -> None:
    rules = document(
        EXCLUDE | {"options": check("node.km", "gt", 0)},
        {"kind": "fallback", "id": "wait", "action": "backorder"},
    )
    result = routed(tmp_path, rules)
    assert result.exit_code == 3
    assert json.loads(result.stdout)["policy"]["orders"][0]["fallback"] == "backorder"


@pytest.mark.parametrize("flag", [(), ("--wave",)])
def test_a_file_of_orders_is_decided_one_by_one_or_as_a_wave(
    tmp_path: Path, flag: tuple[str, ...]
) -> None:
    plain = world(EVERYWHERE, line("A"))
    plain["orders"] = [plain["orders"][0] | {"id": str(i)} for i in range(3)]
    result = routed(tmp_path, document(EXCLUDE), *flag, plain=plain)
    assert result.exit_code == 0
    plan = json.loads(result.stdout)
    assert {s["node"] for order in plan["orders"] for s in order["shipments"]} == {"CAN"}
    assert plan["status"] == "optimal"


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        ("", "id: this field is required"),
        ("{", "not a JSON document"),
        (document(EXCLUDE, EXCLUDE | {"when": check("order.moon", "exists")}, version=-1),
         "version: "),
        (document(EXCLUDE, EXCLUDE | {"when": check("order.moon", "exists")}),
         "rules[1].when.field: no field 'order.moon'"),
        ("policy x\nrubbish here now", "line 1: "),
    ],
)  # fmt: skip
def test_a_bad_policy_exits_2_and_prints_no_plan(
    tmp_path: Path, policy: Any, complaint: str
) -> None:
    result = routed(tmp_path, policy)
    assert (result.exit_code, result.stdout) == (2, "")
    assert complaint in result.stderr


def test_a_policy_not_in_force_is_noted(tmp_path: Path) -> None:
    plain = document(EXCLUDE) | {"effective_from": "2027-01-01T00:00:00Z"}
    result = routed(tmp_path, plain)
    assert result.exit_code == 0
    assert "not in force" in result.stderr


def test_lint_prints_findings_and_their_proofs(tmp_path: Path) -> None:
    file, proofs = tmp_path / "policy.json", tmp_path / "proofs"
    file.write_text(json.dumps(document(EXCLUDE, EXCLUDE | {"id": "again"})))
    at = ("--at", "2026-11-22T04:00:00Z")
    result = run("lint", str(file), *at, "--proofs", str(proofs))
    assert result.exit_code == 1
    assert [text.split(": ")[:2] for text in result.stdout.splitlines()] == [
        ["shadowed", "again"], ["uncovered", "(policy)"], ["untested", "(policy)"],
    ]  # fmt: skip
    assert [path.name for path in sorted(proofs.iterdir())] == [
        "01-shadowed-again.json", "02-uncovered-policy.json", "03-untested-policy.json",
    ]  # fmt: skip
    proof = proofs / "02-uncovered-policy.json"
    decided = CliRunner().invoke(router, [str(proof), "--policy", str(file)])
    assert decided.exit_code == 3
    as_json = json.loads(run("lint", str(file), *at, "--json").stdout)
    assert [finding["kind"] for finding in as_json] == ["shadowed", "uncovered", "untested"]
    assert run("lint", "regional", *at).exit_code == 0
    assert run("lint", "regional", "--at", "2027-07-01T00:00:00Z").exit_code == 1
    for never in ("yesterday", "2026-11-22", "9999-12-31T00:00:00Z"):
        assert run("lint", "regional", "--at", never).exit_code == 2


def test_policies_are_said_shown_and_ejected(tmp_path: Path) -> None:
    said = run("say", "grocery", "--language", "zh-CN").stdout.splitlines()
    assert said[-1] == "cancel: 无方案的订单转取消。"
    file = tmp_path / "mine.txt"
    file.write_text(run("show", "grocery").stdout)
    ejected = run("show", str(file), "--form", "json").stdout_bytes
    assert policy_bytes(read_policy(ejected)) == policy_bytes(from_shelf("grocery"))
    shelf = run("shelf").stdout.splitlines()
    assert len(shelf) == 19
    assert "strategy\tnearest" in shelf
    assert run("say", "nowhere").exit_code == 2
