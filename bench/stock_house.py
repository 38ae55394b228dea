"""A tenant full of stock for the benches of the stock room, and two ways to reserve from it."""

import asyncio
import hashlib
import itertools
import json
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from entrepot.access.flow import Claim, HotFlow, Stamp, hot_flow
from entrepot.access.permissions import PERMISSIONS
from entrepot.flows.create_node import create_node
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.kernel.ids import TenantId, new_id
from entrepot.kernel.principals import Operator, Staff, credential
from entrepot.nodes.types import NewNode
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database, Tx
from entrepot.platform.pools import Login, Pools
from entrepot.platform.postgres import Server
from entrepot.platform.settings import Settings
from entrepot.platform.sqlfile import parse_statement
from entrepot.stock.types import NewReservation, NewReservationLine
from entrepot.tenancy.bootstrap import prepare
from entrepot.tenancy.entrances import at, connect
from entrepot.tenancy.plane import Plane, open_plane
from entrepot.tenancy.provisioning import create_tenant
from entrepot.tenancy.types import Kind, TenantSettings

CHANNEL = "WEB"
ON_HAND = 1_000_000_000
_DRAWN = random.Random()
_BENCH = Operator(name="bench")
_FILL = """
insert into catalog.sku (sku_id, code, names, base_unit, sequence, created_at)
select gen_random_uuid(), 'SKU-' || lpad(i::text, 7, '0'), '{{}}', 'piece', 1, now()
from generate_series(1, {skus}) i;
insert into nodes.channel (channel_id, code, names, sequence, created_at)
values (gen_random_uuid(), 'WEB', '{{}}', 1, now());
insert into nodes.channel_node (channel_id, node_id, priority)
select c.channel_id, n.node_id, row_number() over (order by n.code)
from nodes.channel c cross join nodes.node n;
"""
_STOCK = """
insert into stock.sku_node (sku_id, node_id, on_hand)
select s.sku_id, n.node_id, {on_hand} from catalog.sku s cross join nodes.node n;
insert into stock.channel_available (channel_id, sku_id, pooled)
select c.channel_id, s.sku_id, {on_hand}::bigint * (select count(*) from nodes.node)
from nodes.channel c cross join catalog.sku s;
"""
_USED = """
create table bench.used (page text not null);
alter table bench.used alter column page set storage plain;
insert into bench.used (page) select repeat('x', 8000) from generate_series(1, 131072);
drop table bench.used;
"""
"""As on a server that has run for a day: 1 GB was written, so the files of the log are there to be
used again and all buffers have been touched. A fresh server fills each file with zeros and each
buffer with a new page of memory first: up to a fifth of what a full flight costs."""
_PEER = parse_statement(
    "peer",
    "select verdict, refused, answer from bench.reserve_v1("
    ":now, :credential, :nonce, :key, :fingerprint, :request_id, :actor, :ids, :reference,"
    " :channel, :skus, :qtys, :nodes)",
)


async def unverified(_: Plane, __: Operator, ___: TenantId) -> None:
    """Isolation is not what is measured."""


class House(NamedTuple):
    """What is measured: the way in, who asks, the server's programs and the tenant's login."""

    database: Database
    staff: Staff
    server: Server
    login: Login
    superuser: Login
    folder: Path

    async def deadlocks(self) -> int:
        """Deadlocks that the tenant's database has seen."""
        owner = await connect(self.superuser)
        found = await owner.fetchval(
            "select deadlocks from pg_stat_database where datname = current_database()"
        )
        await owner.close()
        return int(found)


async def fill(inside: Login, *, skus: int, stocked: bool = True) -> None:
    """SKUs, one channel of all nodes and, if `stocked`, plenty of each SKU in each node."""
    owner = await connect(inside)
    await owner.execute(_FILL.format(skus=skus), timeout=1200)
    if stocked:
        await owner.execute(_STOCK.format(on_hand=ON_HAND), timeout=2400)
    await owner.execute((Path(__file__).parent / "stock_peer.sql").read_text())
    await owner.execute("vacuum analyze", timeout=2400)
    await owner.execute(_USED, timeout=600)
    await owner.execute("checkpoint", timeout=600)
    await owner.close()


def _new_home() -> Path:
    """A folder that the server's user can pass through."""
    home = Path(tempfile.mkdtemp(prefix="entrepot-bench-"))
    home.chmod(0o711)
    return home


@asynccontextmanager
async def stock_house(*, skus: int, nodes: int = 1, stocked: bool = True) -> AsyncIterator[House]:
    """A fresh embedded server with one tenant of so many SKUs in so many nodes."""
    home = _new_home()
    try:
        with Server(home) as server:
            settings = Settings(home=home, env="test")
            await prepare(settings, server.superuser, system_clock())
            async with open_plane(settings) as plane:
                tenant = await create_tenant(
                    plane, _BENCH, slug="bench", kind=Kind.MERCHANT, names={"en": "Bench"},
                    settings=TenantSettings(), verify=unverified,
                )  # fmt: skip
                operator = Operator(name="b", tenant=tenant.tenant, permissions=PERMISSIONS)
                for n in range(1, nodes + 1):
                    node = NewNode(code=f"N{n:02}", zone="UTC")
                    await create_node(plane.database, operator, Stamp(), new=node)
                login = await plane.directory.login(tenant.tenant, shopper=False)
                inside = at(server.superuser, login.database)
                await fill(inside, skus=skus, stocked=stocked)
                pools = Pools(plane.directory, budget=60, in_flight=40)
                staff = Staff(tenant.tenant, new_id(system_clock()), PERMISSIONS)
                yield House(
                    Database(pools, system_clock), staff, server, login, inside, server.folder
                )
                await pools.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


Lines = Sequence[tuple[str, int, str]]
Reserve = Callable[[House, Lines], Awaitable[object]]


def _token(letters: int) -> str:
    """A name that a client draws: cheap, since drawing it is not what is measured."""
    return f"{_DRAWN.getrandbits(4 * letters):0{letters}x}"


def _stamp() -> Stamp:
    """Of somebody at a page, who has a key for each order and signs nothing: no nonce."""
    return Stamp(request_id="bench", key=_token(22), fingerprint=b"x" * 32)


async def by_batch(house: House, lines: Lines) -> object:
    """One order through our flow."""
    new = NewReservation(
        reference=_token(16), channel=CHANNEL,
        lines=[NewReservationLine(sku, qty, node) for sku, qty, node in lines],
    )  # fmt: skip
    return await reserve_stock(house.database, house.staff, _stamp(), new)


@hot_flow(permission="reservations:create", callers=(Staff,))
async def reserve_by_row_locks(tx: Tx, stamp: Stamp, *, lines: Lines) -> bytes:
    """One order by the peer's function."""
    by = tx.principal
    found = await tx.one(
        _PEER, Claim, now=tx.now, credential=credential(by), nonce=stamp.nonce, key=stamp.key,
        fingerprint=stamp.fingerprint, request_id=stamp.request_id, actor=by.actor,
        ids=[new_id(tx.now) for _ in range(3)], reference=_token(16), channel=CHANNEL,
        skus=[sku for sku, _, _ in lines], qtys=[qty for _, qty, _ in lines],
        nodes=[node for _, _, node in lines],
    )  # fmt: skip
    if found.verdict != "fresh" or found.refused:
        raise RuntimeError(f"the peer did not reserve: {found}")
    return found.answer or b""


async def by_row_locks(house: House, lines: Lines) -> object:
    """One order through the peer, by the same way in."""
    flow: HotFlow[..., bytes] = reserve_by_row_locks
    return await flow(house.database, house.staff, _stamp(), lines=lines)


def frozen() -> dict[str, list[list[int]]]:
    """The frozen orders, by name: numbers of SKUs. Raises SystemExit when they were changed."""
    inputs = Path(__file__).parent / "inputs"
    raw = (inputs / "stock_orders.json").read_bytes()
    known = dict(line.split()[::-1] for line in (inputs / "SHA256SUMS").read_text().splitlines())
    if hashlib.sha256(raw).hexdigest() != known["stock_orders.json"]:
        raise SystemExit("bench/inputs/stock_orders.json is not what was frozen")
    found: dict[str, list[list[int]]] = json.loads(raw)
    return found


def code(number: int) -> str:
    """The code of a SKU of the bench."""
    return f"SKU-{number:07}"


def orders_of(numbers: Sequence[Sequence[int]]) -> Callable[[], Lines]:
    """The next order at each call, one unit of each SKU, in a circle."""
    circle = itertools.cycle([[(code(n), 1, "N01") for n in order] for order in numbers])
    return lambda: next(circle)


async def orders_per_second(
    house: House, reserve: Reserve, *, clients: int, seconds: float, orders: Callable[[], Lines]
) -> float:
    """Closed loop: each client asks again as soon as it is answered."""
    done = 0
    until = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await reserve(house, orders())
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return done / (time.perf_counter() - began)
