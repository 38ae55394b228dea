"""The outbox of a tenant: written with the change, drained in commit order, read by consumers.

An event's effect happens once for each consumer: a row of `platform.inbox` stands in the
effect's own transaction. An event whose effect fails is set aside, tried again up to five
times, then kept as a dead letter, while later events go on.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from entrepot.kernel.events import Event
from entrepot.kernel.ids import new_id
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "outbox.sql")

DRAIN_MOST = 200
RETRY_AFTER_S = 10
TIDY_MOST = 10_000
NONCES_KEPT = timedelta(minutes=15)
"""Longer than the widest window in which a signature is taken (SAFETY 4: 300 s + 60 s)."""
ANSWERS_KEPT = timedelta(days=30)


class OutboxState(msgspec.Struct, frozen=True):
    """How far behind the drain is, and what could not be delivered."""

    pending: int
    oldest_at: datetime | None
    troubled: int
    dead: int


async def put_event(
    tx: Tx, *, name: str, version: int, aggregate_id: UUID, sequence: int, body: object
) -> UUID:
    """Write an event beside the change it tells of; `name` is `<aggregate>.<past participle>`."""
    event_id = new_id(tx.now)
    await tx.value(
        SQL["put_event"],
        event_id=event_id,
        name=name,
        version=version,
        aggregate=name.split(".", 1)[0],
        aggregate_id=aggregate_id,
        sequence=sequence,
        at=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode(body),
    )
    return event_id


async def drain_outbox(tx: Tx, *, most: int = DRAIN_MOST) -> list[Event]:
    """Give the oldest pending events their feed positions; returns them in that order."""
    return await tx.list(SQL["drain_outbox"], Event, most=most)


async def list_feed(tx: ReadTx, *, after: int, most: int = DRAIN_MOST) -> list[Event]:
    """Events behind a feed position, in order."""
    return await tx.list(SQL["list_feed"], Event, after=after, most=most)


async def find_position(tx: ReadTx, *, consumer: str) -> int:
    """How far a consumer has read; 0 when it never did."""
    position = await tx.value(SQL["find_position"], consumer=consumer)
    return position if isinstance(position, int) else 0


async def move_position(tx: Tx, *, consumer: str, feed_position: int) -> None:
    """Note how far a consumer has read."""
    await tx.execute(SQL["move_position"], consumer=consumer, feed_position=feed_position)


async def take_in(tx: Tx, *, event_id: UUID, consumer: str) -> bool:
    """True the first time: do the effect in this same block. False: it was done before."""
    done = await tx.value(SQL["take_in"], event_id=event_id, consumer=consumer, now=tx.now)
    return bool(done)


async def note_trouble(tx: Tx, *, event_id: UUID, consumer: str, error: str) -> None:
    """Count a failed try; after the fifth the event is a dead letter for this consumer."""
    await tx.execute(
        SQL["note_trouble"],
        event_id=event_id,
        consumer=consumer,
        error=error[:500],
        next_at=tx.now + timedelta(seconds=RETRY_AFTER_S),
        now=tx.now,
    )


async def end_trouble(tx: Tx, *, event_id: UUID, consumer: str) -> None:
    """The effect happened after all."""
    await tx.execute(SQL["end_trouble"], event_id=event_id, consumer=consumer)


async def list_troubled(tx: ReadTx, *, consumer: str, most: int = 50) -> list[Event]:
    """Events set aside for this consumer whose next try is due."""
    return await tx.list(SQL["list_troubled"], Event, consumer=consumer, now=tx.now, most=most)


async def count_pending(tx: ReadTx) -> OutboxState:
    """Figures for /metrics and the sweeper."""
    return await tx.one(SQL["count_pending"], OutboxState)


async def tidy_requests(tx: Tx, *, most: int = TIDY_MOST) -> bool:
    """Forget nonces that can no longer be replayed and answers older than 30 days.

    At most `most` of each, so that a long absence is made good in short blocks; True when there
    may be more.
    """
    nonces = await tx.execute(SQL["tidy_nonces"], before=tx.now - NONCES_KEPT, most=most)
    answers = await tx.execute(SQL["tidy_idempotency"], before=tx.now - ANSWERS_KEPT, most=most)
    return max(nonces, answers) == most
