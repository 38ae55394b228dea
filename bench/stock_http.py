"""A signed order of one line over HTTP against pgbench running the same SQL function: same
tenant, same concurrency, same cores, in turn. Orders spread over 10,000 SKUs.

Goal of issue 5: ratio must be ≥ 0.35, aim ≥ 0.45.
"""

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
from pathlib import Path
from typing import NamedTuple

from bench.calibrate import calibrate_pgbench, tps_of
from bench.lines import alternating, emit
from bench.stock_house import CHANNEL, code, fill, frozen, unverified
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
from entrepot.tenancy.provisioning import create_tenant
from entrepot.tenancy.types import Kind, TenantSettings

MUST, AIM = 0.35, 0.45
SKUS = 10_000
CONNECTIONS = 16
SECONDS = 4.0
ROUNDS = 7
PORT = 18_481
_BENCH = Operator(name="bench")
_PGBENCH = """
\\set n random(1, {skus})
select verdict, refused, answer from flows.reserve_stock_batch_v1(
    now(), false, array['{key}'], array[1], array['key' || chr(58) || '{key}'],
    array[gen_random_uuid()::text], array[gen_random_uuid()::text], array['\\x00'::bytea],
    array['bench'], array['key' || chr(58) || '{key}'],
    array[gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid()],
    array[gen_random_uuid()::text], array['{channel}'], array[null]::timestamptz[], array[1],
    array['SKU-' || lpad(:n::text, 7, '0')], array[1]::bigint[], array['N01'], null);
"""


class Place(NamedTuple):
    """What is measured."""

    settings: Settings
    server: Server
    login: Login
    key: MadeKey


def run() -> None:
    """Measure on a fresh embedded server and print one line."""
    home = Path(tempfile.mkdtemp(prefix="entrepot-bench-"))
    home.chmod(0o711)
    try:
        with Server(home) as server:
            place = asyncio.run(_prepare(Settings(home=home, env="test", port=PORT), server))
            _measure(place)
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def _prepare(settings: Settings, server: Server) -> Place:
    await prepare(settings, server.superuser, system_clock())
    async with open_plane(settings) as plane:
        tenant = await create_tenant(
            plane, _BENCH, slug="bench", kind=Kind.MERCHANT, names={"en": "Bench"},
            settings=TenantSettings(), verify=unverified,
        )  # fmt: skip
        scopes = NewApiKey(label="bench", scopes=sorted(PERMISSIONS))
        key = await make_key(plane, _BENCH, tenant.tenant, scopes)
        operator = Operator(name="bench", tenant=tenant.tenant, permissions=PERMISSIONS)
        node = NewNode(code="N01", zone="UTC")
        await create_node(plane.database, operator, Stamp(), new=node)
        login = await plane.directory.login(tenant.tenant, shopper=False)
    await fill(at(server.superuser, login.database), skus=SKUS)
    return Place(settings, server, login, key)


def _measure(place: Place) -> None:
    app = subprocess.Popen(
        [sys.executable, "-m", "entrepot.app.command_line", "serve"],
        env={
            **os.environ, "ENTREPOT_HOME": str(place.settings.home), "ENTREPOT_PORT": str(PORT),
            "ENTREPOT_ENV": "test",
        },
    )  # fmt: skip
    try:
        _wait()
        _by_http(place, 1.0)
        _by_pgbench(place, 1.0)
        ours, peer, ratio = alternating(
            lambda: _by_http(place, SECONDS), lambda: _by_pgbench(place, SECONDS), rounds=ROUNDS
        )
        calibration = calibrate_pgbench(place.server.programs, place.login)
    finally:
        app.terminate()
        app.wait(10)
    emit(
        "stock_http", unit="orders/s", ours=ours, peer=peer, ratio=ratio, rounds=ROUNDS,
        must=MUST, aim=AIM, pgbench_select_tps=calibration,
        note=f"1 line over {SKUS} SKUs, {CONNECTIONS} connections, one app process; peer: pgbench",
    )  # fmt: skip


def _by_http(place: Place, seconds: float) -> float:
    """Orders a second through the app; every request is signed and has its own key."""
    path = place.settings.home / "requests"
    path.write_bytes(b"".join(_requests(place.key, int(seconds * 3000))))
    load = [
        sys.executable,
        "-m",
        "bench.load",
        str(PORT),
        str(CONNECTIONS),
        str(seconds),
        str(path),
    ]
    told = json.loads(subprocess.run(load, check=True, capture_output=True).stdout)
    if set(told["statuses"]) != {"201"}:
        raise RuntimeError(f"not every order was answered: {told['statuses']}")
    return float(told["answers"]) / float(told["seconds"])


def _requests(key: MadeKey, count: int) -> list[bytes]:
    authority, target = f"127.0.0.1:{PORT}", "/api/v1/reservations"
    secret = (key.secret or "").encode()
    orders = frozen()["uniform_3"]
    now_s = int(time.time())
    found = []
    for n in range(count):
        number = 1 + orders[n % len(orders)][0] % SKUS
        line = {"sku": code(number), "qty": 1, "node": "N01"}
        document = {"reference": new_token(12), "channel": CHANNEL, "lines": [line]}
        body = json.dumps(document).encode()
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


def _by_pgbench(place: Place, seconds: float) -> float:
    """Transactions a second of the bare function by the tenant's own login."""
    script = place.settings.home / "order.sql"
    script.write_text(_PGBENCH.format(skus=SKUS, key=place.key.key_id, channel=CHANNEL))
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


def _wait() -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the app did not start")
