"""`entrepot route`: exit codes, standard output and standard error."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from entrepot.cli.route import route_command
from tests.routing.orders import random_problem
from tests.routing.solving import route_bytes
from tests.routing.test_explaining import heavy, simple_problem

app = typer.Typer()
app.command()(route_command)


def run(*arguments: str, text: str | None = None) -> Any:
    return CliRunner().invoke(app, list(arguments), input=text)


def test_a_file_and_standard_input_give_the_same_plan(tmp_path: Path) -> None:
    problem = simple_problem()
    file = tmp_path / "problem.json"
    file.write_text(json.dumps(problem))
    from_file, from_input = run(str(file)), run("-", text=json.dumps(problem))
    assert from_file.exit_code == from_input.exit_code == 0
    assert from_file.stdout_bytes == from_input.stdout_bytes == route_bytes(problem) + b"\n"


def test_bad_input_names_every_mistake_and_prints_no_plan() -> None:
    problem = simple_problem()
    problem["surprise"] = 1
    problem["orders"][0]["lines"][0]["qty"] = -1
    result = run("-", text=json.dumps(problem))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "surprise: " in result.stderr
    assert "orders[0].lines[0].qty: " in result.stderr


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_what_is_no_problem_is_bad_input(text: str) -> None:
    result = run("-", text=text)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    result = run(str(tmp_path / "nowhere.json"))
    assert (result.exit_code, result.stdout) == (2, "")


def test_an_order_without_a_plan_is_infeasible() -> None:
    problem = simple_problem()
    heavy(problem)
    problem["orders"][0]["lines"][0]["short"] = None
    result = run("-", text=json.dumps(problem))
    assert result.exit_code == 3
    assert json.loads(result.stdout)["status"] == "infeasible"


def test_explain_adds_candidates() -> None:
    text = json.dumps(simple_problem())
    assert "candidates" not in json.loads(run("-", text=text).stdout)["orders"][0]
    explained = json.loads(run("-", "--explain", text=text).stdout)["orders"][0]
    assert explained["candidates"] == [{"node": "A", "service": "S", "delta": 0}]


def test_a_small_budget_bounds_and_never_claims() -> None:
    problem = random_problem(5001, nodes=20, lines=10)
    answer = json.loads(run("-", "--budget", "1", text=json.dumps(problem)).stdout)
    proven = json.loads(run("-", text=json.dumps(problem)).stdout)
    assert proven["status"] == "optimal"
    assert answer["status"] == "bounded"
    assert answer["lower_bound"] <= proven["cost"] <= answer["cost"]


def test_bench_prints_one_line_of_times() -> None:
    problem = random_problem(3, nodes=5, lines=2, orders=7)
    line = json.loads(run("-", "--bench", text=json.dumps(problem)).stdout)
    assert line["orders"] == 7
    assert line["proven"] == 1.0
    for passed in (line["cold"], line["warm"]):
        assert 0 < passed["p50"] <= passed["p90"] <= passed["p99"]


def test_a_wave_prints_a_plan_and_its_progress() -> None:
    problem = random_problem(8, nodes=5, lines=2, orders=6)
    for order in problem["orders"]:
        for line in order["lines"]:
            line["short"] = 2500
    result = run("-", "--wave", text=json.dumps(problem))
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["orders"]) == 6
    assert "round 1" in result.stderr
