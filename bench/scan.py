"""A signed scan over HTTP against pgbench running the same SQL function: same tenant of a
million parcels, same concurrency, same cores, in turn.

Goal of issue 2: ratio must be ≥ 0.38, aim ≥ 0.45.
"""

import asyncio
import json
import os
import random
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
from entrepot.tenancy.entrances import at, connect
from entrepot.tenancy.plane import open_plane
from entrepot.tenancy.provisioning import create_tenant
from entrepot.tenancy.types import Kind, TenantSettings
from entrepot.tenancy.verification import verify_tenant

MUST, AIM = 0.38, 0.45
PARCELS = 1_000_000
EXPECTED = 400_000
CUSTOMERS = 20_000
CONNECTIONS = 16
SECONDS = 5.0
ROUNDS = 7
PORT = 18_480
_BENCH = Operator(name="bench")

# Customers and parcels as the product writes them; every 2.5th parcel is still expected.
_FILL = f"""
insert into parties.customer
    (customer_id, suite_code, suite_compact, locale, name, sequence, created_at)
select gen_random_uuid(), 'EP' || lpad(i::text, 6, '0') || '-0',
    'EP' || lpad(i::text, 6, '0') || '0', 'en', 'Shopper ' || i, 1, now()
from generate_series(1, {CUSTOMERS}) i;
create temp table c as select customer_id, row_number() over () as n from parties.customer;
insert into parcels.parcel (
    parcel_id, tracking_number, tracking_original, piece, pieces, occurrence, courier,
    courier_candidates, customer_id, status, announced_as, match_by, match_certainty,
    match_candidates, node_id, bin_id, weight_g, sequence, announced_at, received_at, received_by
)
select gen_random_uuid(), 'SF' || lpad(i::text, 13, '0'), 'SF' || lpad(i::text, 13, '0'),
    case when i > {EXPECTED} then 1 end, null, 1, 'SF', '{{SF}}', c.customer_id,
    case when i > {EXPECTED} then 'received' else 'expected' end, 'pre_alert', 'pre_alert', 'sure',
    1, case when i > {EXPECTED} then n.node_id end, case when i > {EXPECTED} then b.bin_id end,
    case when i > {EXPECTED} then 500 end, 1, now(), case when i > {EXPECTED} then now() end,
    case when i > {EXPECTED} then 'bench' end
from generate_series(1, {PARCELS}) i
join c on c.n = 1 + i % {CUSTOMERS}
cross join nodes.node n join nodes.bin b on b.node_id = n.node_id and b.receiving;
"""
_PGBENCH = """
\\set n random(1, {half})
select verdict, refused, answer from flows.receive_parcel_v1(
    '{key}', 1, 'key' || chr(58) || '{key}', gen_random_uuid()::text, gen_random_uuid()::text,
    '\\x00'::bytea, 'bench', now(), 'key' || chr(58) || '{key}', null,
    array[gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
        gen_random_uuid()],
    'SZX1', 'SF' || lpad(:n::text, 13, '0'), 'SF' || lpad(:n::text, 13, '0'), null, null, false,
    'SF', array['SF'], array[]::text[], array[]::text[], '', '', null, 500, null, null, null);
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
            settings = Settings(home=home, env="test", port=PORT)
            place = asyncio.run(_prepare(settings, server))
            _measure(place)
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def _prepare(settings: Settings, server: Server) -> Place:
    await prepare(settings, server.superuser, system_clock())
    async with open_plane(settings) as plane:
        tenant = await create_tenant(
            plane, _BENCH, slug="bench", kind=Kind.FORWARDER, names={"en": "Bench"},
            settings=TenantSettings(), verify=verify_tenant,
        )  # fmt: skip
        key = await make_key(
            plane, _BENCH, tenant.tenant, NewApiKey(label="bench", scopes=sorted(PERMISSIONS))
        )
        operator = Operator(name="bench", tenant=tenant.tenant, permissions=PERMISSIONS)
        await create_node(
            plane.database, operator, Stamp(), new=NewNode(code="SZX1", zone="Asia/Shanghai")
        )
        login = await plane.directory.login(tenant.tenant, shopper=False)
    owner = await connect(at(server.superuser, login.database))
    await owner.execute(_FILL, timeout=600)
    await owner.execute("vacuum analyze", timeout=600)
    await owner.close()
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
        "signed_scan", unit="scans/s", ours=ours, peer=peer, ratio=ratio, rounds=ROUNDS,
        must=MUST, aim=AIM,
        note=f"{PARCELS} parcels, {CONNECTIONS} connections, one app process; peer: pgbench",
        pgbench_select_tps=calibration,
    )  # fmt: skip


def _by_http(place: Place, seconds: float) -> float:
    """Scans a second through the app; every request is signed and has its own key."""
    path = place.settings.home / "requests"
    path.write_bytes(b"".join(_requests(place.key, int(seconds * 2500))))
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
    if set(told["statuses"]) != {"200"}:
        raise RuntimeError(f"not every scan was answered: {told['statuses']}")
    return float(told["answers"]) / float(told["seconds"])


def _requests(key: MadeKey, count: int) -> list[bytes]:
    authority = f"127.0.0.1:{PORT}"
    secret = (key.secret or "").encode()
    now_s = int(time.time())
    found = []
    for _ in range(count):
        number = random.randint(EXPECTED // 2, EXPECTED)
        body = json.dumps(
            {"warehouse": "SZX1", "tracking_number": f"SF{number:013}", "weight_g": 500}
        ).encode()
        headers = sign(
            "POST", authority, "/api/v1/scans", body, key_id=key.key_id, secret=secret,
            now_s=now_s, nonce=new_token(24), idempotency_key=new_token(16),
        )  # fmt: skip
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = (
            f"POST /api/v1/scans HTTP/1.1\r\nhost: {authority}\r\n{head}"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode() + body
        found.append(struct.pack(">I", len(request)) + request)
    return found


def _by_pgbench(place: Place, seconds: float) -> float:
    """Transactions a second of the bare function by the tenant's own login."""
    script = place.settings.home / "scan.sql"
    script.write_text(_PGBENCH.format(half=EXPECTED // 2, key=place.key.key_id))
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
