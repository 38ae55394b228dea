"""R15: the leased queue. Fair between tenants, five tries, killed workers' tokens come back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Operator
from entrepot.platform import queue
from entrepot.platform.database import Database
from tests.postgres_fixture import InstalledServer

WORKER = Operator(name="worker")


class FakeClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def db(server: InstalledServer, clock: FakeClock) -> AsyncIterator[Database]:
    database = Database(server.pools, clock)
    async with database.control(WORKER) as tx:
        await tx._seat.connection.execute("delete from platform.job")
    yield database
    async with database.control(WORKER) as tx:
        await tx._seat.connection.execute("delete from platform.job")


async def put(db: Database, tenant: str, *kinds: str) -> None:
    async with db.control(WORKER) as tx:
        for kind in kinds:
            await queue.wake(tx, tenant=TenantId(tenant), kind=kind)


async def lease(db: Database, worker: str = "w") -> queue.Lease | None:
    async with db.control(WORKER) as tx:
        return await queue.lease(tx, worker=worker)


async def test_one_live_token_for_a_tenant_and_kind(db: Database) -> None:
    await put(db, "aaaa", "outbox", "outbox", "outbox")
    first = await lease(db)
    assert first is not None and first.attempts == 1
    assert await lease(db) is None


async def test_a_wake_up_while_leased_asks_for_another_round(db: Database) -> None:
    await put(db, "aaaa", "outbox")
    first = await lease(db)
    assert first is not None
    await put(db, "aaaa", "outbox")
    async with db.control(WORKER) as tx:
        assert await queue.finish(tx, job_id=first.job_id, worker="w", more=False)
    again = await lease(db)
    assert again is not None and (again.job_id, again.attempts) == (first.job_id, 1)
    async with db.control(WORKER) as tx:
        await queue.finish(tx, job_id=again.job_id, worker="w", more=False)
    assert await lease(db) is None


async def test_ten_thousand_of_one_tenant_do_not_delay_another(db: Database) -> None:
    async with db.control(WORKER) as tx:
        await tx._seat.connection.execute(
            "insert into platform.job (job_id, tenant, kind, due_at, created_at) "
            "select gen_random_uuid(), 'aaaa', 'k' || i, $1, $1 from generate_series(1, 10000) i",
            tx.now,
        )
    await lease(db)
    await put(db, "bbbb", "outbox")
    found = [await lease(db), await lease(db)]
    assert "bbbb" in [job.tenant for job in found if job]


async def test_poison_is_tried_five_times_and_then_seen(db: Database, clock: FakeClock) -> None:
    await put(db, "aaaa", "outbox")
    tries = 0
    while True:
        job = await lease(db)
        if job is None:
            break
        tries += 1
        async with db.control(WORKER) as tx:
            await queue.fail(tx, leased=job, worker="w", error="boom")
        clock.move(200)
    assert tries == 5
    async with db.control(WORKER) as tx:
        dead = await queue.list_dead(tx)
        assert [(d.tenant, d.attempts, d.last_error) for d in dead] == [("aaaa", 5, "boom")]
        assert (await queue.count_jobs(tx)).dead == 1
        assert await queue.retry_dead(tx, job_id=dead[0].job_id)
    revived = await lease(db)
    assert revived is not None and revived.attempts == 1


async def test_a_killed_workers_token_comes_back_and_counts(db: Database, clock: FakeClock) -> None:
    await put(db, "aaaa", "outbox")
    for attempt in range(1, 6):
        job = await lease(db, worker=f"w{attempt}")
        assert job is not None and job.attempts == attempt
        assert await lease(db, worker="other") is None
        clock.move(60)
    assert await lease(db) is None
    async with db.control(WORKER) as tx:
        assert [d.last_error for d in await queue.list_dead(tx)] == ["the worker died each time"]


async def test_only_the_holder_of_the_lease_may_finish(db: Database, clock: FakeClock) -> None:
    await put(db, "aaaa", "outbox")
    first = await lease(db, worker="slow")
    assert first is not None
    clock.move(queue.LEASE_S + 1)
    second = await lease(db, worker="fast")
    assert second is not None
    async with db.control(WORKER) as tx:
        assert not await queue.finish(tx, job_id=first.job_id, worker="slow", more=False)
        assert not await queue.finish(tx, job_id=uuid4(), worker="fast", more=False)
        assert await queue.finish(tx, job_id=second.job_id, worker="fast", more=False)


async def test_leasing_is_exclusive_between_workers(db: Database) -> None:
    import asyncio

    await put(db, "aaaa", *[f"k{i}" for i in range(20)])
    leased = await asyncio.gather(*[lease(db, worker=f"w{i}") for i in range(30)])
    ids = [job.job_id for job in leased if job is not None]
    assert len(ids) == 20 == len(set(ids))


async def test_a_wake_up_during_finishing_is_not_lost(db: Database) -> None:
    """The finisher has judged the token when the wake-up comes: another round, or a new token."""
    import asyncio

    await put(db, "aaaa", "outbox")
    job = await lease(db)
    assert job is not None
    async with db.control(WORKER) as waking:
        await queue.wake(waking, tenant=TenantId("aaaa"), kind="outbox")

        async def finish() -> bool:
            async with db.control(WORKER) as tx:
                return await queue.finish(tx, job_id=job.job_id, worker="w", more=False)

        finishing = asyncio.create_task(finish())
        await asyncio.sleep(0.2)  # by now it waits for the wake-up's row lock
        assert not finishing.done()
    assert await finishing
    assert await lease(db) is not None, "what the wake-up told of is never looked at"


async def test_a_lasting_fault_leaves_one_dead_letter(db: Database, clock: FakeClock) -> None:
    for round_of_five in range(3):
        await put(db, "aaaa", "outbox")
        for _ in range(5):
            job = await lease(db)
            assert job is not None
            if round_of_five < 2:  # reported as failed; the last five are killed workers
                async with db.control(WORKER) as tx:
                    await queue.fail(tx, leased=job, worker="w", error="boom")
            clock.move(200)
        assert await lease(db) is None
    async with db.control(WORKER) as tx:
        assert len(await queue.list_dead(tx)) == 1


async def test_an_outage_counts_for_no_try(db: Database, clock: FakeClock) -> None:
    await put(db, "aaaa", "outbox")
    for _ in range(12):
        job = await lease(db)
        assert job is not None and job.attempts == 1
        async with db.control(WORKER) as tx:
            await queue.postpone(tx, leased=job, worker="w", error="unavailable")
        assert await lease(db) is None, "not before its time"
        clock.move(queue.POSTPONED_S + 1)
    async with db.control(WORKER) as tx:
        assert await queue.list_dead(tx) == []
