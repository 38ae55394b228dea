"""A shop's traffic over signed HTTP on 5 M stock rows: look-ups of 20 SKUs, then 500 look-ups and
50 orders a second, steadily. p50, p95 and p99 from when a request was due to its answer.

T2.160 (p95 of a look-up < 50 ms; at 5 M rows, 250,000 SKUs in 20 nodes) and T2.161 (the table).
One app process, one machine for the app, the database and the load.
"""

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

from bench.lines import emit
from bench.over_http import Place, wait_for
from bench.steady import HEAD
from bench.stock_house import CHANNEL, code, fill, frozen, unverified
from entrepot.access.flow import Stamp
from entrepot.access.permissions import PERMISSIONS
from entrepot.access.signing import sign
from entrepot.access.types import NewApiKey
from entrepot.cli.keys import make_key
from entrepot.flows.create_node import create_node
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import Operator
from entrepot.nodes.types import NewNode
from entrepot.platform.clock import system_clock
from entrepot.platform.postgres import Server
from entrepot.platform.settings import Settings
from entrepot.tenancy.bootstrap import prepare
from entrepot.tenancy.entrances import at
from entrepot.tenancy.plane import open_plane
from entrepot.tenancy.provisioning import create_tenant
from entrepot.tenancy.types import Kind, TenantSettings

SKUS, NODES = 250_000, 20
PORT = 18_483
CONNECTIONS = 64
SECONDS = 20
LOOK_UPS_A_SECOND, READS_A_SECOND, ORDERS_A_SECOND = 50, 500, 50
LOOK_UP_MOST_MS = 50.0
_BENCH = Operator(name="bench")
Due = tuple[float, str, bytes]


def run() -> None:
    """Measure on a fresh embedded server and print a line for each kind of request."""
    home = Path(tempfile.mkdtemp(prefix="entrepot-bench-"))
    home.chmod(0o711)
    try:
        with Server(home) as server:
            settings = Settings(home=home, env="test", port=PORT)
            _measure(asyncio.run(_prepare(settings, server)))
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
        for n in range(1, NODES + 1):
            node = NewNode(code=f"N{n:02}", zone="UTC")
            await create_node(plane.database, operator, Stamp(), new=node)
        login = await plane.directory.login(tenant.tenant, shopper=False)
    await fill(at(server.superuser, login.database), skus=SKUS)
    return Place(settings, server, login, key)


def _measure(place: Place) -> None:
    environment = {
        **os.environ, "ENTREPOT_HOME": str(place.settings.home), "ENTREPOT_PORT": str(PORT),
        "ENTREPOT_ENV": "test",
    }  # fmt: skip
    command = [sys.executable, "-m", "entrepot.app.command_line", "serve"]
    app = subprocess.Popen(command, env=environment)
    try:
        wait_for(PORT)
        baskets = cycle(frozen()["look_ups_20"])
        orders = cycle(frozen()["zipf_3"])
        _sent(place, 3, [(LOOK_UPS_A_SECOND, "look_up", lambda: _look_up(place, next(baskets)))])
        alone = _sent(
            place, SECONDS // 2,
            [(LOOK_UPS_A_SECOND, "look_up", lambda: _look_up(place, next(baskets)))],
        )  # fmt: skip
        both = _sent(
            place, SECONDS,
            [
                (READS_A_SECOND, "read", lambda: _look_up(place, next(baskets)[:3])),
                (ORDERS_A_SECOND, "order", lambda: _order(place, next(orders))),
            ],
        )  # fmt: skip
    finally:
        app.terminate()
        app.wait(10)
    rows = f"{SKUS * NODES} stock rows, one app process"
    _tell("stock_load_look_up", alone["l"], f"20 SKUs, {LOOK_UPS_A_SECOND} a second, {rows}")
    traffic = f"{READS_A_SECOND} look-ups and {ORDERS_A_SECOND} orders a second, {rows}"
    _tell("stock_load_reads", both["r"], f"3 SKUs; {traffic}")
    _tell("stock_load_orders", both["o"], f"3 lines, Zipf; {traffic}")


def _tell(name: str, answers: dict[str, object], note: str) -> None:
    times, statuses = answers["ms"], answers["statuses"]
    assert isinstance(times, list)
    cuts = statistics.quantiles(times, n=100)
    p95 = cuts[94]
    emit(
        name, unit="ms p95", ours=p95, limit=LOOK_UP_MOST_MS, ratio=p95 / LOOK_UP_MOST_MS,
        rounds=len(times), must=1.0,
        note=f"p50 {cuts[49]:.1f}, p95 {p95:.1f}, p99 {cuts[98]:.1f}, most {max(times):.1f} ms; "
        f"statuses {statuses}; {note}",
    )  # fmt: skip


def _sent(
    place: Place, seconds: int, kinds: list[tuple[int, str, Callable[[], bytes]]]
) -> dict[str, dict[str, object]]:
    """What came back, by the first letter of the kind."""
    path = place.settings.home / "steady"
    with path.open("wb") as file:
        for due, kind, request in sorted(_due(seconds, kinds)):
            file.write(HEAD.pack(kind[0].encode(), int(due * 1000), len(request)) + request)
    load = [sys.executable, "-m", "bench.steady", str(PORT), str(CONNECTIONS), str(path)]
    done = subprocess.run(load, check=True, capture_output=True)
    found: dict[str, dict[str, object]] = json.loads(done.stdout)
    return found


def _due(seconds: int, kinds: list[tuple[int, str, Callable[[], bytes]]]) -> Iterator[Due]:
    for rate, kind, make in kinds:
        for n in range(rate * seconds):
            yield n / rate, kind, make()


def _look_up(place: Place, numbers: list[int]) -> bytes:
    wanted = "".join(f"&sku={code(1 + n % SKUS)}" for n in numbers)
    return _signed(place, "GET", f"/api/v1/availability?channel={CHANNEL}{wanted}", b"")


def _order(place: Place, numbers: list[int]) -> bytes:
    lines = [{"sku": code(n), "qty": 1, "node": "N01"} for n in numbers]
    document = {"reference": new_token(12), "channel": CHANNEL, "lines": lines}
    return _signed(place, "POST", "/api/v1/reservations", json.dumps(document).encode())


def _signed(place: Place, method: str, target: str, body: bytes) -> bytes:
    authority = f"127.0.0.1:{PORT}"
    headers = sign(
        method, authority, target, body, key_id=place.key.key_id,
        secret=(place.key.secret or "").encode(), now_s=int(time.time()), nonce=new_token(24),
        idempotency_key=new_token(16) if method == "POST" else None,
    )  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"{method} {target} HTTP/1.1\r\nhost: {authority}\r\n{head}"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body
