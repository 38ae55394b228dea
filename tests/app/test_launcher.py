"""Starting: what stands in the way is told in a line; an interrupted first run is finished."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from entrepot.app import demo_run, launcher
from entrepot.app.launcher import NotReady, Running, check_place, launched
from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Operator
from entrepot.platform.settings import Settings
from entrepot.tenancy.plane import Plane
from entrepot.tenancy.provisioning import create_tenant
from entrepot.tenancy.types import Kind, TenantSettings, TenantState
from tests.installation import free_port
from tests.postgres_fixture import InstalledServer


def test_a_port_in_use_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "PORT_WITHIN_S", 0.3)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = Settings(home=tmp_path / "home", port=other.getsockname()[1])
        said: list[str] = []
        with pytest.raises(NotReady, match="in use"), launched(settings, said.append):
            pytest.fail("it took somebody else for itself")
    assert said == [] and not (tmp_path / "home").exists()


def test_a_port_left_a_moment_ago_is_free(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as visitor:
            served, _ = listener.accept()
            served.close()
            assert visitor.recv(1) == b""
    # The served side lingers in TIME_WAIT now.
    check_place(Settings(home=tmp_path, port=port))


def test_one_that_is_just_ending_is_waited_for(tmp_path: Path) -> None:
    ending = socket.socket()
    ending.bind(("127.0.0.1", 0))
    ending.listen()
    threading.Timer(0.5, ending.close).start()
    check_place(Settings(home=tmp_path, port=ending.getsockname()[1]))


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotReady, match="cannot be made"):
        check_place(Settings(home=tmp_path / "file" / "home", port=free_port()))


@pytest.mark.parametrize("command", ["up", "demo", "serve", "worker"])
def test_a_wrong_setting_is_told_in_a_line(command: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "entrepot.app.command_line", command],
        env=os.environ | {"ENTREPOT_HOME": str(tmp_path), "ENTREPOT_PORT": "abc"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "ENTREPOT_PORT" in done.stderr and "Traceback" not in done.stderr


async def test_a_demo_tenant_left_half_made_is_finished(server: InstalledServer) -> None:
    slug = f"half{int(time.time() * 1000)}"
    wanted: dict[str, Any] = {
        "slug": slug, "kind": "forwarder", "name": {"en": "Half"}, "home_currency": "CNY",
        "locales": ["en"],
    }  # fmt: skip

    async def cut_off(plane: Plane, operator: Operator, tenant: TenantId) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await create_tenant(
            server.plane, Operator(name="tests"), slug=slug, kind=Kind.FORWARDER,
            names={"en": "Half"}, settings=TenantSettings(), verify=cut_off,
        )  # fmt: skip
    tenant = await demo_run._tenant(server.plane, wanted)
    assert tenant.state == TenantState.ACTIVE


async def test_ctrl_c_ends_the_making_of_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    running = Running(settings, None, [])
    cancelled = asyncio.Event()

    async def make(_settings: Settings, _running: Running) -> dict[str, Any]:
        try:
            running.stopping = True  # the signal comes while tenants are made
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return {}

    monkeypatch.setattr(demo_run, "_make", make)
    assert await asyncio.wait_for(demo_run._make_unless_stopped(settings, running), 5) is None
    assert cancelled.is_set()
