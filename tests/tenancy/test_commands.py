"""The command line, as an operator calls it: a process, a home of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.postgres_fixture import new_home

pytestmark = pytest.mark.crash

Run = Callable[..., "subprocess.CompletedProcess[str]"]
_ENTRY = """
from entrepot.cli.commands import Wiring, app

async def owner_link(plane, operator, *, tenant, email):
    return f"/t/{tenant.slug}/enter?for={email}"

app(obj=Wiring(owner_link=owner_link))
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    home = new_home()
    yield home
    shutil.rmtree(home)


@pytest.fixture
def run(home: Path) -> Run:
    def call(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ENTREPOT_")}
        return subprocess.run(
            [sys.executable, "-c", _ENTRY, *words],
            env=environment | {"ENTREPOT_HOME": str(home), "ENTREPOT_ENV": "test"} | more,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return call


def _json(done: "subprocess.CompletedProcess[str]", code: int = 0) -> Any:
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_an_operator_s_day(run: Run, home: Path) -> None:
    made = _json(
        run(
            "tenants", "create", "qinggang", "--kind", "forwarder", "--name", "Qinggang",
            "--name", "zh-CN=青港集运", "--owner", "boss@example.com", "--currency", "CNY",
            "--host", "qinggang.example.com", "--json",
        )
    )  # fmt: skip
    assert made["state"] == "active"
    assert made["names"] == {"en": "Qinggang", "zh-CN": "青港集运"}
    assert made["owner_link"] == "/t/qinggang/enter?for=boss@example.com"
    assert [t["slug"] for t in _json(run("tenants", "list", "--json"))["items"]] == ["qinggang"]
    shown = _json(run("tenants", "show", made["id"], "--json"))
    assert shown["hosts"] == ["qinggang.example.com"]
    assert "owner_link" not in shown
    assert _json(run("servers", "list", "--json"))["items"][0]["tenants"] == 1
    assert _json(run("migrate", "--json"))["failed"] == 0
    verified = _json(run("isolation", "verify", "--json"))
    assert verified["passed"]
    assert verified["open"] == []
    assert sum(verified["checks"].values()) >= 100
    assert _json(run("tenants", "rotate", "qinggang", "--json"))["version"] == 2
    assert _json(run("tenants", "suspend", "qinggang", "--json"))["state"] == "suspended"
    assert _json(run("tenants", "resume", "qinggang", "--json"))["state"] == "active"
    listed = run("tenants", "list")
    assert "qinggang" in listed.stdout
    assert listed.returncode == 0
    assert (home / "kek").stat().st_mode & 0o777 == 0o600


def test_refusals_end_with_reasons_and_status_one(run: Run, home: Path) -> None:
    wrong = _json(run("tenants", "create", "X", "--zone", "Mars/Base", "--json"), 1)
    assert wrong["error"] == "invalid"
    assert len(wrong["reasons"]) == 3
    unknown = run("tenants", "suspend", "nobody")
    assert unknown.returncode == 1
    assert "no such tenant" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    production = run("tenants", "list", ENTREPOT_ENV="production")
    assert production.returncode == 1
    assert "demo key" in production.stderr
    settings = run("tenants", "list", ENTREPOT_PORT="many")
    assert settings.returncode == 1
    assert "ENTREPOT_PORT" in settings.stderr
