"""Draining one tenant's outbox: positions first, then each consumer from where it stood.

A crash between two steps loses nothing: positions are committed with the removal from
`outbox_pending`, and every consumer goes on from its own position.
"""

from collections.abc import Sequence

import structlog

from entrepot.jobs.consumers import Consumer, topics_of
from entrepot.kernel.events import Event
from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Job
from entrepot.kernel.refusals import Unavailable
from entrepot.platform import faults, outbox, queue
from entrepot.platform.database import Database

log = structlog.get_logger()

LIVE = "live"


async def drain(db: Database, *, tenant: TenantId, consumers: Sequence[Consumer]) -> bool:
    """One round of at most 200 events for each reader; True when there is more to do."""
    job = Job(tenant=tenant, on_behalf_of="outbox")
    async with db.begin(job, quiet=True) as tx:
        drained = await outbox.drain_outbox(tx)
    await faults.at("drain.after_positions")
    full = len(drained) >= outbox.DRAIN_MOST
    for consumer in consumers:
        full |= await _serve(db, job, consumer)
    full |= await _announce(db, job)
    return full


async def _serve(db: Database, job: Job, consumer: Consumer) -> bool:
    async with db.read(job) as reader:
        after = await outbox.find_position(reader, consumer=consumer.name)
        events = await outbox.list_feed(reader, after=after)
        again = await outbox.list_troubled(reader, consumer=consumer.name)
    for event in again:
        await _try(db, job, consumer, event)
    wanted = [event for event in events if consumer.wants(event)]
    for event in wanted:
        await _try(db, job, consumer, event)
    if events:
        async with db.begin(job, quiet=True) as tx:
            position = events[-1].feed_position
            await outbox.move_position(tx, consumer=consumer.name, feed_position=position)
    # An effect may have written events of its own: look once more.
    return bool(wanted) or len(events) == outbox.DRAIN_MOST


async def _try(db: Database, job: Job, consumer: Consumer, event: Event) -> None:
    """One event's effect, once. A failure sets the event aside and lets later ones go on."""
    by = Job(tenant=job.tenant, on_behalf_of=event.actor, event_id=event.event_id)
    try:
        async with db.begin(by) as tx:
            if await outbox.take_in(tx, event_id=event.event_id, consumer=consumer.name):
                await consumer.effect(tx, event)
            await outbox.end_trouble(tx, event_id=event.event_id, consumer=consumer.name)
    except Unavailable:
        raise  # the database is away: nothing is wrong with the event
    except Exception as error:  # whatever it is, it is counted and kept
        log.exception("drain.effect_failed", consumer=consumer.name, kind=event.name)
        async with db.begin(job, quiet=True) as tx:
            await outbox.note_trouble(
                tx, event_id=event.event_id, consumer=consumer.name, error=repr(error)
            )


async def _announce(db: Database, job: Job) -> bool:
    """Tell listening pages what changed. Telling twice is harmless, so the position comes last."""
    async with db.read(job) as reader:
        after = await outbox.find_position(reader, consumer=LIVE)
        events = await outbox.list_feed(reader, after=after)
    if not events:
        return False
    async with db.control(job) as control:
        for topic in topics_of(events):
            await queue.notify(control, tenant=job.tenant, topic=topic)
    async with db.begin(job, quiet=True) as tx:
        await outbox.move_position(tx, consumer=LIVE, feed_position=events[-1].feed_position)
    return len(events) == outbox.DRAIN_MOST
