"""The five areas in which people make it theirs: each has a page and an example that runs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.flows.trade import Trade, open_trade
from tests.postgres_fixture import InstalledServer

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLES = DOCS / "examples" / "customising"
AREAS = {
    "selection algorithm": "selection-algorithm", "source attributes": "source-attributes",
    "ERP and WMS": "erp-sync", "reservation behaviour": "reservation-behaviour",
    "delivery options of the shop": "delivery-options",
}  # fmt: skip


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(scope="module")
async def key(server: InstalledServer, trade: Trade) -> ApiKeyInHand:
    return await key_for(server, api_app(server), trade.tenant.tenant)


def holds(found: Any, wanted: Any) -> bool:
    """Whether `found` has at least what is wanted; lists are as long as wanted."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            name in found and holds(found[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(holds(one, other) for one, other in zip(found, wanted, strict=True))
        )
    return bool(found == wanted)


def test_every_area_has_its_page_and_its_example() -> None:
    """T2.139."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (DOCS / "customising.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ")
    ][1:]
    assert [row[0] for row in rows] == list(AREAS)
    for area, _, pages, examples in rows:
        for link in re.findall(r"\]\(([^)]+)\)", pages + examples):
            assert (DOCS / link).exists(), f"{area}: {link}"
        assert re.findall(r"\]\(([a-z-]+\.md)\)", pages), area
        assert f"{AREAS[area]}.json" in examples
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(AREAS.values())


@pytest.mark.parametrize("name", AREAS.values())
async def test_an_example_does_what_it_says(key: ApiKeyInHand, trade: Trade, name: str) -> None:
    """T2.139: played step by step against the API."""
    steps = json.loads((EXAMPLES / f"{name}.json").read_bytes())
    assert any("shows" in step for step in steps)
    for step in steps:
        answer = await key.ask(step["method"], step["target"], step.get("body"))
        assert answer.status_code == step["status"], (step["does"], answer.text)
        assert holds(answer.json(), step.get("shows", {})), (step["does"], answer.text)
    assert await trade.violations() == {}
