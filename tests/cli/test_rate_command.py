"""`entrepot rate`: all given quotes through the command, its exit codes, and wrong input."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from entrepot.cli.rate import rate

DEMO = Path(__file__).parents[2] / "demo"
CARDS = str(DEMO / "demo-data.json")
QUOTES = [
    case
    for case in json.loads((DEMO / "price-cases.json").read_bytes())["cases"]
    if case["kind"] == "quote"
]

app = typer.Typer()
app.command()(rate)


def run(request: Any, *options: str, cards: str = CARDS) -> tuple[int, Any]:
    raw = request if isinstance(request, str) else json.dumps(request)
    result = CliRunner().invoke(app, ["--cards", cards, *options, "-"], input=raw)
    return result.exit_code, json.loads(result.stdout)


@pytest.mark.parametrize("case", QUOTES, ids=[case["id"] for case in QUOTES])
def test_given_quote(case: dict[str, Any]) -> None:
    code, answer = run(case["input"])
    assert answer == case["expected"]
    assert code == (3 if "excluded" in case["expected"] else 0)


def test_a_request_from_a_file_and_cards_of_the_six_parts_alone(tmp_path: Path) -> None:
    document = json.loads(Path(CARDS).read_bytes())
    parts = (
        "services", "pricing_rules", "fx", "insurance", "member_tiers", "value_added_services"
    )  # fmt: skip
    cards, request = tmp_path / "cards.json", tmp_path / "request.json"
    cards.write_text(json.dumps({part: document[part] for part in parts}))
    request.write_text(json.dumps(QUOTES[0]["input"]))
    result = CliRunner().invoke(app, ["--cards", str(cards), str(request)])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == QUOTES[0]["expected"]


def test_explained_lines_name_card_version_and_row() -> None:
    case = next(case for case in QUOTES if case["id"] == "P20")
    _, answer = run(case["input"], "--explain")
    assert [(line["card"], line["version"], line["row"]) for line in answer["lines"]] == [
        ("MX-EXP@2026-11", "2026-11", "price.Z5.bands[0]"),
        ("MX-EXP@2026-11", "2026-11", "surcharges[0]"),
        ("MX-EXP@2026-11", "2026-11", "surcharges[1]"),
        ("MX-EXP@2026-11", "2026-11", "fuel.permille[1]"),
    ]
    assert answer["waybills"] == [
        {
            "pieces": [0],
            "actual_g": 25000,
            "volumetric_g": 9600,
            "counted_g": 25000,
            "chargeable_g": 25000,
            "chargeable_cm3": None,
        }
    ]


def test_wrong_requests_name_every_error_and_exit_2() -> None:
    code, answer = run({"service": "EMS", "country": "JP", "pieces": [{"g": 0, "mm": [1, 2]}]})
    assert code == 2
    assert [error["path"] for error in answer["errors"]] == [
        "ship_date",
        "pieces[0].g",
        "pieces[0].mm",
    ]


@pytest.mark.parametrize("raw", ["", "{", "[]", "null", '{"a": 1, "a": 2}'])
def test_nonsense_exits_2(raw: str) -> None:
    assert run(raw)[0] == 2


def test_unknown_names_are_refused_together() -> None:
    request = {**QUOTES[0]["input"], "vas": {"massage": 1}, "tier": "V9"}
    code, answer = run(request)
    assert code == 2
    assert {error["path"] for error in answer["errors"]} == {"vas.massage", "tier"}


def test_cards_that_overlap_are_refused_with_places(tmp_path: Path) -> None:
    document = json.loads(Path(CARDS).read_bytes())
    document["services"].append(document["services"][0])
    cards = tmp_path / "cards.json"
    cards.write_text(json.dumps(document))
    code, answer = run(QUOTES[0]["input"], cards=str(cards))
    assert code == 2
    assert [(e["path"], e["code"]) for e in answer["errors"]] == [
        ("services[15].rate.valid_from", "overlap")
    ]


def test_a_missing_file_exits_2() -> None:
    result = CliRunner().invoke(app, ["--cards", CARDS, "no-such-file.json"])
    assert result.exit_code == 2
    assert "no-such-file.json" in result.stderr
