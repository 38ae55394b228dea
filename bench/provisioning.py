"""How long a tenant takes from the command to open: database, logins, isolation verified.

Goal of issue 2: median must be ≤ 0.6 s, aim ≤ 0.4 s.
"""

import asyncio
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from bench.lines import emit
from entrepot.kernel.principals import Operator
from entrepot.platform.clock import system_clock
from entrepot.platform.postgres import Server
from entrepot.platform.settings import Settings
from entrepot.tenancy.bootstrap import prepare
from entrepot.tenancy.plane import Plane, open_plane
from entrepot.tenancy.provisioning import create_tenant
from entrepot.tenancy.types import Kind, TenantSettings
from entrepot.tenancy.verification import verify_tenant

MUST_S = 0.6
AIM_S = 0.4
ROUNDS = 15
BEFORE = 10
"""Tenants that are there already: the first ones have nobody to be verified against."""


def run() -> None:
    """Measure on a fresh embedded server and print one line."""
    home = Path(tempfile.mkdtemp(prefix="entrepot-bench-"))
    home.chmod(0o711)
    try:
        with Server(home) as server:
            times = asyncio.run(_measure(Settings(home=home, env="test"), server))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    median = statistics.median(times)
    emit(
        "provisioning", unit="s", ours=median, limit=MUST_S, ratio=median / MUST_S,
        rounds=len(times), must=MUST_S, aim=AIM_S,
        note=f"{BEFORE} tenants before; min {min(times):.3f}, max {max(times):.3f}",
    )  # fmt: skip


async def _measure(settings: Settings, server: Server) -> list[float]:
    await prepare(settings, server.superuser, system_clock())
    async with open_plane(settings) as plane:
        for number in range(BEFORE):
            await _one(plane, f"before-{number}")
        return [await _one(plane, f"bench-{number}") for number in range(ROUNDS)]


async def _one(plane: Plane, slug: str) -> float:
    begins = time.perf_counter()
    await create_tenant(
        plane, Operator(name="bench"), slug=slug, kind=Kind.FORWARDER, names={"en": "Bench"},
        settings=TenantSettings(), verify=verify_tenant,
    )  # fmt: skip
    return time.perf_counter() - begins
