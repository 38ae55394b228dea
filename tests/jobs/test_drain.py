"""The outbox drain: every event once for each consumer, in commit order, poison set aside."""

from datetime import timedelta
from uuid import UUID

import pytest

from entrepot.jobs.consumers import Consumer, topics_of
from entrepot.jobs.drain import drain
from entrepot.kernel.events import Event
from entrepot.kernel.ids import TenantId, new_id
from entrepot.kernel.principals import Job
from entrepot.kernel.refusals import Unavailable
from entrepot.platform import outbox
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database, Tx
from entrepot.tenancy.types import Tenant
from tests.postgres_fixture import InstalledServer


@pytest.fixture
async def tenant(server: InstalledServer) -> TenantId:
    return (await server.tenant()).tenant


async def put(db: Database, tenant: TenantId, *numbers: int) -> list[UUID]:
    ids = []
    for number in numbers:
        async with db.begin(Job(tenant=tenant, on_behalf_of="test")) as tx:
            ids.append(
                await outbox.put_event(
                    tx, name="parcel.received", version=1, aggregate_id=new_id(tx.now),
                    sequence=1, body={"warehouse": f"W{number}", "customer_id": None},
                )
            )  # fmt: skip
    return ids


class Recorder:
    """A consumer that remembers, and fails when told to."""

    def __init__(self) -> None:
        self.seen: list[UUID] = []
        self.fails: set[UUID] = set()

    async def effect(self, tx: Tx, event: Event) -> None:
        if event.event_id in self.fails:
            raise RuntimeError("poison")
        self.seen.append(event.event_id)


async def drained(db: Database, tenant: TenantId, *consumers: Consumer) -> None:
    for _ in range(20):
        if not await drain(db, tenant=tenant, consumers=consumers):
            return
    raise AssertionError("the drain never ends")


async def test_every_event_reaches_each_consumer_once_and_in_order(
    server: InstalledServer, tenant: TenantId
) -> None:
    db, first, second = server.database, Recorder(), Recorder()
    consumers = (Consumer("first", first.effect), Consumer("second", second.effect))
    ids = await put(db, tenant, *range(30))
    await drained(db, tenant, *consumers)
    await drained(db, tenant, *consumers)
    assert first.seen == ids == second.seen
    more = await put(db, tenant, 1, 2)
    await drained(db, tenant, *consumers)
    assert first.seen == ids + more


@pytest.mark.parametrize("most", [1, 2, 200])
async def test_events_of_one_thing_come_in_order_whatever_their_times_say(
    server: InstalledServer, tenant: TenantId, most: int
) -> None:
    """A block that waited for a lock is older than what it waited for, and writes after it."""
    job, begins = Job(tenant=tenant, on_behalf_of="test"), system_clock()
    thing = new_id(begins)
    for sequence, seconds_later in enumerate((3, 1, 2, 0), start=1):
        db = Database(server.pools, lambda s=seconds_later: begins + timedelta(seconds=s))
        async with db.begin(job) as tx:
            await outbox.put_event(
                tx, name="parcel.measured", version=1, aggregate_id=thing, sequence=sequence,
                body={},
            )  # fmt: skip
    fed: list[Event] = []
    async with server.database.begin(job) as tx:
        while events := await outbox.drain_outbox(tx, most=most):
            fed += events
    assert [event.sequence for event in fed] == [1, 2, 3, 4]
    assert [event.feed_position for event in fed] == [1, 2, 3, 4]


async def slip(
    server: InstalledServer, tenant: Tenant, second: int, *told: tuple[UUID, int]
) -> None:
    """What one statement wrote in that second: events of (thing, sequence), waiting as one."""
    owner = await server.owner(tenant)
    at = START + timedelta(seconds=second)
    ids = [new_id(at) for _ in told]
    await owner.executemany(
        "insert into platform.outbox"
        " (event_id, name, version, aggregate, aggregate_id, sequence, at, actor, body)"
        " values ($1, 'parcel.measured', 1, 'parcel', $2, $3, $4, 'test', '{}')",
        [(one, thing, sequence, at) for one, (thing, sequence) in zip(ids, told, strict=True)],
    )
    await owner.execute(
        "insert into platform.outbox_pending (at, event_ids) values ($1, $2)", at, ids
    )
    await owner.close()


START = system_clock()


@pytest.mark.parametrize("most", [1, 3, 200])
async def test_what_was_written_together_goes_together(server: InstalledServer, most: int) -> None:
    """The first slip needs one of the third, which needs one of the fourth; the second waits."""
    tenant = await server.tenant()
    a, b, c, d, e = (new_id(START) for _ in range(5))
    await slip(server, tenant, 0, (a, 2), (b, 1))
    await slip(server, tenant, 1, (e, 1))
    await slip(server, tenant, 2, (a, 1), (c, 2), (d, 1))
    await slip(server, tenant, 3, (c, 1), (e, 2))
    job = Job(tenant=tenant.tenant, on_behalf_of="test")
    fed: list[Event] = []
    rounds = []
    async with server.database.begin(job) as tx:
        while events := await outbox.drain_outbox(tx, most=most):
            rounds.append(len(events))
            fed += events
    assert rounds == [8]
    assert [event.feed_position for event in fed] == list(range(1, 9))
    assert {(x.aggregate_id, x.sequence) for x in fed} == {
        (a, 1), (a, 2), (b, 1), (c, 1), (c, 2), (d, 1), (e, 1), (e, 2),
    }  # fmt: skip
    for thing in (a, c, e):
        assert [x.sequence for x in fed if x.aggregate_id == thing] == [1, 2]


async def test_a_round_takes_the_oldest_and_no_more_than_it_must(server: InstalledServer) -> None:
    tenant = await server.tenant()
    things = [new_id(START) for _ in range(6)]
    await slip(server, tenant, 2, (things[4], 1), (things[5], 1))
    await slip(server, tenant, 0, (things[0], 1), (things[1], 1), (things[2], 1))
    await slip(server, tenant, 1, (things[3], 1))
    rounds = []
    async with server.database.begin(Job(tenant=tenant.tenant, on_behalf_of="test")) as tx:
        while events := await outbox.drain_outbox(tx, most=2):
            rounds.append({event.aggregate_id for event in events})
    assert rounds == [set(things[:3]), set(things[3:])]


async def test_a_consumer_gets_only_what_it_wants(
    server: InstalledServer, tenant: TenantId
) -> None:
    recorder = Recorder()
    await put(server.database, tenant, 1)
    narrow = Consumer("narrow", recorder.effect, frozenset({"parcel.lost"}))
    await drained(server.database, tenant, narrow)
    assert recorder.seen == []


async def test_poison_is_set_aside_and_later_events_go_on(
    server: InstalledServer, tenant: TenantId
) -> None:
    clock_now = system_clock()
    db = Database(server.pools, lambda: clock_now)
    recorder = Recorder()  # all three happen at one instant: any order among them is right
    consumer = Consumer("careful", recorder.effect)
    ids = await put(db, tenant, 1, 2, 3)
    recorder.fails = {ids[1]}
    await drained(db, tenant, consumer)
    assert set(recorder.seen) == {ids[0], ids[2]} and len(recorder.seen) == 2
    for _ in range(6):
        clock_now += timedelta(days=366)
        await drained(db, tenant, consumer)
    async with db.read(Job(tenant=tenant, on_behalf_of="test")) as tx:
        state = await outbox.count_pending(tx)
    assert (state.troubled, state.dead, state.pending) == (0, 1, 0)
    recorder.fails = set()
    clock_now += timedelta(days=366)
    await drained(db, tenant, consumer)
    assert set(recorder.seen) == {ids[0], ids[2]} and len(recorder.seen) == 2, (
        "a dead letter is not tried by itself"
    )


async def test_a_round_of_the_drain_does_not_ask_for_the_next(
    server: InstalledServer, tenant: TenantId
) -> None:
    told: list[TenantId] = []
    db = Database(server.database.pools, system_clock, told.append)
    poisoned = (await put(db, tenant, 1, 2))[0]
    assert told == [tenant, tenant], "whoever writes an event tells of it"
    told.clear()
    recorder = Recorder()
    recorder.fails = {poisoned}
    await drained(db, tenant, Consumer("recorder", recorder.effect))
    assert len(recorder.seen) == 1
    assert told == [tenant], "an effect may have written an event of its own; the rest did not"
    told.clear()
    await drained(db, tenant, Consumer("recorder", recorder.effect))
    assert told == [], "with nothing to do, the worker would wake itself for ever"


async def test_a_crash_between_position_and_effect_loses_nothing(
    server: InstalledServer, tenant: TenantId
) -> None:
    db, recorder = server.database, Recorder()
    ids = await put(db, tenant, 1, 2)
    async with db.begin(Job(tenant=tenant, on_behalf_of="test")) as tx:
        await outbox.drain_outbox(tx)  # and then the worker dies
    await drained(db, tenant, Consumer("late", recorder.effect))
    assert recorder.seen == ids


async def test_a_crash_after_the_effect_does_not_double_it(
    server: InstalledServer, tenant: TenantId, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, recorder = server.database, Recorder()
    consumer = Consumer("once", recorder.effect)
    ids = await put(db, tenant, 1, 2)

    async def away(*_: object, **__: object) -> None:
        raise Unavailable("died before the position was noted")

    with monkeypatch.context() as broken:
        broken.setattr(outbox, "move_position", away)
        with pytest.raises(Unavailable):
            await drain(db, tenant=tenant, consumers=(consumer,))
    await drained(db, tenant, consumer)
    assert recorder.seen == ids


async def test_topics_come_from_the_events(server: InstalledServer, tenant: TenantId) -> None:
    await put(server.database, tenant, 7, 7)
    async with server.database.begin(Job(tenant=tenant, on_behalf_of="test")) as tx:
        events = await outbox.drain_outbox(tx)
    assert topics_of(events) == ["warehouse:W7"]
