"""Promises about decisions: whoever shows them, whatever they are read from, stage by stage."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from entrepot.routing.engine.format import Problem
from entrepot.routing.policy.applying import moment_of
from entrepot.routing.policy.deciding import route_under
from entrepot.routing.policy.files import policy_bytes
from entrepot.routing.records.deciding import decide_rows
from entrepot.routing.records.files import packed, read_record
from entrepot.routing.records.flipping import flips_of
from entrepot.routing.records.recording import setting_of
from entrepot.routing.records.replaying import replay
from entrepot.routing.records.stages import stages
from entrepot.routing.records.telling import card, sentence
from tests.routing.orders import random_problem
from tests.routing.records.made import close, kept, policy, problem, read, records
from tests.routing.test_explaining import late, simple_problem

RULED = policy(
    close("N02"), {"kind": "limit", "id": "few", "max_shipments": 2, "yields": True}
)  # fmt: skip


def test_records_are_the_same_bytes_whatever_shows_them(tmp_path: Path) -> None:
    """Made in another language, zone and width of terminal, shown in every way in between."""
    document = random_problem(871, nodes=6, lines=3, orders=3)
    given = read(document)
    (tmp_path / "problem.json").write_text(json.dumps(document))
    (tmp_path / "policy.json").write_bytes(policy_bytes(RULED))
    made = [packed(record) for record in records(given, policy=RULED)]
    for at, shown in enumerate(
        ({"LANG": "zh_CN.UTF-8", "TZ": "Asia/Shanghai", "COLUMNS": "40", "NO_COLOR": "1"},
         {"LANG": "C", "TZ": "America/New_York", "COLUMNS": "200", "FORCE_COLOR": "1"})
    ):  # fmt: skip
        folder = tmp_path / f"records{at}"
        subprocess.run(
            [sys.executable, "-c", "from entrepot.cli.routing import route; route()",
             "problem.json", "--policy", "policy.json", "--record", folder.name],
            cwd=tmp_path, env={**os.environ, **shown}, capture_output=True, timeout=60,
        )  # fmt: skip
        assert [(folder / f"{n:06d}.json.gz").read_bytes() for n in (1, 2, 3)] == made
    record = records(given, policy=RULED)[0]
    for language in ("en", "zh-CN"):
        card(record, language=language, zone="Asia/Tokyo", flips=flips_of(record, RULED))
        sentence(record, language=language, zone="UTC")
    assert packed(record) == made[0]


@pytest.mark.parametrize("seed", [871, 874, 875])
def test_one_policy_decides_a_problem_its_snapshot_and_its_records_alike(
    tmp_path: Path, seed: int
) -> None:
    """Straight from the problem; from rows read back from files; from records of another policy."""
    given: Problem = problem(seed, orders=1)
    straight = route_under(RULED, given, at=moment_of(given)).plan.orders[0]
    folder = kept(tmp_path / "records", given)
    record = read_record(folder, "000001.json.gz")
    assert record.policy is None
    from_record = decide_rows(record.rows, setting_of(record, RULED)).plan
    changes: list[Any] = []
    replay(folder, RULED, tell=changes.append)
    assert from_record.shipments == straight.shipments
    assert (from_record.cost, from_record.status) == (straight.cost, straight.status)
    if changes:
        told = changes[0].after.shipments
        assert told == tuple((s.node, s.service, s.units) for s in straight.shipments)


def test_a_record_tells_eight_stages_with_inputs_and_outputs() -> None:
    document = simple_problem()
    document["services"].append({**document["services"][0], "id": "T", "rates": [None] * 6})
    document["orders"][0] |= {"deliver_by": 760}
    record = records(read(document), policy=policy(close("Z")), versions={"network": 4})[0]
    told = {stage.name: stage for stage in stages(record)}
    assert list(told) == [
        "read", "packages", "policy", "promise", "feasible", "assigned", "priced", "proven",
    ]  # fmt: skip
    assert all(stage.inputs and stage.outputs for stage in told.values())
    assert told["read"].inputs["version of network"] == 4
    assert told["read"].outputs["rows"] == record.rows_hash
    assert told["policy"].inputs["policy"] == "test version 1"
    assert told["promise"].outputs["earliest"] == 760
    assert told["feasible"].outputs["closed"] == {"zone_not_served": 1}
    assert told["assigned"].outputs["shipments"] == ["A by S"]
    assert told["priced"].outputs["money"] == 500
    assert told["proven"].outputs == {"status": "optimal", "bound": 500}


def test_the_promise_is_known_before_nodes_are_feasible_and_before_one_is_assigned() -> None:
    """Each stage rests on the one before: what is too late is closed, what is closed not used."""
    document = random_problem(871, nodes=6, lines=3)
    document["orders"][0].update(deliver_by=2600, late="hard")
    for line in document["orders"][0]["lines"]:
        line["short"] = 5000
    record = records(read(document))[0]
    names = [stage.name for stage in stages(record)]
    assert names.index("promise") < names.index("feasible") < names.index("assigned")
    told = {stage.name: stage for stage in stages(record)}
    too_late = [
        (one.node, one.service) for one in record.excluded
        if one.excluded is not None and one.excluded.code == "too_late"
    ]  # fmt: skip
    assert too_late
    assert not {(s.node, s.service) for s in record.plan.shipments} & set(too_late)
    open_nodes = told["feasible"].outputs["open nodes"]
    assert isinstance(open_nodes, list)
    assert {shipment.node for shipment in record.plan.shipments} <= set(open_nodes)
    assert record.plan.shipments
    none = simple_problem()
    late(none)
    closed = {stage.name: stage for stage in stages(records(read(none))[0])}
    assert closed["promise"].outputs["earliest"] == 760
    assert closed["feasible"].outputs["open options"] == 0
    assert closed["assigned"].outputs["shipments"] == []
