"""Records: small, whole, and decided again to the same bytes."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bench.routing_instances import instances

from entrepot.kernel.refusals import Conflict, Invalid
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import plan_bytes
from entrepot.routing.engine.routing import ENGINE, route
from entrepot.routing.policy.applying import moment_of
from entrepot.routing.policy.deciding import route_under
from entrepot.routing.records.files import packed, read_policy_of, read_record, write_records
from entrepot.routing.records.format import Record, record_bytes
from entrepot.routing.records.recording import Recorder, again, whole
from entrepot.routing.records.replaying import reproduce
from tests.routing.records.made import close, kept, policy, problem, read, records
from tests.routing.test_explaining import late, simple_problem


@pytest.mark.parametrize("seed", [*range(800, 805), *range(806, 812)])
def test_records_hold_the_engines_plans_and_give_the_same_bytes_again(seed: int) -> None:
    given = problem(seed, orders=5)
    made = records(given)
    plain = route(given)
    assert [record.plan for record in made] == list(plain.orders)
    for record in made:
        assert record.engine == ENGINE
        assert record_bytes(again(record, None)) == record_bytes(record)
        assert sum(cost.terms.total for cost in record.costs) == sum(
            shipment.cost for shipment in record.plan.shipments
        )
        assert record.money == record.plan.cost


@pytest.mark.parametrize("seed", range(820, 826))
def test_under_a_policy_too(seed: int) -> None:
    given = problem(seed, orders=4)
    ruled = policy(
        close("N00"),
        {"kind": "prefer", "id": "p", "minor_per_shipment": 300,
         "options": {"is": "eq", "field": "node.id", "value": "N01"}},
        {"kind": "node_capacity", "id": "c", "shipments": 2},
        {"kind": "limit", "id": "one", "max_shipments": 1, "yields": True},
    )  # fmt: skip
    made = records(given, policy=ruled)
    under = route_under(ruled, given, at=moment_of(given))
    assert [record.plan for record in made] == list(under.plan.orders)
    for record, outcome in zip(made, under.outcomes, strict=True):
        assert record.outcome == outcome
        assert record_bytes(again(record, ruled)) == record_bytes(record)
        assert all(shipment.node != "N00" for shipment in record.plan.shipments)
        assert {told.code for told in record.by_policy if told.node == "N00"} == {"node_closed"}


def test_a_record_names_what_was_read_and_by_what_it_was_decided() -> None:
    ruled = policy(close("Z"), version=7)
    given = read(simple_problem())
    record = records(given, policy=ruled, budget=77, versions={"network": 3})[0]
    plain = json.loads(record_bytes(record))
    assert plain["policy"]["version"] == 7
    assert (plain["budget"], plain["versions"], plain["rows"]["now"]) == (77, {"network": 3}, 0)
    assert plain["rows"]["nodes"][0]["stock"] == {"X": [5, 0, 0]}
    assert plain["costs"] == [{"terms": {"first": 500}}]
    assert "numpy/" in plain["engine"]
    assert "highs/" in plain["engine"]


def test_closed_options_are_in_the_record_with_what_was_seen() -> None:
    document = simple_problem()
    late(document)
    record = records(read(document))[0]
    assert msgspec.to_builtins(record.excluded) == (
        {"node": "A", "service": "S",
         "excluded": {"code": "too_late", "observed": 760, "required": 759}},
    )  # fmt: skip


def test_the_next_order_sees_what_the_first_has_left() -> None:
    document = simple_problem()
    order = document["orders"][0]
    order["lines"][0]["qty"] = 3
    document["orders"] = [order, {**order, "id": "P"}]
    first, second = records(read(document))
    assert first.rows.nodes[0].stock["X"].atp == 5
    assert second.rows.nodes[0].stock["X"].atp == 2
    assert second.plan.short == {"X": 1}


def test_a_3_by_20_record_is_at_most_16_kilobytes() -> None:
    sizes = []
    for document, _ in instances("3x20"):
        given = decode_problem(json.dumps(document).encode())
        few = msgspec.structs.replace(given, orders=given.orders[:5])
        sizes += [len(packed(record)) for record in records(few)]
        if len(sizes) >= 20:
            break
    assert max(sizes) <= 16_000


def test_permuting_the_problem_changes_no_byte_of_a_record() -> None:
    given = problem(830)
    order = given.orders[0]
    turned = msgspec.structs.replace(
        given,
        nodes=[
            msgspec.structs.replace(
                node, tags=node.tags[::-1], stock=dict(reversed(node.stock.items()))
            )
            for node in reversed(given.nodes)
        ],
        services=given.services[::-1],
        orders=[msgspec.structs.replace(order, lines=order.lines[::-1])],
    )
    assert record_bytes(records(turned)[0]) == record_bytes(records(given)[0])


def test_a_whole_plan_from_records_claims_no_more_than_the_engine() -> None:
    given = problem(843, orders=8, nodes=3)
    recorder = Recorder(given)
    made = list(recorder.records())
    plan = whole((record.plan for record in made), recorder.bound, 0)
    plain = route(given)
    assert (plan.status, plan.cost, plan.lower_bound) == (
        plain.status, plain.cost, plain.lower_bound,
    )  # fmt: skip
    assert plain.lower_bound < plain.cost


def test_a_folder_is_read_back(tmp_path: Path) -> None:
    ruled = policy(close("N00"))
    given = problem(850, orders=3)
    folder = kept(tmp_path / "r", given, ruled)
    names = ["000001.json.gz", "000002.json.gz", "000003.json.gz"]
    assert sorted(path.name for path in folder.iterdir()) == [*names, "policies"]
    made = records(given, policy=ruled)
    assert [read_record(folder, name) for name in names] == made
    assert read_policy_of(folder, made[0], names[0]) == ruled
    assert reproduce(folder) == 3


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    kept(tmp_path / "r", problem(850))
    with pytest.raises(Conflict):
        kept(tmp_path / "r", problem(851))
    assert reproduce(tmp_path / "r") == 1


def test_nothing_is_left_when_writing_stops_half_way(tmp_path: Path) -> None:
    def broken() -> Any:
        yield from records(problem(850))
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        write_records(tmp_path / "r", broken(), policy(close("N00")))
    assert list(tmp_path.iterdir()) == []


def spoilt(folder: Path, change: Any) -> Invalid:
    """What is said of a record in which something was changed."""
    path = folder / "000001.json.gz"
    document = json.loads(gzip.decompress(path.read_bytes()))
    change(document)
    path.write_bytes(gzip.compress(json.dumps(document).encode()))
    with pytest.raises(Invalid) as caught:
        read_record(folder, path.name)
    return caught.value


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda d: d.update(surprise=1), "surprise"),
        (lambda d: d.pop("plan"), "plan"),
        (lambda d: d.update(work="much"), "work"),
        (lambda d: d["rows"]["orders"].append(d["rows"]["orders"][0]), "rows.orders"),
        (lambda d: d["rows"]["orders"].clear(), "rows.orders"),
        (lambda d: d["rows"].update(now=5), "rows_hash"),
        (lambda d: d["plan"].update(id="other"), "plan.id"),
        (lambda d: d["costs"].append({"terms": {}}), "costs"),
        (lambda d: d["plan"]["shipments"][0].update(node="Z"), "plan.shipments[0]"),
        (lambda d: d["plan"]["shipments"][0].update(units={"Z": 1}), "plan.shipments[0].units"),
        (lambda d: d["rows"]["nodes"].append(d["rows"]["nodes"][0]), "rows.nodes[1].id"),
    ],
)
def test_a_bad_record_is_refused_with_its_name_and_path(
    tmp_path: Path, change: Any, path: str
) -> None:
    folder = kept(tmp_path / "r", read(simple_problem()))
    refusal = spoilt(folder, change)
    assert f"000001.json.gz: {path}" in [error.path for error in refusal.errors]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{}", gzip.compress(b""), gzip.compress(b"{"), gzip.compress(b"[" * 10**6),
        gzip.compress(b"{}")[:-4], gzip.compress(b"{}") * 2,
        gzip.compress(bytes(70 * 1024 * 1024)),
    ],
    ids=["empty", "plain", "nothing", "cut", "deep", "torn", "two", "bomb"],
)  # fmt: skip
def test_what_is_no_record_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "000001.json.gz").write_bytes(raw)
    with pytest.raises(Invalid) as caught:
        read_record(tmp_path, "000001.json.gz")
    assert caught.value.errors[0].path.startswith("000001.json.gz")


def test_a_record_of_another_engine_or_another_plan_is_not_reproduced(tmp_path: Path) -> None:
    folder = kept(tmp_path / "r", problem(852, orders=2))

    def forge(name: str, **changed: Any) -> None:
        record: Record = msgspec.structs.replace(read_record(folder, name), **changed)
        (folder / name).write_bytes(packed(record))

    forge("000001.json.gz", engine="entrepot-routing/0")
    forge("000002.json.gz", work=10**6)
    with pytest.raises(Invalid) as caught:
        reproduce(folder)
    assert [(error.path, error.code) for error in caught.value.errors] == [
        ("000001.json.gz: engine", "other_engine"), ("000002.json.gz", "not_reproduced"),
    ]  # fmt: skip


def test_the_plan_of_a_record_is_the_plan_that_is_printed() -> None:
    given = problem(853)
    assert (
        json.loads(plan_bytes(route(given)))["orders"][0]
        == json.loads(record_bytes(records(given)[0]))["plan"]
    )


def test_capacities_that_a_policy_makes_are_spent_from_order_to_order(tmp_path: Path) -> None:
    document = simple_problem()
    order = document["orders"][0]
    document["orders"] = [{**order, "id": name} for name in ("O", "P", "Q")]
    ruled = policy({"kind": "node_capacity", "id": "two", "shipments": 2})
    folder = kept(tmp_path / "r", read(document), ruled)
    made = [read_record(folder, f"{n:06d}.json.gz") for n in (1, 2, 3)]
    assert [sum(record.spent.values()) for record in made] == [0, 1, 2]
    assert [len(record.plan.shipments) for record in made] == [1, 1, 0]
    assert reproduce(folder) == 3
