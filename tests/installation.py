"""A whole installation as a user starts it: `entrepot demo` in a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.postgres_fixture import new_home

READY_WITHIN_S = 150.0


class Installation:
    """A running demo: its processes, its addresses, its keys and log-ins."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self.log = home / "demo.log"

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def known(self) -> Any:
        """What demo.json says."""
        return json.loads((self.home / "demo.json").read_bytes())

    def tenant(self, slug: str) -> Any:
        return next(t for t in self.known["tenants"] if t["slug"] == slug)

    def login(self, slug: str, role: str) -> Any:
        return next(login for login in self.tenant(slug)["logins"] if login["role"] == role)

    def start(self, **environment: str) -> None:
        """Start and wait until it can be used."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "entrepot.app.command_line", "demo"],
                env={
                    **os.environ,
                    "ENTREPOT_HOME": str(self.home),
                    "ENTREPOT_PORT": str(self.port),
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            if (self.home / "demo.json").exists() and self.ready():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(self.log.read_text()[-3000:])

    def ready(self) -> bool:
        """Whether /readyz answers."""
        try:
            with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def children(self, *words: str) -> list[psutil.Process]:
        """The launcher's descendants whose command line holds all these words."""
        assert self.process is not None
        found = psutil.Process(self.process.pid).children(recursive=True)
        return [p for p in found if all(w in _called(p) for w in words)]

    def stop(self) -> int:
        """Ctrl-C, and what the launcher answered."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


def _called(process: psutil.Process) -> str:
    """Its command line; nothing for one that has just ended."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def installed() -> Iterator[Installation]:
    """A fresh installation, stopped at the end whatever happened."""
    installation = Installation(new_home(), free_port())
    try:
        installation.start()
        yield installation
    finally:
        if installation.process is not None and installation.process.poll() is None:
            installation.stop()


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """One installation for all tests that only use it."""
    with installed() as running:
        yield running
