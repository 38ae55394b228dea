"""`entrepot pack`: answers, what is left over, and wrong input."""

import json
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from entrepot.cli.commands import app as whole_app
from entrepot.cli.pack import pack

CARTONS = json.loads((Path(__file__).parents[2] / "demo" / "demo-data.json").read_bytes())[
    "cartons"
]
app = typer.Typer()
app.command()(pack)


def run(request: Any) -> tuple[int, Any]:
    raw = request if isinstance(request, str) else json.dumps(request)
    result = CliRunner().invoke(app, ["-"], input=raw)
    return result.exit_code, json.loads(result.stdout)


def test_one_piece_from_a_file(tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(
        json.dumps({"cartons": CARTONS, "pieces": [{"id": "a", "mm": [180, 120, 60], "g": 500}]})
    )
    result = CliRunner().invoke(app, [str(request)])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "cartons": [
            {
                "code": "K1", "outer_mm": [190, 130, 70], "gross_g": 560, "gross_max_g": 560,
                "fill_permille": 1000, "cost_minor": 60,
                "placements": [{"id": "a", "at": [0, 0, 0], "mm": [180, 120, 60]}],
            }
        ],
        "left": [],
    }  # fmt: skip


def test_something_left_over_exits_3() -> None:
    code, answer = run({"cartons": CARTONS, "pieces": [{"id": "a", "mm": [900, 1, 1], "g": 5}]})
    assert code == 3
    assert answer == {"cartons": [], "left": [{"id": "a", "reason": "too_large"}]}


def test_wrong_input_exits_2_with_places() -> None:
    code, answer = run({"cartons": CARTONS, "pieces": [{"id": "a", "mm": [0, 1, 1], "g": -5}]})
    assert code == 2
    assert [error["path"] for error in answer["errors"]] == ["pieces[0].mm[0]", "pieces[0].g"]
    assert run("nonsense")[0] == 2


def test_both_commands_hang_on_the_entrepot_command() -> None:
    result = CliRunner().invoke(whole_app, ["--help"])
    assert "rate" in result.stdout
    assert "pack" in result.stdout
