"""The example package's rules on scenarios: where each speaks, where it does not, at the edge."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrepot.kernel.refusals import Invalid
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.plugins.catalogue import Installed
from entrepot.routing.plugins.contract import Charge
from entrepot.routing.plugins.outcomes import RuleOutcome
from entrepot.routing.plugins.patching import MOST_MONEY, patched
from entrepot.routing.plugins.runner import Limits, RuleRunner
from entrepot.routing.records.deciding import Setting, decide_rows
from entrepot.routing.records.format import Record
from entrepot.routing.records.recording import Recorder
from tests.routing.test_explaining import simple_problem

SOURCE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "routing-plugin" / "src"
MODULE = "entrepot_careful_goods.network"
Document = dict[str, Any]


def two_nodes(
    order: Document | None = None, near: Document | None = None, far: Document | None = None
) -> Document:
    """Near costs 500 by SF (arrives at minute 760), far 600 by YTO (at 500); attributes given."""
    problem = simple_problem()
    a, s = problem["nodes"][0], problem["services"][0]
    problem["nodes"] = [
        {**a, "id": "near", "attrs": near or {}},
        {**a, "id": "far", "attrs": far or {}},
    ]
    problem["services"] = [
        {**s, "node": "near", "carrier": "SF"},
        {**s, "node": "far", "carrier": "YTO", "rates": [[1000, 600, 1000, 100, 340]] * 6},
    ]
    problem["orders"][0]["attrs"] = order or {}
    return problem


def decided(rule: str, problem: Document, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.syspath_prepend(str(SOURCE))
    given = decode_problem(msgspec.json.encode(problem))
    installed = Installed(rule, f"{MODULE}:{rule}", "example", "1")
    with RuleRunner(installed, Limits(load_s=30, order_s=20)) as runner:
        record = next(Recorder(given, runners=[runner]).records())
    assert record.rules[0].failure is None
    return record


def check(
    rule: str, problem: Document, expected: tuple[str, int] | None, why: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The node and cost, or nothing shipped; and the reasons that the record gives."""
    record = decided(rule, problem, monkeypatch)
    shipments = record.plan.shipments
    assert [(one.node, one.cost) for one in shipments] == ([] if expected is None else [expected])
    said = record.rules[0]
    assert tuple(entry.reason for entry in (*said.masks, *said.charges)) == why
    closed = [one.excluded.required for one in record.excluded
              if one.excluded is not None and one.excluded.code == "rule"]  # fmt: skip
    assert closed == [mask.reason for mask in said.masks]


NOT, NO = "region_not_served", "carrier_refused"


@pytest.mark.parametrize(
    ("near", "far", "expected", "why"),
    [
        ({}, {}, ("near", 500), ()),
        ({"serves": ["r", "q"]}, {}, ("near", 500), ()),
        ({"serves": ["q"]}, {}, ("far", 600), (NOT,)),
        ({"serves": []}, {"serves": ["r"]}, ("far", 600), (NOT,)),
        ({"serves": ["q"]}, {"serves": ["q"]}, None, (NOT, NOT)),
    ],
)
def test_region_limits(
    near: Document, far: Document, expected: Any, why: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check("region_limits", two_nodes(near=near, far=far), expected, why, monkeypatch)


@pytest.mark.parametrize(
    ("refused", "expected", "why"),
    [
        ([], ("near", 500), ()),
        (["ZTO"], ("near", 500), ()),
        (["SF"], ("far", 600), (NO,)),
        (["SF", "YTO"], None, (NO, NO)),
    ],
)
def test_carrier_constraints(
    refused: list[str], expected: Any, why: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = two_nodes({"refused_carriers": refused})
    check("carrier_limits", problem, expected, why, monkeypatch)


@pytest.mark.parametrize(
    ("load", "expected", "why"),
    [
        (79, ("near", 500), ()),
        (80, ("far", 600), ("node_busy",)),
        (94, ("far", 600), ("node_busy",)),
        (95, ("far", 600), ("node_full",)),
    ],
)
def test_capacity_thresholds(
    load: int, expected: Any, why: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = two_nodes(near={"load_percent": load})
    check("capacity_thresholds", problem, expected, why, monkeypatch)


def test_a_busy_node_is_used_where_the_other_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = two_nodes(near={"load_percent": 90}, far={"load_percent": 99})
    check("capacity_thresholds", problem, ("near", 750), ("node_full", "node_busy"), monkeypatch)


@pytest.mark.parametrize(
    ("hours", "now", "expected", "why"),
    [
        (13, 0, ("near", 500), ()),
        (12, 0, ("far", 600), ("promise_broken",)),
        (12, 40, ("near", 500), ()),
        (12, 39, ("far", 600), ("promise_broken",)),
        (8, 0, None, ("promise_broken", "promise_broken")),
    ],
)
def test_promises(
    hours: int, now: int, expected: Any, why: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = two_nodes({"promise_hours": hours}) | {"now": now}
    check("promise_hours", problem, expected, why, monkeypatch)


def test_charges_that_cannot_be_summed_are_refused() -> None:
    problem = two_nodes()
    problem["orders"][0]["lines"][0]["qty"] = 1_000_000
    problem["nodes"][1]["fix"] = 200_000_000
    rows = decode_problem(msgspec.json.encode(problem))
    fee = Charge("near", None, 10**9, "much")
    outcome = RuleOutcome("r", "p", "1", charges=(fee, msgspec.structs.replace(fee, reason="x")))
    assert patched(rows, [outcome]).services[0].rates[0].first_price == 500 + MOST_MONEY
    with pytest.raises(Invalid) as caught:
        decide_rows(rows, Setting(rules=(outcome,) * 3))
    assert caught.value.code == "charges_too_wide"
