"""The command line, as an operator calls it, on a home of its own."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from entrepot.cli.commands import Wiring, app
from entrepot.kernel.principals import Operator
from entrepot.platform.postgres import Server as PostgresServer
from entrepot.tenancy.plane import Plane
from entrepot.tenancy.types import Tenant
from tests.postgres_fixture import new_home

pytestmark = pytest.mark.slow


async def owner_link(plane: Plane, operator: Operator, *, tenant: Tenant, email: str) -> str:
    return f"/t/{tenant.slug}/enter?for={email}"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home whose server stays, as under a launcher: each command joins it."""
    home = new_home()
    with PostgresServer(home, stays=True):
        yield home
    shutil.rmtree(home)


Run = Callable[..., Result]


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*words: str, **more: str) -> Result:
        for name, value in ({"ENTREPOT_HOME": str(home), "ENTREPOT_ENV": "test"} | more).items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(app, words, obj=Wiring(owner_link=owner_link))

    return call


def _json(done: Result, code: int = 0) -> Any:
    assert done.exit_code == code, done.stderr
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
    assert listed.exit_code == 0
    assert (home / "kek").stat().st_mode & 0o777 == 0o600


def test_refusals_end_with_reasons_and_status_one(run: Run, home: Path) -> None:
    wrong = _json(run("tenants", "create", "X", "--zone", "Mars/Base", "--json"), 1)
    assert wrong["error"] == "invalid"
    assert len(wrong["reasons"]) == 3
    unknown = run("tenants", "suspend", "nobody")
    assert unknown.exit_code == 1
    assert "no such tenant" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    production = run("tenants", "list", ENTREPOT_ENV="production")
    assert production.exit_code == 1
    assert "demo key" in production.stderr
    settings = run("tenants", "list", ENTREPOT_PORT="many")
    assert settings.exit_code == 1
    assert "ENTREPOT_PORT" in settings.stderr
