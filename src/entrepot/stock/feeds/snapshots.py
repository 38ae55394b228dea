"""Snapshots of outside sources, compared with our own numbers as of their instant."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Invalid
from entrepot.platform.database import Tx
from entrepot.stock.feeds import ledger, rules
from entrepot.stock.feeds.ledger import (
    SQL,
    Effect,
    Kept,
    OpenDrift,
    TakenFeed,
    TakenGoods,
    TakenSku,
)
from entrepot.stock.feeds.rules import Evidence, Finding, Heard
from entrepot.stock.feeds.types import Goods, NewSnapshot, NewSnapshotLine, SnapshotPosted


class _Moved(msgspec.Struct, frozen=True):
    """Units that came after the snapshot, units edited here, units reserved at its instant."""

    after_as_of: int
    edited: int
    reserved: int


class _Told(msgspec.Struct, frozen=True):
    sequence: int
    sku: str
    delta: int
    at: datetime
    lot: str
    serial: str
    applied: bool
    late: bool

    @property
    def heard(self) -> Heard:
        """As it goes into the evidence."""
        return Heard(self.sequence, self.sku, self.delta, self.at, self.lot, self.serial)


class _Read(msgspec.Struct, frozen=True):
    """What a snapshot says: so many of each goods, and when their lots expire; the SKUs that it
    tells the whole of by lots or serials; the lines that are kept."""

    told: dict[Goods, int]
    expiry: dict[Goods, date]
    whole: list[TakenSku]
    kept: list[Kept]


class _Compared(msgspec.Struct, frozen=True):
    """What the source told beside our number; `told`: the same piece in the lot in which the source
    has it."""

    taken: TakenGoods
    ours: int
    theirs: int
    finding: Finding | None
    told: TakenGoods | None = None


async def post_snapshot(tx: Tx, *, new: NewSnapshot) -> SnapshotPosted:
    """Compare every line with ours as of the snapshot's instant; keep what differs as a drift.

    Where the node's master is outside, its numbers are taken over at once by movements. A
    snapshot not newer than a known one of the feed is kept and has no effect. Raises Invalid
    naming everything that cannot be meant, NotFound for an unknown node.
    """
    faults = rules.snapshot_faults(new, now=tx.now)
    if faults:
        raise Invalid("a snapshot cannot be meant like this", errors=faults[:100])
    feed = await ledger.take_feed(tx, node=new.node, code=new.feed)
    last = await tx.value(SQL["last_snapshot"], feed_id=feed.feed_id)
    stale = isinstance(last, datetime) and new.as_of <= last
    snapshot_id = await _keep(tx, feed, new, "quarantined" if stale else "compared")
    if stale:
        return SnapshotPosted(snapshot_id, "quarantined", 0, 0, 0, [])
    named = sorted({line.sku for line in new.lines})
    skus = await ledger.take_skus(tx, feed=feed, skus=named)
    read = _read(new, skus)
    drifts = await ledger.open_drifts(tx, feed=feed, skus=skus.values())
    compared = await _compare(tx, feed, new, read, drifts)
    agreed = [one for one in compared if one.finding is None]
    differ = [one for one in compared if one.finding is not None]
    for goods in _over(skus, drifts, agreed, differ):
        await ledger.close_drift(
            tx, feed=feed, goods=goods, drift_id=drifts[goods].id, state="dismissed",
            document_id=None,
        )  # fmt: skip
    await _settle(tx, feed, new, read, agreed, differ)
    found = _paired(differ)
    ids = {
        one.taken.goods: await _put_drift(
            tx, feed, one, new.as_of, drifts.get(one.taken.goods), read.expiry
        ) for one in found
    }  # fmt: skip
    over = 0
    if feed.master != "entrepot":
        over = await _overwrite(tx, feed, new, found, ids, read.expiry)
    quarantined = await ledger.keep_back(tx, feed=feed, kept=read.kept, snapshot_id=snapshot_id)
    await _count(tx, feed, new, read.kept)
    return SnapshotPosted(snapshot_id, "compared", len(agreed), len(found), over, quarantined)


async def _keep(tx: Tx, feed: TakenFeed, new: NewSnapshot, outcome: str) -> UUID:
    snapshot_id = new_id(tx.now)
    await tx.execute(
        SQL["put_snapshot"], snapshot_id=snapshot_id, feed_id=feed.feed_id, as_of=new.as_of,
        counted=new.counted, outcome=outcome, now=tx.now, actor=tx.principal.actor,
    )  # fmt: skip
    await tx.execute(
        SQL["put_snapshot_lines"], snapshot_id=snapshot_id, skus=[line.sku for line in new.lines],
        lots=[line.lot for line in new.lines], serials=[line.serial or "" for line in new.lines],
        expires=[line.expires_on for line in new.lines],
        quantities=[line.qty for line in new.lines],
    )  # fmt: skip
    return snapshot_id


def _read(new: NewSnapshot, skus: dict[str, TakenSku]) -> _Read:
    """Lines that fit their SKUs, and those that do not. A tracked SKU of whose lines one is kept
    is not told as a whole: nobody knows what that line would have said."""
    lines_of = Counter(line.sku for line in new.lines)
    told, kept = dict[Goods, int](), list[Kept]()
    for line in new.lines:
        cause = _unfit(line, new, skus.get(line.sku), lines_of[line.sku])
        if cause is not None:
            kept.append(Kept(cause, line.goods, line.qty, new.as_of))
        elif skus[line.sku].misfit(line.goods) is None:
            told[line.goods] = line.qty
    doubtful = {one.goods.sku for one in kept}
    whole = [
        sku for sku in skus.values()
        if (sku.by_lot or sku.by_serial) and sku.code not in doubtful
    ]  # fmt: skip
    expiry = {line.goods: line.expires_on for line in new.lines if line.expires_on is not None}
    return _Read(told, expiry, whole, kept)


def _unfit(line: NewSnapshotLine, new: NewSnapshot, sku: TakenSku | None, lines: int) -> str | None:
    """Why a line is kept. The only line of a tracked SKU may say that there is none of it, and a
    line of a kit likewise."""
    if sku is None:
        return "unknown_sku"
    if line.qty < 0:
        return "negative"
    cause = sku.misfit(line.goods)
    if cause == "tracked" and line.goods == Goods(line.sku) and line.qty == 0 and lines == 1:
        return None
    if cause == "kit" and line.qty == 0:
        return None
    if cause is None and new.counted == "net" and (sku.by_lot or sku.by_serial):
        return "net"
    return cause


async def _compare(
    tx: Tx, feed: TakenFeed, new: NewSnapshot, read: _Read, drifts: dict[Goods, OpenDrift]
) -> list[_Compared]:
    """Every goods that the snapshot tells, and those of ours that it should have told."""
    rows = await tx.list(
        SQL["list_goods_known"], Goods, node_id=feed.node_id, feed_id=feed.feed_id,
        as_of=new.as_of, sku_ids=[sku.sku_id for sku in read.whole],
    )  # fmt: skip
    theirs_of = {**dict.fromkeys(rows, 0), **read.told}
    taken = list((await ledger.take_goods(tx, feed=feed, goods=list(theirs_of))).values())
    moved = await tx.list(
        SQL["list_moved"], _Moved, node_id=feed.node_id, as_of=new.as_of,
        sku_ids=[one.sku_id for one in taken], lots=[one.lot for one in taken],
        serials=[one.serial for one in taken], untils=[one.until for one in taken],
    )  # fmt: skip
    numbers = []
    for one, row in zip(taken, moved, strict=True):
        theirs = theirs_of[one.goods] + (row.reserved if new.counted == "net" else 0)
        ours = one.on_hand - row.after_as_of
        if ours or one.goods in read.told or one.goods in drifts:
            numbers.append((one, ours, theirs, row.edited))
    differ = sorted({one.sku for one, ours, theirs, _ in numbers if ours != theirs})
    told = await tx.list(SQL["list_evidence"], _Told, feed_id=feed.feed_id, skus=differ)
    waiting = await tx.list(SQL["list_waiting"], Heard, feed_id=feed.feed_id, skus=differ)
    by_goods: dict[Goods, list[_Told]] = {}
    for event in told:
        by_goods.setdefault(event.heard.goods, []).append(event)
    return [
        _Compared(one, ours, theirs, rules.find_drift(
            ours=ours, theirs=theirs, as_of=new.as_of,
            evidence=_evidence(feed, one, edited, by_goods.get(one.goods, []), waiting),
        )) for one, ours, theirs, edited in numbers
    ]  # fmt: skip


def _evidence(
    feed: TakenFeed, taken: TakenGoods, edited: int, told: Sequence[_Told],
    waiting: Sequence[Heard],
) -> Evidence:  # fmt: skip
    return Evidence(
        applied=[e.heard for e in told if e.applied],
        ignored=[e.heard for e in told if e.late],
        waiting=[e.delta for e in waiting if e.goods == taken.goods],
        edited=edited,
        packs=taken.packs,
        missing=feed.missing,
        nameless=taken.nameless,
    )


def _over(
    skus: dict[str, TakenSku], drifts: Collection[Goods], agreed: Sequence[_Compared],
    differ: Sequence[_Compared],
) -> list[Goods]:  # fmt: skip
    """What has an open drift that is none any more: it agrees, or its SKU is not tracked by lots
    or serials any more, so that nobody tells of it, or the piece is told with the lot in which it
    is here."""
    equal, unequal = ({one.taken.goods for one in ones} for ones in (agreed, differ))
    twins = {one.told.goods for one in _paired(differ) if one.told is not None}
    return [
        goods for goods in drifts
        if goods in equal or goods in twins
        or (goods not in unequal and skus[goods.sku].misfit(goods) == "untracked")
    ]  # fmt: skip


def _paired(differ: Sequence[_Compared]) -> list[_Compared]:
    """A piece that is in one lot here and in another there is one difference: of the lot in which
    it is here. Goods without the lot they need cannot be moved into one, so they stay two."""
    there = {
        (one.taken.sku, one.taken.serial): one for one in differ
        if one.taken.by_lot and one.taken.serial and (one.ours, one.theirs) == (0, 1)
    }  # fmt: skip
    found, twins = list[_Compared](), set[Goods]()
    for one in differ:
        twin = there.get((one.taken.sku, one.taken.serial))
        if twin is None or twin is one or one.taken.nameless or (one.ours, one.theirs) != (1, 0):
            found.append(one)
            continue
        assert one.finding is not None
        assert twin.finding is not None
        cause = rules.cause_of_other_lot(one.finding.cause, twin.finding.cause)
        finding = msgspec.structs.replace(one.finding, cause=cause)
        found.append(msgspec.structs.replace(one, finding=finding, told=twin.taken))
        twins.add(twin.taken.goods)
    return [one for one in found if one.taken.goods not in twins]


async def _settle(
    tx: Tx, feed: TakenFeed, new: NewSnapshot, read: _Read, agreed: Sequence[_Compared],
    differ: Sequence[_Compared],
) -> None:  # fmt: skip
    """What agrees is settled; where a SKU was told as a whole, also what neither side has."""
    whole = {sku.code for sku in read.whole}
    single = [one.taken for one in agreed if one.taken.sku not in whole]
    await ledger.settle(tx, feed=feed, goods=single, until=new.as_of)
    but = [one.taken for one in differ if one.taken.sku in whole]
    if whole:
        await tx.execute(
            SQL["settle_whole"], feed_id=feed.feed_id, until=new.as_of,
            sku_ids=[sku.sku_id for sku in read.whole], but_sku_ids=[one.sku_id for one in but],
            but_lots=[one.lot for one in but], but_serials=[one.serial for one in but],
        )  # fmt: skip


async def _put_drift(
    tx: Tx, feed: TakenFeed, one: _Compared, as_of: datetime, before: OpenDrift | None,
    expiry: Mapping[Goods, date],
) -> UUID:  # fmt: skip
    """A new drift, or the open one of the same goods brought up to date."""
    assert one.finding is not None
    drift_id = new_id(tx.now) if before is None else before.id
    told = one.taken if one.told is None else one.told
    told_lot = None if one.told is None else one.told.lot
    sequence: object = 1
    if before is None:
        await tx.execute(
            SQL["put_drift"], drift_id=drift_id, feed_id=feed.feed_id, sku_id=one.taken.sku_id,
            lot=one.taken.lot, serial=one.taken.serial, expires_on=expiry.get(told.goods),
            ours=one.ours, theirs=one.theirs, cause=one.finding.cause,
            correction=one.finding.correction, as_of=as_of, now=tx.now, told_lot=told_lot,
        )  # fmt: skip
    else:
        sequence = await tx.value(
            SQL["change_drift"], drift_id=drift_id, ours=one.ours, theirs=one.theirs,
            cause=one.finding.cause, correction=one.finding.correction, as_of=as_of,
            expires_on=expiry.get(told.goods), told_lot=told_lot,
        )  # fmt: skip
    name = "drift.found" if before is None else "drift.changed"
    await ledger.tell(
        tx, feed=feed, goods=one.taken.goods, drift_id=drift_id, name=name, sequence=sequence
    )
    return drift_id


async def _overwrite(
    tx: Tx, feed: TakenFeed, new: NewSnapshot, differ: Sequence[_Compared],
    ids: Mapping[Goods, UUID], expiry: Mapping[Goods, date],
) -> int:  # fmt: skip
    """The master's numbers become ours, but for goods that left since: their drift stays open.
    So does that of a piece which is elsewhere, and of goods that nothing can be posted of."""
    fits = [one for one in differ if one.taken.fits(one.theirs - one.ours)]
    plain = [one for one in fits if one.told is None]
    document_id = await ledger.take_over(
        tx, feed=feed, effects=[
            Effect(
                one.taken, one.theirs - one.ours, new.as_of, None, expiry.get(one.taken.goods)
            ) for one in plain
        ],
    )  # fmt: skip
    documents = {one.taken.goods: document_id for one in plain}
    for one in fits:
        if one.told is not None:
            documents[one.taken.goods] = await ledger.move_piece(
                tx, feed=feed, piece=one.taken, into=one.told, at=new.as_of,
                expires_on=expiry.get(one.told.goods),
            )  # fmt: skip
    moved = [one.taken for one in fits] + [one.told for one in fits if one.told is not None]
    await ledger.settle(tx, feed=feed, goods=moved, until=new.as_of)
    for one in fits:
        await ledger.close_drift(
            tx, feed=feed, goods=one.taken.goods, drift_id=ids[one.taken.goods],
            state="corrected", document_id=documents[one.taken.goods],
        )  # fmt: skip
    return len(fits)


async def _count(tx: Tx, feed: TakenFeed, new: NewSnapshot, kept: Sequence[Kept]) -> None:
    causes = [k.cause for k in kept]
    await tx.execute(
        SQL["count_feed"], feed_id=feed.feed_id, lowest=None, highest=None, known=0,
        received=len(new.lines), duplicates=0, reordered=0, late=0,
        negative=causes.count("negative"), unknown_skus=causes.count("unknown_sku"), now=tx.now,
    )  # fmt: skip
