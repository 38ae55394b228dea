"""A signed request over HTTP against pgbench running the same SQL function: same tenant, same
concurrency, same cores, in turn, on a fresh embedded server."""

import asyncio
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from bench.calibrate import calibrate_pgbench, tps_of
from bench.lines import alternating, emit
from entrepot.access.flow import Stamp
from entrepot.access.permissions import PERMISSIONS
from entrepot.access.signing import sign
from entrepot.access.types import NewApiKey
from entrepot.cli.keys import MadeKey, make_key
from entrepot.flows.create_node import create_node
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import Operator
from entrepot.nodes.types import NewNode
from entrepot.platform.clock import system_clock
from entrepot.platform.pools import Login
from entrepot.platform.postgres import Server
from entrepot.platform.settings import Settings
from entrepot.tenancy.bootstrap import prepare
from entrepot.tenancy.entrances import at
from entrepot.tenancy.plane import open_plane
from entrepot.tenancy.provisioning import Verify, create_tenant
from entrepot.tenancy.types import Kind, TenantSettings

CONNECTIONS = 16
ROUNDS = 7
_BENCH = Operator(name="bench")


class Place(NamedTuple):
    """What is measured."""

    settings: Settings
    server: Server
    login: Login
    key: MadeKey


class Contest(NamedTuple):
    """One operation, both ways. `document` makes the body of the next request, `script` the
    pgbench script for a key id; `a_second` is more requests than a second can answer. `fill` gets
    a superuser's login inside the tenant's database."""

    bench: str
    unit: str
    port: int
    target: str
    answer: str
    document: Callable[[], dict[str, object]]
    script: Callable[[str], str]
    kind: Kind
    node: NewNode
    verify: Verify
    fill: Callable[[Login], Awaitable[None]]
    seconds: float
    a_second: int
    must: float
    aim: float
    note: str


def hold(contest: Contest) -> None:
    """Measure on a fresh embedded server and print one line."""
    home = Path(tempfile.mkdtemp(prefix="entrepot-bench-"))
    home.chmod(0o711)
    try:
        with Server(home) as server:
            settings = Settings(home=home, env="test", port=contest.port)
            place = asyncio.run(_prepare(contest, settings, server))
            _measure(contest, place)
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def _prepare(contest: Contest, settings: Settings, server: Server) -> Place:
    await prepare(settings, server.superuser, system_clock())
    async with open_plane(settings) as plane:
        tenant = await create_tenant(
            plane, _BENCH, slug="bench", kind=contest.kind, names={"en": "Bench"},
            settings=TenantSettings(), verify=contest.verify,
        )  # fmt: skip
        scopes = NewApiKey(label="bench", scopes=sorted(PERMISSIONS))
        key = await make_key(plane, _BENCH, tenant.tenant, scopes)
        operator = Operator(name="bench", tenant=tenant.tenant, permissions=PERMISSIONS)
        await create_node(plane.database, operator, Stamp(), new=contest.node)
        login = await plane.directory.login(tenant.tenant, shopper=False)
    await contest.fill(at(server.superuser, login.database))
    return Place(settings, server, login, key)


def _measure(contest: Contest, place: Place) -> None:
    app = subprocess.Popen(
        [sys.executable, "-m", "entrepot.app.command_line", "serve"],
        env={
            **os.environ, "ENTREPOT_HOME": str(place.settings.home),
            "ENTREPOT_PORT": str(contest.port), "ENTREPOT_ENV": "test",
        },
    )  # fmt: skip
    try:
        wait_for(contest.port)
        _by_http(contest, place, 1.0)
        _by_pgbench(contest, place, 1.0)
        ours, peer, ratio = alternating(
            lambda: _by_http(contest, place, contest.seconds),
            lambda: _by_pgbench(contest, place, contest.seconds),
            rounds=ROUNDS,
        )
        calibration = calibrate_pgbench(place.server.programs, place.login)
    finally:
        app.terminate()
        app.wait(10)
    emit(
        contest.bench, unit=contest.unit, ours=ours, peer=peer, ratio=ratio, rounds=ROUNDS,
        must=contest.must, aim=contest.aim, pgbench_select_tps=calibration,
        note=f"{contest.note}, {CONNECTIONS} connections, one app process; peer: pgbench",
    )  # fmt: skip


def _by_http(contest: Contest, place: Place, seconds: float) -> float:
    """Requests a second through the app; each is signed and has its own key."""
    path = place.settings.home / "requests"
    path.write_bytes(b"".join(_requests(contest, place.key, int(seconds * contest.a_second))))
    load = [
        sys.executable, "-m", "bench.load", str(contest.port), str(CONNECTIONS), str(seconds),
        str(path),
    ]  # fmt: skip
    told = json.loads(subprocess.run(load, check=True, capture_output=True).stdout)
    if set(told["statuses"]) != {contest.answer}:
        raise RuntimeError(f"not every request was answered: {told['statuses']}")
    return float(told["answers"]) / float(told["seconds"])


def _requests(contest: Contest, key: MadeKey, count: int) -> list[bytes]:
    authority, target = f"127.0.0.1:{contest.port}", contest.target
    secret = (key.secret or "").encode()
    now_s = int(time.time())
    found = []
    for _ in range(count):
        body = json.dumps(contest.document()).encode()
        headers = sign(
            "POST", authority, target, body, key_id=key.key_id, secret=secret, now_s=now_s,
            nonce=new_token(24), idempotency_key=new_token(16),
        )  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = (
            f"POST {target} HTTP/1.1\r\nhost: {authority}\r\n{head}"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode() + body
        found.append(struct.pack(">I", len(request)) + request)
    return found


def _by_pgbench(contest: Contest, place: Place, seconds: float) -> float:
    """Transactions a second of the bare function by the tenant's own login."""
    script = place.settings.home / "script.sql"
    script.write_text(contest.script(place.key.key_id))
    command = [
        str(place.server.programs / "pgbench"), "--no-vacuum", "--protocol=prepared",
        f"--client={CONNECTIONS}", "--jobs=1", f"--time={max(1, round(seconds))}",
        f"--file={script}", f"--host={place.login.host}", f"--port={place.login.port}",
        f"--username={place.login.user}", place.login.database,
    ]  # fmt: skip
    done = subprocess.run(
        command, env={**os.environ, "PGPASSWORD": place.login.password},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[:1500])
    return tps_of(done.stdout)


def wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the app did not start")
