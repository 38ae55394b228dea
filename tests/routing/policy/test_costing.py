"""What a policy costs: counted tests, stages by a clock of the test's own, and the budget."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from entrepot.cli.policy import policy as policy_commands
from entrepot.routing.policy.applying import moment_of
from entrepot.routing.policy.costing import MOST_ASKED, ROUNDS, asked, stages
from entrepot.routing.policy.lint.costly import costly, ordinary
from entrepot.routing.policy.shelf import from_shelf, names_on
from tests.routing.policy.made import both, check, document, policy
from tests.routing.policy.test_rules import problem_of
from tests.routing.test_decisions import EVERYWHERE, line, world

Document = dict[str, Any]
AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_each_rule_is_counted_by_the_tests_it_asks() -> None:
    far = both(check("node.km", "gt", 100), check("stock.units", "gt", 3))
    rules = policy(
        {"kind": "exclude", "id": "by-node", "options": check("node.km", "gt", 100)},
        {"kind": "exclude", "id": "by-line", "options": far},
        {"kind": "limit", "id": "gold", "max_shipments": 1,
         "when": check("order.attrs.grade", "eq", "gold"), "lines": check("line.qty", "gt", 1)},
    )  # fmt: skip
    problem = problem_of(world(EVERYWHERE, line("A"), line("B")))
    at = moment_of(problem)
    # 3 options; options that read stock are asked for each of 2 lines. The limit: the order only.
    counts = asked(rules, problem, at=at)
    assert counts == {"by-node": 3, "by-line": 2 * 3 * 2, "gold": 1}
    assert asked(rules, problem, at=at, all_hold=True) == counts | {"gold": 1 + 2}


def test_stages_are_medians_of_the_clock_an_order() -> None:
    problem = problem_of(world(EVERYWHERE, line("A")))
    ticks: Iterator[int] = count(step=5_000_000)
    taken = stages(from_shelf("regional"), problem, at=moment_of(problem), clock=ticks.__next__)
    assert (taken.compile_us, taken.apply_us, taken.decide_us, taken.plain_us) == (5000,) * 4
    assert next(ticks) == 4 * 2 * ROUNDS * 5_000_000


def many_rules(number: int) -> Document:
    """So many rules of four tests each, on every line and option: 240 tests a rule."""
    options = both(
        check("node.km", "gt", 10), check("node.km", "lt", 9), check("stock.units", "lt", 3),
        check("service.max_g", "lt", 5),
    )  # fmt: skip
    return document(
        *({"kind": "exclude", "id": f"r{i}", "options": options} for i in range(number)),
        {"kind": "exclude", "id": "long", "options": both(options, options)},
    )


def test_a_policy_over_its_budget_is_flagged_with_an_order_that_shows_it() -> None:
    most = MOST_ASKED // 240 - 2
    for number, flagged in ((most, False), (most + 1, True)):
        rules = policy(*many_rules(number)["rules"])
        found = list(costly(rules, at=AT))
        assert [finding.kind for finding in found] == (["costly"] if flagged else [])
        for finding in found:
            total = sum(asked(rules, finding.proof, at=finding.at, all_hold=True).values())
            assert total == 240 * (number + 2) > MOST_ASKED
            assert finding.message.startswith(f"{total} tests")
            assert finding.message.endswith("long asks most")


@pytest.mark.parametrize("name", [*names_on("packs"), *names_on("strategies")])
def test_what_ships_stays_far_below_the_budget(name: str) -> None:
    world_of_20 = ordinary(from_shelf(name), at=AT)
    assert (len(world_of_20.problem.services), len(world_of_20.problem.orders[0].lines)) == (20, 3)
    counts = asked(from_shelf(name), world_of_20.problem, at=world_of_20.at, all_hold=True)
    assert sum(counts.values()) < MOST_ASKED // 5


def test_the_command_shows_stages_and_rules_and_flags(tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        return CliRunner().invoke(policy_commands, ["cost", *arguments])

    file = tmp_path / "problem.json"
    file.write_text(json.dumps(world(EVERYWHERE, line("A"))))
    fine = run("protect-best-sellers", "--problem", str(file), "--budget-us", "1000000000")
    assert fine.exit_code == 0
    rows = dict(row.split("\t") for row in fine.stdout.splitlines())
    assert list(rows)[:4] == ["compile", "apply", "decide", "plain"]
    assert rows["rule best-sellers"] == "2 tests"
    over = run("stores-and-pickup", "--budget-us", "1")
    assert over.exit_code == 1
    assert "over budget: applying takes" in over.stderr
    file.write_text("{}")
    assert run("nearest", "--problem", str(file)).exit_code == 2
