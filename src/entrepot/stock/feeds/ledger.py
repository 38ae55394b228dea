"""Feeds at the ledger: taking a feed and its goods, moving what a source tells, telling drifts."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, NotFound
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import operations
from entrepot.stock.feeds import rules as feeds_rules
from entrepot.stock.feeds.types import Goods, Quarantined
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import End, NewMovement, Status

SQL = load_sql(__file__, "operations.sql")


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
    """A SKU at the feed's node, its guarding row locked, and what it is tracked by."""

    sku_id: UUID
    code: str
    by_lot: bool
    by_serial: bool
    is_kit: bool

    def misfit(self, goods: Goods) -> str | None:
        """Why these goods cannot be of this SKU; None when they fit. A kit has none: it is what
        its parts are."""
        if self.is_kit:
            return "kit"
        return feeds_rules.misfit(goods, by_lot=self.by_lot, by_serial=self.by_serial)


class TakenGoods(msgspec.Struct, frozen=True):
    """Goods at the feed's node, held still. `own`: those that are not somebody else's; `until`:
    settled with the source; `elsewhere`: the piece with this serial is in another place of ours,
    or another's; `expired`: the lot is."""

    sku_id: UUID
    sku: str
    lot: str
    serial: str
    by_lot: bool
    by_serial: bool
    on_hand: int
    own: int
    until: datetime | None
    packs: list[int]
    elsewhere: bool
    expired: bool

    @property
    def goods(self) -> Goods:
        """Their name."""
        return Goods(self.sku, self.lot, self.serial)

    @property
    def nameless(self) -> bool:
        """They lie there without the lot or serial that the ledger asks for."""
        lacks = feeds_rules.misfit(self.goods, by_lot=self.by_lot, by_serial=self.by_serial)
        return lacks is not None

    @property
    def room(self) -> int | None:
        """How many of them there can be; None without end."""
        return int(not self.elsewhere) if self.by_serial else None

    def fits(self, delta: int) -> bool:
        """Whether so many more or less can be posted."""
        return not self.nameless and feeds_rules.admit(self.own, [delta], room=self.room)[0]


class Effect(msgspec.Struct, frozen=True):
    """So many units more or less, counting as of `at`; of an event when it has a sequence."""

    of: TakenGoods
    delta: int
    at: datetime
    sequence: int | None = None
    expires_on: date | None = None


class Kept(msgspec.Struct, frozen=True):
    """A line for the quarantine."""

    cause: str
    goods: Goods
    quantity: int
    at: datetime
    sequence: int | None = None


class _Lying(msgspec.Struct, frozen=True):
    """Units in a bin; `of_lot` and `of_serial` as goods are named."""

    sku: str
    of_lot: str
    of_serial: str
    bin: str
    status: Status
    lot: str
    on_hand: int


class OpenDrift(msgspec.Struct, frozen=True):
    """A drift that nobody has dealt with."""

    id: UUID
    sku: str
    lot: str
    serial: str
    expires_on: date | None
    ours: int
    theirs: int
    cause: str
    correction: int
    as_of: datetime
    sequence: int
    told_lot: str | None

    @property
    def goods(self) -> Goods:
        """What it is of."""
        return Goods(self.sku, self.lot, self.serial)

    @property
    def told(self) -> Goods | None:
        """What the source calls the piece, where it has it in another lot."""
        return None if self.told_lot is None else Goods(self.sku, self.told_lot, self.serial)


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
    rows = await tx.list(SQL["take_skus"], TakenSku, node_id=feed.node_id, skus=list(skus))
    return {row.code: row for row in rows}


async def take_goods(tx: Tx, *, feed: TakenFeed, goods: Sequence[Goods]) -> dict[Goods, TakenGoods]:
    """How many of these there are, and until when that is settled. Only after `take_skus`: read
    in the same statement, what lies in a lot would be older than the lock."""
    rows = await tx.list(
        SQL["list_goods"], TakenGoods, node_id=feed.node_id, feed_id=feed.feed_id,
        skus=[one.sku for one in goods], lots=[one.lot for one in goods],
        serials=[one.serial for one in goods],
    )  # fmt: skip
    return {row.goods: row for row in rows}


async def take_over(tx: Tx, *, feed: TakenFeed, effects: Sequence[Effect]) -> UUID | None:
    """Move what the effects of the same goods add up to; the document, None when nothing moves.

    Taken goods are our own, those in order first. Raises Conflict when so much is not there.
    """
    if not effects:
        return None
    net: dict[Goods, int] = {}
    for effect in effects:
        net[effect.of.goods] = net.get(effect.of.goods, 0) + effect.delta
    taken = {effect.of.goods: effect.of for effect in effects}
    expiry = {effect.of.goods: effect.expires_on for effect in effects if effect.expires_on}
    named = sorted(net, key=lambda one: (one.sku, one.lot, one.serial))
    moves = [_more(feed, taken[one], net[one], expiry.get(one)) for one in named if net[one] > 0]
    less = {one: -net[one] for one in named if net[one] < 0}
    if less:
        lying = await tx.list(
            SQL["list_bins"], _Lying, node_id=feed.node_id,
            sku_ids=sorted({taken[one].sku_id for one in less}),
        )  # fmt: skip
        moves += _less(feed, less, lying)
    document_id = await _post(tx, feed, moves) if moves else None
    await _put_effects(tx, feed, document_id or new_id(tx.now), effects)
    return document_id


async def move_piece(
    tx: Tx, *, feed: TakenFeed, piece: TakenGoods, into: TakenGoods, at: datetime,
    expires_on: date | None,
) -> UUID:  # fmt: skip
    """Give a piece of ours the lot in which the source has it, where it lies and in its state: it
    leaves one lot and comes in the other, in a document each, since a document moves a piece once.
    The second of them. Raises Conflict `not_there` when the piece has left."""
    rows = await tx.list(SQL["list_bins"], _Lying, node_id=feed.node_id, sku_ids=[piece.sku_id])
    lying = [row for row in rows if Goods(row.sku, row.of_lot, row.of_serial) == piece.goods]
    (out,) = _less(feed, {piece.goods: 1}, lying)
    document_id = await _post(tx, feed, [out])
    await _put_effects(tx, feed, document_id, [Effect(piece, -1, at)])
    status = lying[0].status
    if into.expired or status == "expired":
        status = _status_of(into)
    come = NewMovement(
        into.sku, 1, "count_more", to=End(feed.node, lying[0].bin, status), lot=into.lot,
        expires_on=expires_on, serial=into.serial,
    )  # fmt: skip
    document_id = await _post(tx, feed, [come])
    await _put_effects(tx, feed, document_id, [Effect(into, 1, at, None, expires_on)])
    return document_id


async def _post(tx: Tx, feed: TakenFeed, moves: Sequence[NewMovement]) -> UUID:
    posted = await operations.post(tx, reference=f"feed {feed.code}", movements=moves)
    return posted.document_id


async def _put_effects(
    tx: Tx, feed: TakenFeed, document_id: UUID, effects: Sequence[Effect]
) -> None:
    await tx.execute(
        SQL["put_effects"], feed_id=feed.feed_id, document_id=document_id,
        sku_ids=[e.of.sku_id for e in effects], lots=[e.of.lot for e in effects],
        serials=[e.of.serial for e in effects], sequences=[e.sequence for e in effects],
        deltas=[e.delta for e in effects], ats=[e.at for e in effects],
    )  # fmt: skip


def _more(feed: TakenFeed, taken: TakenGoods, units: int, expires_on: date | None) -> NewMovement:
    return NewMovement(
        taken.sku, units, "count_more", to=End(feed.node, None, _status_of(taken)), lot=taken.lot,
        expires_on=expires_on, serial=taken.serial or None,
    )  # fmt: skip


def _status_of(taken: TakenGoods) -> Status:
    return "expired" if taken.expired else "good"


def _less(feed: TakenFeed, less: dict[Goods, int], lying: Sequence[_Lying]) -> list[NewMovement]:
    left, found = dict(less), []
    for row in lying:
        goods = Goods(row.sku, row.of_lot, row.of_serial)
        units = min(left.get(goods, 0), row.on_hand)
        if units > 0:
            left[goods] -= units
            end = End(feed.node, row.bin, row.status)
            found.append(NewMovement(
                row.sku, units, "count_less", end, lot=row.lot, serial=row.of_serial or None
            ))  # fmt: skip
    for goods, units in left.items():
        if units > 0:
            raise Conflict(
                "so much does not lie there", code="not_there", sku=goods.sku, lot=goods.lot,
                serial=goods.serial,
            )  # fmt: skip
    return found


async def keep_back(
    tx: Tx, *, feed: TakenFeed, kept: Sequence[Kept], snapshot_id: UUID | None = None
) -> list[Quarantined]:
    """Put lines into quarantine; what the source is told about them."""
    if kept:
        await tx.execute(
            SQL["put_quarantine"], feed_id=feed.feed_id, snapshot_id=snapshot_id, now=tx.now,
            ids=[new_id(tx.now) for _ in kept], causes=[k.cause for k in kept],
            skus=[k.goods.sku for k in kept], lots=[k.goods.lot for k in kept],
            serials=[k.goods.serial for k in kept], sequences=[k.sequence for k in kept],
            quantities=[k.quantity for k in kept], ats=[k.at for k in kept],
        )  # fmt: skip
    return [
        Quarantined(k.goods.sku, k.cause, k.sequence, k.goods.lot, k.goods.serial or None)
        for k in kept
    ]


async def open_drifts(
    tx: Tx, *, feed: TakenFeed, skus: Iterable[TakenSku]
) -> dict[Goods, OpenDrift]:
    """The open drifts of these SKUs, by what they are of."""
    rows = await tx.list(
        SQL["list_open_drifts"], OpenDrift, feed_id=feed.feed_id, sku_ids=[s.sku_id for s in skus]
    )
    return {row.goods: row for row in rows}


async def close_drift(
    tx: Tx, *, feed: TakenFeed, goods: Goods, drift_id: UUID, state: str, document_id: UUID | None
) -> None:
    """End a drift as corrected or dismissed."""
    sequence = await tx.value(
        SQL["close_drift"], drift_id=drift_id, state=state, now=tx.now, document_id=document_id,
        actor=tx.principal.actor,
    )  # fmt: skip
    await tell(
        tx, feed=feed, goods=goods, drift_id=drift_id, name=f"drift.{state}", sequence=sequence
    )


async def tell(
    tx: Tx, *, feed: TakenFeed, goods: Goods, drift_id: UUID, name: str, sequence: object
) -> None:
    """The event of a drift whose sequence has been counted up."""
    body = {
        "id": drift_id, "warehouse": feed.node, "feed": feed.code, "sku": goods.sku,
        "lot": goods.lot, "serial": goods.serial or None,
    }  # fmt: skip
    await tx.value(
        SQL["put_event"], event_id=new_id(tx.now), name=name, drift_id=drift_id,
        sequence=sequence, now=tx.now, actor=tx.principal.actor, body=msgspec.json.encode(body),
    )  # fmt: skip


async def settle(tx: Tx, *, feed: TakenFeed, goods: Sequence[TakenGoods], until: datetime) -> None:
    """From now on our number of these goods holds all that the source told until then."""
    if goods:
        await tx.execute(
            SQL["settle"], feed_id=feed.feed_id, sku_ids=[one.sku_id for one in goods],
            lots=[one.lot for one in goods], serials=[one.serial for one in goods], until=until,
        )  # fmt: skip
