"""`entrepot route …`: records kept, replayed, told; exit codes; nothing printed when refused."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from entrepot.cli.routing import route
from entrepot.routing.policy.files import policy_bytes
from tests.routing.allocators.faulty import allocator, said
from tests.routing.allocators.test_asking import answers, document
from tests.routing.orders import random_problem
from tests.routing.records.made import close, policy
from tests.routing.solving import route_bytes
from tests.routing.test_explaining import simple_problem

FIRST = "000001.json.gz"


def run(*arguments: str, text: str | None = None) -> Any:
    return CliRunner().invoke(route, list(arguments), input=text)


def written(place: Path, value: Any) -> str:
    place.write_text(json.dumps(value))
    return str(place)


@pytest.fixture
def world(tmp_path: Path) -> tuple[str, str]:
    """A problem of three orders, and a policy that closes N01."""
    problem = written(tmp_path / "problem.json", random_problem(41, nodes=5, lines=2, orders=3))
    (tmp_path / "policy.json").write_bytes(policy_bytes(policy(close("N01"))))
    return problem, str(tmp_path / "policy.json")


def test_a_file_needs_no_word_before_it(world: tuple[str, str]) -> None:
    plain, worded = run(world[0]), run("file", world[0])
    assert plain.exit_code == worded.exit_code
    assert plain.stdout_bytes == worded.stdout_bytes
    piped = run("-", text=Path(world[0]).read_text())
    assert piped.stdout_bytes == plain.stdout_bytes
    assert run("--budget", "5000", world[0]).exit_code == plain.exit_code


def test_records_are_kept_and_the_plan_is_the_same(world: tuple[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "records"
    plain, kept = run(world[0]), run(world[0], "--record", str(folder))
    assert kept.exit_code == plain.exit_code
    assert json.loads(kept.stdout)["orders"] == json.loads(plain.stdout)["orders"]
    assert json.loads(kept.stdout)["lower_bound"] == json.loads(plain.stdout)["lower_bound"]
    again = run("replay", str(folder))
    assert (again.exit_code, json.loads(again.stdout)) == (0, {"records": 3, "reproduced": 3})


def test_a_folder_is_replayed_under_another_policy(world: tuple[str, str], tmp_path: Path) -> None:
    folder = str(tmp_path / "records")
    run(world[0], "--record", folder)
    done = run("replay", folder, "--policy", world[1])
    assert done.exit_code == 0
    *changes, report = [json.loads(line) for line in done.stdout.splitlines()]
    assert report["format"] == "routing-replay/1"
    assert report["records"] == 3
    assert report["changed"] == len(changes)
    assert "N01" not in report["after"]["load"]
    assert run("replay", folder, "--policy", world[1]).stdout_bytes == done.stdout_bytes


def test_under_a_policy_with_records(world: tuple[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "records"
    kept = run(world[0], "--policy", world[1], "--record", str(folder))
    plain = run(world[0], "--policy", world[1])
    assert json.loads(kept.stdout)["orders"] == json.loads(plain.stdout)["orders"]
    listed = [json.loads(line) for line in run("rules", str(folder)).stdout.splitlines()]
    assert [(one["rule"], one["source"], one["version"], one["owner"]) for one in listed] == [
        ("close-n01", "test", "1", "tests")
    ]
    assert listed[0]["orders"] == 3
    assert listed[0]["last"].startswith("2026-11-22T01:40")


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", "nowhere"],
        ["card", "nowhere/000001.json.gz"],
        ["what-if", "nowhere/000001.json.gz", "--forced"],
        ["rules", "nowhere"],
        ["handback", "nowhere", "nowhere", "--churn", "1"],
    ],
)
def test_what_is_not_there_is_bad_input(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr


def test_a_bad_record_stops_a_replay_with_its_path(world: tuple[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "records"
    run(world[0], "--record", str(folder))
    (folder / "000002.json.gz").write_bytes(b"junk")
    for arguments in (["replay", str(folder)], ["replay", str(folder), "--policy", world[1]]):
        done = run(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "000002.json.gz: " in done.stderr


def test_a_folder_that_exists_is_bad_input(world: tuple[str, str], tmp_path: Path) -> None:
    done = run(world[0], "--record", str(tmp_path))
    assert (done.exit_code, done.stdout) == (2, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["policy.json", "problem.json"]


def test_options_that_do_not_go_together_are_bad_input(world: tuple[str, str]) -> None:
    for options in (["--wave", "--record", "x"], ["--bench", "--rule", "r"],
                    ["--explain", "--record", "x"], ["--bench", "--policy", world[1]],
                    ["--allocator", "http://a", "--policy", world[1]]):  # fmt: skip
        done = run(world[0], *options)
        assert (done.exit_code, done.stdout) == (2, "")


def test_an_unknown_rule_is_bad_input_with_its_place(world: tuple[str, str]) -> None:
    done = run(world[0], "--rule", "no-such-rule", "--rule", "other=maybe")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "rules[1]: " in done.stderr
    assert "rules[0]: " in run(world[0], "--rule", "no-such-rule").stderr


def test_an_order_without_a_plan_is_recorded_and_exits_3(tmp_path: Path) -> None:
    problem = simple_problem()
    problem["orders"][0]["lines"][0].update(g=9000, short=None)
    file = written(tmp_path / "p.json", problem)
    done = run(file, "--record", str(tmp_path / "r"))
    assert done.exit_code == 3
    assert json.loads(done.stdout)["status"] == "infeasible"
    assert "no plan exists" in run("card", str(tmp_path / "r" / FIRST)).stdout


def test_questions_about_a_record(world: tuple[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "records"
    run(world[0], "--record", str(folder))
    file = str(folder / FIRST)
    node = json.loads(run(world[0]).stdout)["orders"][0]["shipments"][0]["node"]
    done = run("what-if", file, "--close", node, "--policy", world[1], "--flips", "--forced")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["kind"] for line in lines if "kind" in line] == ["closed", "policy"]
    assert (folder / "000001.flips.json").is_file()
    assert run("what-if", file).exit_code == 2
    assert run("what-if", file, "--close", "nowhere").exit_code == 2
    card = run("card", file, "--flips", "--zone", "Asia/Shanghai")
    assert "Order O0000: the best plan" in card.stdout
    assert run("card", file, "--language", "zh-CN").stdout.startswith("订单 O0000")
    assert run("card", file, "--shopper").stdout.startswith("Your order ships")
    assert run("card", file, "--zone", "Mars/Base").exit_code == 2


def test_an_allocator_is_asked_recorded_and_reproduced(tmp_path: Path) -> None:
    file = written(tmp_path / "p.json", document())
    with allocator(answers()) as url:
        done = run(file, "--allocator", url, "--loopback", "--record", str(tmp_path / "r"))
    assert done.exit_code == 0
    assert json.loads(done.stdout)["cost"] == json.loads(route_bytes(document()))["cost"]
    assert "Decided by 127.0.0.1" in run("card", str(tmp_path / "r" / FIRST)).stdout
    assert json.loads(run("replay", str(tmp_path / "r")).stdout)["reproduced"] == 3


def test_an_allocator_that_fails_leaves_its_reason_in_the_record(tmp_path: Path) -> None:
    file = written(tmp_path / "p.json", document())

    def broken(connection: Any, body: bytes) -> None:
        connection.sendall(said(b"{}"))

    with allocator(broken) as url:
        done = run(file, "--allocator", url, "--loopback", "--record", str(tmp_path / "r"))
    assert done.exit_code == 0
    assert json.loads(done.stdout)["orders"] == json.loads(route_bytes(document()))["orders"]
    card = run("card", str(tmp_path / "r" / FIRST)).stdout
    assert "127.0.0.1 was asked and not followed: unreadable" in card
    assert json.loads(run("replay", str(tmp_path / "r")).stdout)["reproduced"] == 3


def test_orders_are_handed_back(tmp_path: Path) -> None:
    problem = random_problem(901, nodes=4, lines=2, orders=4)
    for order in problem["orders"]:
        for line in order["lines"]:
            line["short"] = 2500
    file = written(tmp_path / "p.json", problem)
    plan = json.loads(route_bytes({**problem, "orders": problem["orders"][:2]}))
    done = run("handback", file, written(tmp_path / "plan.json", plan), "--churn", "1000000")
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert [one["kind"] for one in answer["orders"]] == ["kept", "kept", "new", "new"]
    plan["orders"].append(plan["orders"][0])
    plan["orders"][1]["surprise"] = {"id": 5}
    done = run("handback", file, written(tmp_path / "plan.json", plan), "--churn", "1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "orders[2].id: " in done.stderr


def test_the_server_answers_until_it_is_told_to_stop() -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", "from entrepot.cli.routing import route; route()", "serve"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        body = json.dumps(simple_problem()).encode()
        asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.read() == route_bytes(simple_problem())
        server.terminate()
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()
