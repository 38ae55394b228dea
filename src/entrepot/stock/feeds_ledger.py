"""Feeds at the ledger: taking a feed and its SKUs, moving what a source tells, telling drifts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, NotFound
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import operations
from entrepot.stock.feeds_types import Quarantined
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import End, NewMovement, Status

SQL = load_sql(__file__, "feeds.sql")


class _Node(msgspec.Struct, frozen=True):
    node_id: UUID
    master: str


class _FeedRow(msgspec.Struct, frozen=True):
    feed_id: UUID
    lowest: int | None
    highest: int | None
    known: int


class TakenFeed(msgspec.Struct, frozen=True):
    """A feed, locked. `master` is whose numbers its node goes by."""

    feed_id: UUID
    node_id: UUID
    code: str
    node: str
    master: str
    highest: int | None
    missing: int


class TakenSku(msgspec.Struct, frozen=True):
    """A SKU at the feed's node, its guarding row locked. `until`: settled with the source."""

    sku_id: UUID
    code: str
    tracked: bool
    on_hand: int
    until: datetime | None
    packs: list[int]


class Effect(msgspec.Struct, frozen=True):
    """So many units more or less, counting as of `at`; of an event when it has a sequence."""

    sku: TakenSku
    delta: int
    at: datetime
    sequence: int | None = None


class Kept(msgspec.Struct, frozen=True):
    """A line for the quarantine."""

    cause: str
    sku: str
    quantity: int
    at: datetime
    sequence: int | None = None


class _Goods(msgspec.Struct, frozen=True):
    sku: str
    bin: str
    status: Status
    lot: str
    on_hand: int


class OpenDrift(msgspec.Struct, frozen=True):
    """A drift that nobody has dealt with."""

    id: UUID
    sku_id: UUID
    ours: int
    theirs: int
    cause: str
    correction: int
    as_of: datetime
    sequence: int


async def take_feed(tx: Tx, *, node: str, code: str) -> TakenFeed:
    """The feed, locked, opened at its first word. NotFound for a node that is not the caller's."""
    at = await tx.find(SQL["find_node"], _Node, node=node, warehouses=warehouses_of(tx.principal))
    if at is None:
        raise NotFound("there is no such node", code="unknown_node", node=node)
    await tx.execute(
        SQL["open_feed"], feed_id=new_id(tx.now), node_id=at.node_id, code=code, now=tx.now
    )
    row = await tx.one(SQL["take_feed"], _FeedRow, node_id=at.node_id, code=code)
    missing = 0
    if row.lowest is not None and row.highest is not None:
        missing = row.highest - row.lowest + 1 - row.known
    return TakenFeed(row.feed_id, at.node_id, code, node, at.master, row.highest, missing)


async def take_skus(tx: Tx, *, feed: TakenFeed, skus: Sequence[str]) -> dict[str, TakenSku]:
    """Those of these SKUs that there are, by code, their numbers held still."""
    await tx.execute(SQL["open_guards"], node_id=feed.node_id, skus=list(skus))
    rows = await tx.list(
        SQL["take_skus"], TakenSku, node_id=feed.node_id, feed_id=feed.feed_id, skus=list(skus)
    )
    return {row.code: row for row in rows}


async def take_over(tx: Tx, *, feed: TakenFeed, effects: Sequence[Effect]) -> UUID | None:
    """Move what the effects of each SKU add up to; the document, None when nothing moves.

    Taken goods are our own, those in order first. Raises Conflict when so much is not there.
    """
    if not effects:
        return None
    net: dict[str, int] = {}
    for effect in effects:
        net[effect.sku.code] = net.get(effect.sku.code, 0) + effect.delta
    ids = {effect.sku.code: effect.sku.sku_id for effect in effects}
    moves = [_more(feed, sku, units) for sku, units in sorted(net.items()) if units > 0]
    less = {sku: -units for sku, units in sorted(net.items()) if units < 0}
    if less:
        goods = await tx.list(
            SQL["list_bins"], _Goods, node_id=feed.node_id, sku_ids=[ids[sku] for sku in less]
        )
        moves += _less(feed, less, goods)
    document_id = None
    if moves:
        posted = await operations.post(tx, reference=f"feed {feed.code}", movements=moves)
        document_id = posted.document_id
    await tx.execute(
        SQL["put_effects"], feed_id=feed.feed_id, document_id=document_id or new_id(tx.now),
        sku_ids=[e.sku.sku_id for e in effects], sequences=[e.sequence for e in effects],
        deltas=[e.delta for e in effects], ats=[e.at for e in effects],
    )  # fmt: skip
    return document_id


def _more(feed: TakenFeed, sku: str, units: int) -> NewMovement:
    return NewMovement(sku, units, "count_more", to=End(feed.node))


def _less(feed: TakenFeed, less: dict[str, int], goods: Sequence[_Goods]) -> list[NewMovement]:
    left, found = dict(less), []
    for row in goods:
        units = min(left[row.sku], row.on_hand)
        if units > 0:
            left[row.sku] -= units
            end = End(feed.node, row.bin, row.status)
            found.append(NewMovement(row.sku, units, "count_less", end, lot=row.lot))
    for sku, units in left.items():
        if units > 0:
            raise Conflict("so much does not lie there", code="not_there", sku=sku)
    return found


async def keep_back(
    tx: Tx, *, feed: TakenFeed, kept: Sequence[Kept], snapshot_id: UUID | None = None
) -> list[Quarantined]:
    """Put lines into quarantine; what the source is told about them."""
    if kept:
        await tx.execute(
            SQL["put_quarantine"], feed_id=feed.feed_id, snapshot_id=snapshot_id, now=tx.now,
            ids=[new_id(tx.now) for _ in kept], causes=[k.cause for k in kept],
            skus=[k.sku for k in kept], sequences=[k.sequence for k in kept],
            quantities=[k.quantity for k in kept], ats=[k.at for k in kept],
        )  # fmt: skip
    return [Quarantined(k.sku, k.cause, k.sequence) for k in kept]


async def open_drifts(
    tx: Tx, *, feed: TakenFeed, skus: Sequence[TakenSku]
) -> dict[UUID, OpenDrift]:
    """The open drifts of these SKUs, by SKU."""
    rows = await tx.list(
        SQL["list_open_drifts"], OpenDrift, feed_id=feed.feed_id, sku_ids=[s.sku_id for s in skus]
    )
    return {row.sku_id: row for row in rows}


async def close_drift(
    tx: Tx, *, feed: TakenFeed, sku: str, drift_id: UUID, state: str, document_id: UUID | None
) -> None:
    """End a drift as corrected or dismissed."""
    sequence = await tx.value(
        SQL["close_drift"], drift_id=drift_id, state=state, now=tx.now, document_id=document_id,
        actor=tx.principal.actor,
    )  # fmt: skip
    await tell(tx, feed=feed, sku=sku, drift_id=drift_id, name=f"drift.{state}", sequence=sequence)


async def tell(
    tx: Tx, *, feed: TakenFeed, sku: str, drift_id: UUID, name: str, sequence: object
) -> None:
    """The event of a drift whose sequence has been counted up."""
    body = {"id": drift_id, "warehouse": feed.node, "feed": feed.code, "sku": sku}
    await tx.value(
        SQL["put_event"], event_id=new_id(tx.now), name=name, drift_id=drift_id,
        sequence=sequence, now=tx.now, actor=tx.principal.actor, body=msgspec.json.encode(body),
    )  # fmt: skip


async def settle(tx: Tx, *, feed: TakenFeed, skus: Sequence[TakenSku], until: datetime) -> None:
    """From now on our number of these SKUs holds all that the source told until then."""
    if skus:
        await tx.execute(
            SQL["settle"], feed_id=feed.feed_id, sku_ids=[s.sku_id for s in skus], until=until
        )
