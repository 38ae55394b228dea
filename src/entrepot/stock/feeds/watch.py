"""Watching feeds without waiting for a snapshot: silence, lag, gaps, what waits, what came twice.

A sweep opens an alarm for each and ends those that are gone. A node whose source is silent for
longer than its policy allows has its goods held back as part of their safety, so that channels,
reservations and the router know nothing of silence; they come back with the next word.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.feeds import ledger
from entrepot.stock.feeds.ledger import Effect
from entrepot.stock.feeds.types import Goods
from entrepot.stock.feeds.watch_types import (
    Accuracy,
    Alarm,
    FeedPolicy,
    FeedState,
    NodeAccuracy,
    NodePolicy,
    SkuError,
    Swept,
    ToldEvent,
)
from entrepot.stock.scope import warehouses_of

SQL = load_sql(__file__, "watch.sql")

GRACE = timedelta(seconds=20)
"""So long a missing or waiting event may still come by itself."""
STOPPED = 10**12
"""Units held back of each SKU where nothing is to be sold: more than a node can hold."""
MOST_ALARMS = 1000
SLICE = 5000
"""Guarding rows that one block holds back or gives back."""


class _Set(msgspec.Struct, frozen=True):
    node_id: UUID
    sequence: int


class _Silence(msgspec.Struct, frozen=True):
    node_id: UUID
    node: str
    stale_policy: str
    buffer: int
    stale_since: datetime | None
    withheld: int
    heard_at: datetime
    stale: bool


class _Noticed(msgspec.Struct, frozen=True):
    feed_id: UUID
    kind: str
    cause: str
    at_key: str
    sku_code: str | None
    lot: str
    serial: str
    first_sequence: int | None
    last_sequence: int | None
    amount: int
    correction: int
    since: datetime


async def any_feed(tx: ReadTx) -> bool:
    """Whether there is anything to watch."""
    return await tx.value(SQL["any_feed"]) is True


async def set_policy(tx: Tx, *, node: str, policy: FeedPolicy) -> NodePolicy:
    """How long a node's source may be silent. NotFound outside the caller's warehouses, Invalid
    for a buffer of nothing."""
    if policy.stale_policy == "degrade" and policy.buffer == 0:
        message = "say how many units of each SKU are kept back"
        raise Invalid(message, errors=[FieldError("buffer", "missing", message)])
    found = await tx.find(
        SQL["put_policy"], _Set, node=node, stale_after_s=policy.stale_after_s,
        stale_policy=policy.stale_policy, buffer=policy.buffer, lag_limit_s=policy.lag_limit_s,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    if found is None:
        raise NotFound("there is no such node", code="unknown_node", node=node)
    body = {"warehouse": node, "policy": policy.stale_policy}
    await _tell(tx, "feed_policy.set", found.node_id, found.sequence, body)
    return (await list_policies(tx, node=node))[0]


async def list_policies(tx: ReadTx, *, node: str | None = None) -> list[NodePolicy]:
    """The policies of the caller's warehouses."""
    return await tx.list(
        SQL["list_policies"], NodePolicy, node=node, warehouses=warehouses_of(tx.principal)
    )


async def sweep(tx: Tx) -> Swept:
    """Look at every feed once. `more`: a node has more rows to hold back than one block takes."""
    stale, back, more = list[str](), list[str](), False
    for one in await tx.list(SQL["list_silence"], _Silence, now=tx.now):
        wanted = _withheld(one)
        changed = one.stale != (one.stale_since is not None) or wanted != one.withheld
        if changed:
            await _tell_silence(tx, one, wanted)
            (stale if one.stale else back).append(one.node)
        touched = await tx.value(SQL["withhold"], node_id=one.node_id, withheld=wanted)
        more = more or touched == SLICE
        if touched:
            await _tell_withheld(tx, one.node)
    await tx.execute(SQL["look_at_feeds"])
    opened, gone = await _note_alarms(
        tx,
        await tx.list(
            SQL["find_alarms"], _Noticed, now=tx.now, grace=tx.now - GRACE, most=MOST_ALARMS
        ),
    )
    return Swept(opened, gone, stale, back, more)


def _withheld(one: _Silence) -> int:
    if not one.stale or one.stale_policy == "ignore":
        return 0
    return STOPPED if one.stale_policy == "stop" else one.buffer


async def _tell_silence(tx: Tx, one: _Silence, withheld: int) -> None:
    sequence = await tx.value(
        SQL["set_silence"], node_id=one.node_id, withheld=withheld,
        stale_since=(one.stale_since or tx.now) if one.stale else None,
    )  # fmt: skip
    body = {"warehouse": one.node, "policy": one.stale_policy, "heard_at": one.heard_at}
    name = "node.fell_silent" if one.stale else "node.heard_again"
    await _tell(tx, name, one.node_id, sequence, body)


async def _tell_withheld(tx: Tx, node: str) -> None:
    """An event for whoever follows what is available: any SKU of the node may have changed."""
    body = {"warehouse": node, "skus": [], "everything": True}
    await tx.value(
        SQL["tell_withheld"], event_id=new_id(tx.now), now=tx.now, actor=tx.principal.actor,
        body=msgspec.json.encode(body),
    )  # fmt: skip


async def _tell(tx: Tx, name: str, node_id: UUID, sequence: object, body: object) -> None:
    await tx.value(
        SQL["put_node_event"], event_id=new_id(tx.now), node_id=node_id, sequence=sequence,
        name=name, now=tx.now, actor=tx.principal.actor, body=msgspec.json.encode(body),
    )  # fmt: skip


async def _note_alarms(tx: Tx, noticed: Sequence[_Noticed]) -> tuple[int, int]:
    await tx.execute(
        SQL["put_alarms"], now=tx.now, ids=[new_id(tx.now) for _ in noticed],
        feed_ids=[n.feed_id for n in noticed], kinds=[n.kind for n in noticed],
        causes=[n.cause for n in noticed], at_keys=[n.at_key for n in noticed],
        skus=[n.sku_code for n in noticed], lots=[n.lot for n in noticed],
        serials=[n.serial for n in noticed], firsts=[n.first_sequence for n in noticed],
        lasts=[n.last_sequence for n in noticed], amounts=[n.amount for n in noticed],
        corrections=[n.correction for n in noticed], sinces=[n.since for n in noticed],
    )  # fmt: skip
    gone = 0
    if len(noticed) < MOST_ALARMS:  # else nobody knows whether the others are gone
        gone = await tx.execute(SQL["end_alarms"], now=tx.now, actor=tx.principal.actor)
    told = await tx.value(SQL["tell_alarms"], now=tx.now, actor=tx.principal.actor)
    assert isinstance(told, int)
    return told - gone, gone


async def list_states(tx: ReadTx, *, node: str | None) -> list[FeedState]:
    """How late each feed of the caller's warehouses is."""
    return await tx.list(
        SQL["list_states"], FeedState, node=node, now=tx.now,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def list_alarms(
    tx: ReadTx,
    *,
    alarm_id: UUID | None = None,
    node: str | None = None,
    state: str | None = None,
    before: UUID | None = None,
    most: int = 1,
) -> list[Alarm]:
    """Alarms of the caller's warehouses, newest first."""
    return await tx.list(
        SQL["list_alarms"], Alarm, alarm_id=alarm_id, node=node, state=state, before=before,
        most=most, warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def correct_alarm(tx: Tx, *, alarm_id: UUID) -> Alarm:
    """Post the correction that an alarm proposes, once.

    Raises NotFound outside the caller's warehouses, Conflict `alarm_closed` when somebody was
    before or it is gone, `source_must_mend` where there is nothing for us to post, `not_there`
    when the goods have left, `tracked_otherwise` when the SKU is not tracked as it was.
    """
    found = await list_alarms(tx, alarm_id=alarm_id)
    if not found:
        raise NotFound("there is no such alarm", code="unknown_alarm")
    feed = await ledger.take_feed(tx, node=found[0].node, code=found[0].feed)
    alarm = (await list_alarms(tx, alarm_id=alarm_id))[0]
    if alarm.state != "open":
        raise Conflict("this alarm is closed", code="alarm_closed")
    if alarm.correction == 0 or alarm.sku is None:
        raise Conflict("the source has to send again", code="source_must_mend", kind=alarm.kind)
    skus = await ledger.take_skus(tx, feed=feed, skus=[alarm.sku])
    if alarm.sku not in skus:
        raise Conflict("this SKU is closed", code="sku_closed", sku=alarm.sku)
    named = Goods(alarm.sku, alarm.lot, alarm.serial or "")
    if skus[alarm.sku].misfit(named):
        raise Conflict("this SKU is tracked otherwise now", code="tracked_otherwise")
    taken = (await ledger.take_goods(tx, feed=feed, goods=[named]))[named]
    effect = Effect(taken, alarm.correction, alarm.since)
    document_id = await ledger.take_over(tx, feed=feed, effects=[effect])
    sequence = await tx.value(
        SQL["close_alarm"], alarm_id=alarm_id, now=tx.now, actor=tx.principal.actor,
        document_id=document_id,
    )  # fmt: skip
    body = {"id": alarm_id, "warehouse": feed.node, "feed": feed.code, "sku": alarm.sku}
    await tx.value(
        SQL["put_alarm_event"], event_id=new_id(tx.now), alarm_id=alarm_id, sequence=sequence,
        now=tx.now, actor=tx.principal.actor, body=msgspec.json.encode(body),
    )  # fmt: skip
    return (await list_alarms(tx, alarm_id=alarm_id))[0]


async def list_events(tx: ReadTx, *, node: str, feed: str, sku: str, most: int) -> list[ToldEvent]:
    """What a feed told about a SKU, newest first, and what became of it."""
    return await tx.list(
        SQL["list_sku_events"], ToldEvent, node=node, feed=feed, sku=sku, most=most,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def accuracy(
    tx: ReadTx, *, node: str | None = None, sku: str | None = None, most: int
) -> Accuracy:
    """How far our numbers are from the sources', now; nothing differs at rest."""
    scope = warehouses_of(tx.principal)
    errors = await tx.list(
        SQL["list_errors"], SkuError, node=node, sku=sku, most=most, warehouses=scope
    )
    return Accuracy(await tx.list(SQL["list_accuracy"], NodeAccuracy, warehouses=scope), errors)
