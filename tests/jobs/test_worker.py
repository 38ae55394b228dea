"""The worker outlives what goes wrong around it: one tenant, one moment, one lost database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest

from entrepot.jobs import worker as worker_module
from entrepot.jobs.worker import Worker
from entrepot.kernel.ids import TenantId, new_tenant_id
from entrepot.kernel.principals import Job, Operator, Principal
from entrepot.platform import audit, outbox, pools, queue
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database, Tx
from entrepot.platform.live import Live
from entrepot.platform.pools import Directory, Login
from entrepot.platform.secrets import SealingKey
from entrepot.platform.wakeups import Wakeups
from tests.postgres_fixture import InstalledServer

WORKER = Operator(name="worker")
OTHER_NEWS = 7.0
"""Seconds of the worker's life at which seals are due."""


class FailsAtFirst(Database):
    """A database whose control part fails a few times with something unforeseen."""

    def __init__(self, inner: Database, times: int) -> None:
        super().__init__(inner.pools, system_clock)
        self.times = times

    @asynccontextmanager
    async def control(self, principal: Principal) -> AsyncIterator[Tx]:
        if self.times:
            self.times -= 1
            raise asyncpg.DeadlockDetectedError("two at once")
        async with super().control(principal) as tx:
            yield tx


def worker_of(server: InstalledServer, db: Database, *tenants: TenantId) -> Worker:
    async def all_of_them() -> Sequence[TenantId]:
        return tenants

    return Worker(
        db, Live(server.directory), consumers=[], tenants=all_of_them,
        sealing=SealingKey(bytes(range(32))),
    )  # fmt: skip


async def kinds_of(db: Database, tenant: TenantId) -> set[str]:
    async with db.control(WORKER) as tx:
        rows = await tx._seat.connection.fetch(
            "select kind from platform.job where tenant = $1 and dead_at is null", tenant
        )
    return {row[0] for row in rows}


async def write_audit(db: Database, tenant: TenantId) -> None:
    async with db.begin(Job(tenant=tenant, on_behalf_of="test")) as tx:
        await audit.put_audit(tx, verb="look", subject="nothing", subject_id=None)


async def eventually(found: asyncio.Event) -> None:
    await asyncio.wait_for(found.wait(), 10)


async def test_a_tenant_that_cannot_be_visited_keeps_no_other_from_being_swept(
    server: InstalledServer,
) -> None:
    broken, whole = await server.tenant(), await server.tenant()
    owner = await server.owner(broken)
    await owner.execute("alter table platform.outbox_pending rename to elsewhere")
    await owner.close()
    await write_audit(server.database, whole.tenant)
    unknown = new_tenant_id()
    worker = worker_of(server, server.database, unknown, broken.tenant, whole.tenant)
    await worker.sweep_once(OTHER_NEWS - 4, OTHER_NEWS)
    assert "seal" in await kinds_of(server.database, whole.tenant)


async def test_a_tenant_where_nothing_happens_costs_the_queue_nothing(
    server: InstalledServer,
) -> None:
    quiet = await server.tenant()
    worker = worker_of(server, server.database, quiet.tenant)
    await worker.sweep_once(OTHER_NEWS - 4, OTHER_NEWS)
    assert await kinds_of(server.database, quiet.tenant) == set()
    await write_audit(server.database, quiet.tenant)
    await worker.sweep_once(OTHER_NEWS - 4, OTHER_NEWS)
    assert await kinds_of(server.database, quiet.tenant) == {"seal"}


async def test_a_sweep_of_more_tenants_than_connections_opens_those_that_are_missing(
    server: InstalledServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[TenantId] = []
    open_seat = pools.open_seat

    async def noted(login: Login, tenant: TenantId, *, shopper: bool) -> pools.Seat:
        opened.append(tenant)
        return await open_seat(login, tenant, shopper=shopper)

    monkeypatch.setattr(pools, "open_seat", noted)
    tenants = [(await server.tenant()).tenant for _ in range(4)]
    few = pools.Pools(server.directory, budget=3)
    worker = worker_of(server, Database(few, system_clock), *tenants)
    at = worker_module.SWEEP_S
    for turn in range(3):
        await worker.sweep_once(turn * at, (turn + 1) * at)
    await few.close()
    seen = [tenant for tenant in opened if tenant in tenants]
    assert len(seen) == 4 + 1 + 1, "in one direction each would be opened each time"
    assert set(seen) == set(tenants)


async def test_what_is_due_is_told_by_the_clock_however_long_a_round_takes(
    server: InstalledServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "SWEEP_S", 0.01)
    worker = worker_of(server, server.database)
    rounds: list[tuple[float, float]] = []
    enough = asyncio.Event()

    async def slow(before: float, passed: float) -> None:
        rounds.append((before, passed))
        if len(rounds) == 3:
            enough.set()
        await asyncio.sleep(0.2)

    monkeypatch.setattr(worker, "sweep_once", slow)
    running = asyncio.create_task(worker.run())
    await eventually(enough)
    worker.stop()
    await asyncio.wait_for(running, 10)
    assert [before for before, _ in rounds[1:3]] == [passed for _, passed in rounds[:2]]
    assert rounds[0][0] < 0, "whatever is due now and then is due at the start"
    assert rounds[2][1] - rounds[0][1] > 0.39, "two rounds took two fifths of a second"


async def test_a_worker_tidies_soon_after_its_start_and_in_short_blocks(
    server: InstalledServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "SWEEP_S", 0.1)
    monkeypatch.setattr(outbox.tidy_requests, "__kwdefaults__", {"most": 10})
    tenant = (await server.tenant()).tenant
    job = Job(tenant=tenant, on_behalf_of="test")
    async with server.database.begin(job) as tx:
        await tx._seat.connection.execute(
            "insert into platform.request_nonce (credential, nonce, seen_at)"
            " select 'key:x', i::text, $1::timestamptz - i * interval '1 minute'"
            " from generate_series(1, 45) as i",
            tx.now,
        )
    worker = worker_of(server, server.database, tenant)
    running = asyncio.create_task(worker.run())
    left = 45
    for _ in range(100):
        await asyncio.sleep(0.1)
        async with server.database.read(job) as reader:
            left = await reader._seat.connection.fetchval(
                "select count(*) from platform.request_nonce"
            )
        if left < 15:
            break
    worker.stop()
    await asyncio.wait_for(running, 10)
    assert left == 14, "those of the last quarter of an hour are kept, and no other"


async def test_the_worker_outlives_an_error_of_the_queue(server: InstalledServer) -> None:
    tenant = (await server.tenant()).tenant
    db = FailsAtFirst(server.database, 2)
    worker = worker_of(server, db)
    done = asyncio.Event()

    async def note(of: TenantId) -> bool:
        if of == tenant:
            done.set()
        return False

    worker.works = {"noted": note, **worker.works}
    async with server.database.control(WORKER) as tx:
        await queue.wake(tx, tenant=tenant, kind="noted")
    running = asyncio.create_task(worker.run())
    await eventually(done)
    worker.stop()
    await asyncio.wait_for(running, 10)


async def test_the_flusher_outlives_an_error_and_forgets_no_tenant(
    server: InstalledServer,
) -> None:
    tenant = (await server.tenant()).tenant
    db, wakeups = FailsAtFirst(server.database, 1), Wakeups()
    running = asyncio.create_task(wakeups.run(db))
    try:
        wakeups.note(tenant)
        for _ in range(100):
            await asyncio.sleep(0.05)
            assert not running.done()
            if "outbox" in await kinds_of(server.database, tenant):
                return
        pytest.fail("the worker is never told")
    finally:
        running.cancel()


class NotYet:
    """A directory that does not know the control database at first."""

    def __init__(self, inner: Directory) -> None:
        self._inner = inner
        self.asked = 0

    async def control_login(self) -> Login:
        self.asked += 1
        if self.asked == 1:
            raise LookupError("there is no password file just now")
        return await self._inner.control_login()

    async def login(self, tenant: TenantId, *, shopper: bool) -> Login:
        return await self._inner.login(tenant, shopper=shopper)

    def forget(self, tenant: TenantId) -> None:
        self._inner.forget(tenant)


async def test_the_listener_outlives_any_error(server: InstalledServer) -> None:
    live = Live(NotYet(server.directory))
    running = asyncio.create_task(live.run())
    try:
        await eventually(live.listening)
    finally:
        running.cancel()
