"""The whole command line, wired: from nothing to a tenant with an owner and a key."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.platform.postgres import Server
from tests.postgres_fixture import new_home

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    home = new_home()
    with Server(home, stays=True):
        yield home
    shutil.rmtree(home)


def run(home: Path, *words: str, code: int = 0) -> Any:
    """One command as a user calls it; its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "entrepot.app.command_line", *words, "--json"],
        env={"ENTREPOT_HOME": str(home), "ENTREPOT_ENV": "test", "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_from_nothing_to_a_key(home: Path) -> None:
    made = run(home, "tenants", "create", "first", "--owner", "boss@example.com")
    assert "/t/first/welcome/" in json.dumps(made)
    key = run(home, "keys", "create", "first", "--scopes", "parcels:receive,parcels:read")
    assert key["key_id"].startswith("ek_") and key["secret"]
    pair = run(home, "keys", "create", "first", "--scopes", "all", "--algorithm", "ed25519")
    assert "PRIVATE KEY" in pair["private_key_pem"]
    refused = run(home, "keys", "create", "first", "--scopes", "parcels:eat,moon:fly", code=1)
    assert len(refused["reasons"]) >= 3, "every wrong scope is named"
    assert run(home, "keys", "create", "nobody", "--scopes", "all", code=1)["error"]
    report = run(home, "audit", "verify", "first")
    assert report["faults"] == []
    books = run(home, "reconcile", "first")
    assert (books["mode"], books["found"], books["violations"]) == ("full", 0, 0)
    link = run(home, "operators", "link", "ada")
    assert link["path"].startswith("/platform/enter/operator.")
