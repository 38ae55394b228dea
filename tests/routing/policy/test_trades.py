"""What the packs of five trades hold, who owns what they read, and the drill of a new policy."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from entrepot.routing.policy.conditions import tests as inside
from entrepot.routing.policy.document import (
    Comparison,
    Exclude,
    NodeCapacity,
    Objective,
    Pickup,
    Policy,
    Promise,
    StockPolicy,
)
from entrepot.routing.policy.fields import FIXED
from entrepot.routing.policy.lint.linting import lint
from entrepot.routing.policy.lint.thinking import conditions_of
from entrepot.routing.policy.shelf import from_shelf, names_on
from tests.house.floors import SOURCE
from tests.routing.policy.made import check, no, policy
from tests.routing.policy.test_rules import at_node, decided, nodes, reason
from tests.routing.test_decisions import EVERYWHERE, line, world

Document = dict[str, Any]
TRADES = ("fashion", "grocery", "chemicals", "furniture", "forwarding")


def fields_read(found: Policy) -> Iterator[str]:
    """Every field that a policy's rules read, by name or by the meaning of a rule."""
    for condition in conditions_of(found.rules):
        for test in inside(condition):
            yield test.field
            if isinstance(test, Comparison) and test.other is not None:
                yield test.other
    for rule in found.rules:
        if isinstance(rule, NodeCapacity) and rule.taken is not None:
            yield f"node.attrs.{rule.taken}"
        if isinstance(rule, StockPolicy) and rule.min_life_days is not None:
            yield "stock.attrs.life_days"
        if isinstance(rule, Pickup):
            yield f"order.attrs.{rule.node_attr}"


@pytest.mark.parametrize("name", TRADES)
def test_a_trade_s_pack_is_loaded_decides_and_is_clean(name: str) -> None:
    pack = from_shelf(name)
    assert lint(pack, at=datetime(2026, 11, 22, tzinfo=UTC)) == []
    found = decided(world(EVERYWHERE, line("A")), pack)
    assert found.outcomes[0].rules


def test_what_the_trades_packs_speak_of() -> None:
    """Which packs limit regions, ask for capability, promise, and rank stock."""

    def barred_by(found: Policy, *prefixes: str) -> bool:
        excludes = [rule for rule in found.rules if isinstance(rule, Exclude)]
        about = {test.field for part in conditions_of(excludes) for test in inside(part)}
        return any(field.startswith(prefixes) for field in about)

    def promises(found: Policy) -> bool:
        return any(isinstance(rule, Promise) for rule in found.rules)

    def ranks(found: Policy) -> bool:
        tiers = {t for rule in found.rules if isinstance(rule, Objective) for t in rule.tiers}
        return bool(tiers & {"life", "age", "slow", "depth"})

    packs = [from_shelf(name) for name in TRADES]
    told = {
        "regions": [pack.id for pack in packs if barred_by(pack, "dest.")],
        "capability": [pack.id for pack in packs if barred_by(pack, "node.", "service.")],
        "promise": [pack.id for pack in packs if promises(pack)],
        "stock": [pack.id for pack in packs if ranks(pack)],
    }
    assert told == {
        "regions": ["chemicals"],
        "capability": ["grocery", "chemicals", "furniture", "forwarding"],
        "promise": ["grocery", "forwarding"],
        "stock": ["fashion", "grocery"],
    }


@pytest.mark.parametrize("name", names_on("packs"))
def test_a_pack_says_which_system_owns_each_attribute_that_it_reads(name: str) -> None:
    pack = from_shelf(name)
    attributes = {field for field in fields_read(pack) if field not in FIXED}
    assert attributes
    assert attributes - set(pack.systems) == set()
    assert all(owner.strip() for owner in pack.systems.values())


def test_weights_add_up_and_a_hard_rule_outweighs_any() -> None:
    """Money, distance, load and capability at once: two preferences and one constraint."""

    def prefer(name: str, options: Document, amount: int) -> Document:
        return {"kind": "prefer", "id": name, "options": options, "minor_per_shipment": amount}

    near = prefer("near", check("node.km", "lt", 500), 600)
    busy = prefer("quiet", no(check("node.attrs.load", "gt", 80)), 1100)
    cold = {"kind": "exclude", "id": "able", "options": no(check("node.attrs.able", "eq", True)),
            "code": "not_able"}  # fmt: skip
    plain = world(EVERYWHERE, line("A"))
    for node in plain["nodes"]:
        node["attrs"] = {"able": True}
    at_node(plain, "SHA")["attrs"] = {"able": True, "load": 90}
    # Shanghai 2,500, Guangzhou 4,500: 2,000 apart, and being near is worth 600 more.
    assert list(nodes(decided(plain, policy(near, busy, cold)))) == ["SHA"]
    dearer = prefer("quiet", no(check("node.attrs.load", "gt", 80)), 2601)
    assert list(nodes(decided(plain, policy(near, dearer, cold)))) == ["CAN"]
    assert list(nodes(decided(plain, policy(dearer, cold)))) == ["CAN"]
    exactly = dearer | {"minor_per_shipment": 2599}
    assert list(nodes(decided(plain, policy(near, exactly, cold)))) == ["SHA"]
    at_node(plain, "SHA")["attrs"] = {"able": False}
    worth = near | {"minor_per_shipment": 10**6}
    found = decided(plain, policy(worth, cold))
    told = reason(found, "SHA")
    assert (list(nodes(found)), told and told.code) == (["CAN"], "not_able")


NEXT_YEAR = """policy next-year version 1
owner "network desk"
review 2027-12-31
from 2027-01-01T00:00:00Z

exclude no-west
  options node.attrs.priority = 1
  code "closed_next_year"

fallback wait
  action "backorder"

test the-west-is-closed
  example "three-warehouses"
  order "one-line"
  nodes ["SHA"]
  excluded {"CTU":"closed_next_year"}

test nothing-left
  example "three-warehouses"
  order "nowhere"
  fallback "backorder"
"""


def entrepot(source: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line of a copy of the source."""
    program = "from entrepot.cli.policy import policy; policy()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}, check=False,
    )  # fmt: skip


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_next_year_s_policy_touches_one_folder(tmp_path: Path) -> None:
    copy = tmp_path / "src" / "entrepot"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = tree(copy)
    assert entrepot(copy.parent, "test", "next-year").returncode == 2
    draft = tmp_path / "next-year.txt"
    draft.write_text(NEXT_YEAR)
    as_json = entrepot(copy.parent, "show", str(draft), "--form", "json").stdout
    (copy / "routing" / "policy" / "packs" / "next-year.json").write_text(as_json)
    tried = entrepot(copy.parent, "test", "next-year")
    assert (tried.returncode, tried.stdout.count(": passed")) == (0, 2)
    assert entrepot(copy.parent, "lint", "next-year", "--at", "2027-02-01T00:00:00Z").stdout == ""
    assert "pack\tnext-year" in entrepot(copy.parent, "shelf").stdout
    after = tree(copy)
    changed = [name for name in after if before.get(name) != after[name]]
    assert changed == ["routing/policy/packs/next-year.json"]
    assert before.keys() <= after.keys()
