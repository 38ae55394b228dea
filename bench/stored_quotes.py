"""The time of a whole quote from stored cards: flow, tariff, prices, hints, row, event, audit.

The demo's 15 services at one node, six pieces, all extras, one request after the other through
`quote_shipment`; what the API adds (signature, JSON) is in the bench `scan`. Goal of issue 3:
p99 of a quote ≤ 20 ms.
"""

import asyncio
import json
import shutil
import tempfile
import time
from pathlib import Path

import msgspec

from bench.lines import emit
from bench.rating import DAY
from entrepot.access.flow import Stamp
from entrepot.access.permissions import PERMISSIONS
from entrepot.carriers.asking import NewQuote
from entrepot.carriers.types import NodeServiceChange, NodeServiceChanges
from entrepot.carriers.uploads import NewImport, planner_of
from entrepot.flows.change_node_services import change_node_services
from entrepot.flows.create_node import create_node
from entrepot.flows.import_rate_cards import import_rate_cards
from entrepot.flows.quote_shipment import quote_shipment
from entrepot.kernel.ids import TenantId, new_id, new_token
from entrepot.kernel.principals import Operator, Staff
from entrepot.nodes.types import NewNode
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database
from entrepot.platform.postgres import Server
from entrepot.platform.settings import Settings
from entrepot.tenancy.bootstrap import prepare
from entrepot.tenancy.plane import Plane, open_plane
from entrepot.tenancy.provisioning import create_tenant
from entrepot.tenancy.types import Kind, TenantSettings

QUOTES = 1500
LIMIT_MS = 20.0
COUNTRIES = ("JP", "SG", "AU", "US", "GB", "DE", "HK", "TW")
_BENCH = Operator(name="bench")


def _stamp() -> Stamp:
    return Stamp(request_id="bench", nonce=new_token(24), key=new_token(16), fingerprint=b"x" * 32)


async def _unverified(_: Plane, __: Operator, ___: TenantId) -> None:
    """Isolation is not what is measured."""


async def _fill(db: Database, staff: Staff) -> None:
    raw = (Path(__file__).parents[1] / "demo" / "demo-data.json").read_bytes()
    document = json.loads(raw)
    await create_node(db, staff, _stamp(), new=NewNode(code="SZX1", zone="Asia/Shanghai"))
    form, planner = planner_of(NewImport(cards=document))
    await import_rate_cards(db, staff, _stamp(), form=form, planner=planner)
    changes = [NodeServiceChange(service["id"], True) for service in document["services"]]
    await change_node_services(
        db, staff, _stamp(), warehouse="SZX1", changes=NodeServiceChanges(changes)
    )


def _asked(index: int) -> NewQuote:
    return msgspec.convert(
        {
            "warehouse": "SZX1", "country": COUNTRIES[index % 8], "ship_date": str(DAY),
            "postcode": "99801", "declared": {"minor": 10_000, "currency": "CNY"},
            "hs6": ["610910"], "insured_minor": 50_000, "vas": {"photo": 2, "wood": 1},
            "pieces": [
                {"g": 900 + 700 * i + index % 97, "mm": [300 + i, 200, 150]} for i in range(6)
            ],
        },
        NewQuote,
    )  # fmt: skip


def _new_home() -> Path:
    """A folder that the server's user can pass through."""
    home = Path(tempfile.mkdtemp(prefix="entrepot-bench-"))
    home.chmod(0o711)
    return home


async def _seconds() -> list[float]:
    home = _new_home()
    try:
        with Server(home) as server:
            settings = Settings(home=home, env="test")
            await prepare(settings, server.superuser, system_clock())
            async with open_plane(settings) as plane:
                tenant = await create_tenant(
                    plane, _BENCH, slug="bench", kind=Kind.FORWARDER, names={"en": "Bench"},
                    settings=TenantSettings(), verify=_unverified,
                )  # fmt: skip
                staff = Staff(tenant.tenant, new_id(system_clock()), PERMISSIONS)
                await _fill(plane.database, staff)
                taken = []
                for index in range(QUOTES):
                    new = _asked(index)
                    start = time.perf_counter()
                    await quote_shipment(plane.database, staff, _stamp(), new=new)
                    taken.append(time.perf_counter() - start)
                return taken
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run() -> None:
    """Measure; the first quote, which compiles the tariff, counts like every other."""
    taken = sorted(asyncio.run(_seconds()))
    p50, p99 = taken[len(taken) // 2] * 1000, taken[len(taken) * 99 // 100] * 1000
    emit(
        "stored_quote_p99", unit="ms", ours=p99, limit=LIMIT_MS, ratio=p99 / LIMIT_MS, rounds=1,
        must=1, note=f"{QUOTES} quotes of 15 services, 6 pieces; p50 {p50:.1f} ms",
    )  # fmt: skip
