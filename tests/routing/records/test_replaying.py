"""Replay: every record under another policy, totals on both sides, every change with its reason."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrepot.kernel.refusals import Invalid, NotFound
from entrepot.routing.policy.document import Policy
from entrepot.routing.records.files import read_record
from entrepot.routing.records.replaying import Change, Report, replay
from tests.routing.records.made import close, kept, policy, problem, read
from tests.routing.test_explaining import simple_problem

FIRST = "000001.json.gz"


def replayed(folder: Path, under: Policy) -> tuple[Report, list[Change]]:
    changes: list[Change] = []
    return replay(folder, under, tell=changes.append), changes


def two_places() -> dict[str, Any]:
    """A is cheaper than B for one unit."""
    document = simple_problem()
    document["nodes"].append({**document["nodes"][0], "id": "B"})
    dear = [[1000, 700, 1000, 100, 500]] * 6
    document["services"].append({**document["services"][0], "node": "B", "rates": dear})
    document["orders"][0]["deliver_by"] = 700
    document["orders"][0]["late"] = "soft"
    return document


def test_a_closed_node_is_told_with_rule_and_reason(tmp_path: Path) -> None:
    folder = kept(tmp_path / "r", read(two_places()))
    report, changes = replayed(folder, policy(close("A"), version=2))
    assert msgspec.to_builtins(changes[0]) == {
        "record": FIRST,
        "order": "O",
        "before": {"status": "optimal", "money": 500, "kept": False,
                   "shipments": (("A", "S", {"X": 1}),), "short": {}},
        "after": {"status": "optimal", "money": 700, "kept": True,
                  "shipments": (("B", "S", {"X": 1}),), "short": {}},
        "reasons": ({"kind": "closed", "node": "A", "service": "S", "rule": "close-a",
                     "code": "node_closed", "observed": "A",
                     "required": "node.id != \"A\""},),
    }  # fmt: skip
    plain = msgspec.to_builtins(report)
    assert (plain["records"], plain["changed"], plain["policy"]) == (1, 1, ("test", 2))
    assert (plain["before"]["money"], plain["after"]["money"]) == (500, 700)
    assert (plain["before"]["promised"], plain["before"]["kept"], plain["after"]["kept"]) == (
        1,
        0,
        1,
    )
    assert plain["before"]["load"] == {"A": {"shipments": 1, "units": 1}}
    assert plain["after"]["load"] == {"B": {"shipments": 1, "units": 1}}


def kinds(
    tmp_path: Path, document: dict[str, Any], *rules: dict[str, Any]
) -> list[tuple[str, Any]]:
    folder = kept(tmp_path / "r", read(document))
    _, changes = replayed(folder, policy(*rules))
    return [(reason.kind, reason.code) for change in changes for reason in change.reasons]


def test_each_reason(tmp_path: Path) -> None:
    node_a = {"is": "eq", "field": "node.id", "value": "A"}
    dearer = {"kind": "charge", "id": "fee", "options": node_a, "minor_per_shipment": 300}
    assert kinds(tmp_path / "1", two_places(), dearer) == [("dearer", None)]
    held = {"kind": "stock", "id": "hold", "options": node_a, "hold_units": 5}
    assert kinds(tmp_path / "2", two_places(), held) == [("closed", "stock_held")]
    few = two_places()
    few["orders"][0]["lines"][0]["qty"] = 4
    some = {"kind": "stock", "id": "hold", "options": node_a, "hold_units": 2}
    assert kinds(tmp_path / "5", few, some) == [("no_stock", "overdrawn")]
    split = two_places()
    split["orders"][0]["lines"][0].update(qty=7, short=None)
    for node in split["nodes"]:
        node["stock"]["X"] = [4, 0, 0]
    one = {"kind": "limit", "id": "one", "max_shipments": 1}
    assert kinds(tmp_path / "3", split, one) == [
        ("no_plan", None),
        ("broken", "too_many_shipments"),
    ]
    promise = {"kind": "promise", "id": "fast", "within_min": 700}
    assert kinds(tmp_path / "4", two_places(), promise) == [("closed", "too_late")]


def test_an_order_that_gets_a_plan_at_last(tmp_path: Path) -> None:
    document = two_places()
    document["orders"][0]["lines"][0].update(qty=7, short=None)
    document["orders"][0]["max_shipments"] = 1
    document["nodes"][0]["stock"]["X"] = [9, 4, 0]
    free = {"kind": "stock", "id": "free", "release_safety": True}
    assert kinds(tmp_path, document, free) == [("new_plan", None)]


def test_nothing_changes_under_a_policy_that_says_nothing(tmp_path: Path) -> None:
    folder = kept(tmp_path / "r", problem(900, orders=6))
    report, changes = replayed(folder, policy())
    assert changes == []
    assert report.changed == 0
    assert report.before == report.after


@pytest.mark.parametrize("seed", range(910, 914))
def test_totals_are_the_sums_and_the_same_twice(tmp_path: Path, seed: int) -> None:
    folder = kept(tmp_path / "r", problem(seed, orders=8))
    under = policy(close("N02"), {"kind": "limit", "id": "one", "max_shipments": 1, "yields": True})
    report, changes = replayed(folder, under)
    assert (report, changes) == replayed(folder, under)
    old = [read_record(folder, f"{n:06d}.json.gz") for n in range(1, 9)]
    assert report.before.money == sum(record.money for record in old)
    assert report.before.split == sum(len(record.plan.shipments) > 1 for record in old)
    assert report.after.money - report.before.money == sum(
        change.after.money - change.before.money for change in changes
    )
    assert "N02" not in report.after.load
    assert all(change.reasons for change in changes)
    load = report.before.load
    assert sum(one.shipments for one in load.values()) == report.before.shipments


def test_every_bad_record_is_told_and_nothing_is_replayed(tmp_path: Path) -> None:
    folder = kept(tmp_path / "r", problem(920, orders=5))
    (folder / "000002.json.gz").write_bytes(b"junk")
    document = json.loads(gzip.decompress((folder / "000004.json.gz").read_bytes()))
    document["rows"]["now"] = "soon"
    document["extra"] = 1
    (folder / "000004.json.gz").write_bytes(gzip.compress(json.dumps(document).encode()))
    told: list[Change] = []
    with pytest.raises(Invalid) as caught:
        replay(folder, policy(close("N01")), tell=told.append)
    assert told == []
    paths = {error.path for error in caught.value.errors}
    assert paths == {"000002.json.gz", "000004.json.gz: rows.now", "000004.json.gz: extra"}


def test_a_record_whose_policy_is_missing_or_changed_is_told(tmp_path: Path) -> None:
    ruled = policy(close("N01"))
    folder = kept(tmp_path / "r", problem(921), ruled)
    file = next((folder / "policies").iterdir())
    file.write_bytes(file.read_bytes().replace(b"N01", b"N02"))
    with pytest.raises(Invalid) as caught:
        replayed(folder, ruled)
    assert [error.path for error in caught.value.errors] == [f"{FIRST}: policy.hash"]
    file.unlink()
    with pytest.raises(Invalid):
        replayed(folder, ruled)


def test_no_folder_and_no_records_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        replayed(tmp_path / "nowhere", policy())
    with pytest.raises(Invalid):
        replayed(tmp_path, policy())


def test_memory_does_not_grow_with_the_folder(tmp_path: Path) -> None:
    """Peak memory over 1,200 records is within 8 MB of that over 60."""
    folder = kept(tmp_path / "few", problem(922, nodes=3, lines=1, orders=20))
    packed = (folder / FIRST).read_bytes()
    many = tmp_path / "many"
    many.mkdir()
    for i in range(1, 1201):
        (many / f"{i:06d}.json.gz").write_bytes(packed)
    for i in range(21, 61):
        (folder / f"{i:06d}.json.gz").write_bytes(packed)
    peaks = [_peak(folder), _peak(many)]
    assert peaks[1] - peaks[0] < 8 * 1024 * 1024


def _peak(folder: Path) -> int:
    script = (
        "import resource, sys; from pathlib import Path;"
        "from entrepot.routing.records.replaying import check;"
        "check(Path(sys.argv[1]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, check=True, timeout=60
    )
    return int(done.stdout)
