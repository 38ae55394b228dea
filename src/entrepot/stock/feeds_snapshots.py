"""Snapshots of outside sources, compared with our own numbers as of their instant."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Invalid
from entrepot.platform.database import Tx
from entrepot.stock import feeds_ledger as ledger
from entrepot.stock import feeds_rules as rules
from entrepot.stock.feeds_ledger import SQL, Effect, Kept, OpenDrift, TakenFeed, TakenSku
from entrepot.stock.feeds_rules import Evidence, Finding, Heard
from entrepot.stock.feeds_types import NewSnapshot, NewSnapshotLine, SnapshotPosted


class _Moved(msgspec.Struct, frozen=True):
    """Units that came after the snapshot, units edited here, units reserved at its instant."""

    sku_id: UUID
    after_as_of: int
    edited: int
    reserved: int


class _Told(msgspec.Struct, frozen=True):
    sequence: int
    sku: str
    delta: int
    at: datetime
    applied: bool
    late: bool


class _Compared(msgspec.Struct, frozen=True):
    """A line beside our number."""

    sku: TakenSku
    ours: int
    theirs: int
    finding: Finding | None


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
    skus = await ledger.take_skus(tx, feed=feed, skus=sorted(line.sku for line in new.lines))
    kept = _unfit(new, skus)
    unfit = {k.sku for k in kept}
    compared = await _compare(tx, feed, new, skus, [ln for ln in new.lines if ln.sku not in unfit])
    agreed = [one for one in compared if one.finding is None]
    differ = [one for one in compared if one.finding is not None]
    drifts = await ledger.open_drifts(tx, feed=feed, skus=[one.sku for one in compared])
    for one in agreed:
        if one.sku.sku_id in drifts:
            await ledger.close_drift(
                tx, feed=feed, sku=one.sku.code, drift_id=drifts[one.sku.sku_id].id,
                state="dismissed", document_id=None,
            )  # fmt: skip
    await ledger.settle(tx, feed=feed, skus=[one.sku for one in agreed], until=new.as_of)
    ids = {
        one.sku.code: await _put_drift(tx, feed, one, new.as_of, drifts.get(one.sku.sku_id))
        for one in differ
    }
    over = await _overwrite(tx, feed, new, differ, ids) if feed.master != "entrepot" else 0
    quarantined = await ledger.keep_back(tx, feed=feed, kept=kept, snapshot_id=snapshot_id)
    await _count(tx, feed, new, kept)
    return SnapshotPosted(snapshot_id, "compared", len(agreed), len(differ), over, quarantined)


async def _keep(tx: Tx, feed: TakenFeed, new: NewSnapshot, outcome: str) -> UUID:
    snapshot_id = new_id(tx.now)
    await tx.execute(
        SQL["put_snapshot"], snapshot_id=snapshot_id, feed_id=feed.feed_id, as_of=new.as_of,
        counted=new.counted, outcome=outcome, now=tx.now, actor=tx.principal.actor,
    )  # fmt: skip
    await tx.execute(
        SQL["put_snapshot_lines"], snapshot_id=snapshot_id, skus=[line.sku for line in new.lines],
        quantities=[line.qty for line in new.lines],
    )  # fmt: skip
    return snapshot_id


def _unfit(new: NewSnapshot, skus: dict[str, TakenSku]) -> list[Kept]:
    found = []
    for line in new.lines:
        if line.sku not in skus:
            found.append(Kept("unknown_sku", line.sku, line.qty, new.as_of))
        elif line.qty < 0:
            found.append(Kept("negative", line.sku, line.qty, new.as_of))
        elif skus[line.sku].tracked:
            found.append(Kept("tracked", line.sku, line.qty, new.as_of))
    return found


async def _compare(
    tx: Tx, feed: TakenFeed, new: NewSnapshot, skus: dict[str, TakenSku],
    lines: Sequence[NewSnapshotLine],
) -> list[_Compared]:  # fmt: skip
    rows = await tx.list(
        SQL["list_moved"], _Moved, node_id=feed.node_id, feed_id=feed.feed_id, as_of=new.as_of,
        sku_ids=[skus[line.sku].sku_id for line in lines],
    )  # fmt: skip
    moved = {row.sku_id: row for row in rows}
    numbers = []
    for line in lines:
        sku = skus[line.sku]
        row = moved[sku.sku_id]
        theirs = line.qty + (row.reserved if new.counted == "net" else 0)
        numbers.append((sku, sku.on_hand - row.after_as_of, theirs, row.edited))
    differ = [sku.code for sku, ours, theirs, _ in numbers if ours != theirs]
    told = await tx.list(SQL["list_evidence"], _Told, feed_id=feed.feed_id, skus=differ)
    waiting = await tx.list(SQL["list_waiting"], Heard, feed_id=feed.feed_id, skus=differ)
    by_sku: dict[str, list[_Told]] = {}
    for event in told:
        by_sku.setdefault(event.sku, []).append(event)
    return [
        _Compared(sku, ours, theirs, rules.find_drift(
            ours=ours, theirs=theirs, as_of=new.as_of,
            evidence=_evidence(feed, sku, edited, by_sku.get(sku.code, []), waiting),
        )) for sku, ours, theirs, edited in numbers
    ]  # fmt: skip


def _evidence(
    feed: TakenFeed, sku: TakenSku, edited: int, told: Sequence[_Told], waiting: Sequence[Heard]
) -> Evidence:
    return Evidence(
        applied=[Heard(e.sequence, e.sku, e.delta, e.at) for e in told if e.applied],
        ignored=[Heard(e.sequence, e.sku, e.delta, e.at) for e in told if e.late],
        waiting=[e.delta for e in waiting if e.sku == sku.code],
        edited=edited,
        packs=sku.packs,
        missing=feed.missing,
    )


async def _put_drift(
    tx: Tx, feed: TakenFeed, one: _Compared, as_of: datetime, before: OpenDrift | None
) -> UUID:
    """A new drift, or the open one of the SKU brought up to date."""
    assert one.finding is not None
    drift_id = new_id(tx.now) if before is None else before.id
    sequence: object = 1
    if before is None:
        await tx.execute(
            SQL["put_drift"], drift_id=drift_id, feed_id=feed.feed_id, sku_id=one.sku.sku_id,
            ours=one.ours, theirs=one.theirs, cause=one.finding.cause,
            correction=one.finding.correction, as_of=as_of, now=tx.now,
        )  # fmt: skip
    else:
        sequence = await tx.value(
            SQL["change_drift"], drift_id=drift_id, ours=one.ours, theirs=one.theirs,
            cause=one.finding.cause, correction=one.finding.correction, as_of=as_of,
        )  # fmt: skip
    name = "drift.found" if before is None else "drift.changed"
    await ledger.tell(
        tx, feed=feed, sku=one.sku.code, drift_id=drift_id, name=name, sequence=sequence
    )
    return drift_id


async def _overwrite(
    tx: Tx, feed: TakenFeed, new: NewSnapshot, differ: Sequence[_Compared], ids: dict[str, UUID]
) -> int:
    """The master's numbers become ours, but for goods that left since: their drift stays open."""
    fits = [one for one in differ if one.sku.on_hand + one.theirs - one.ours >= 0]
    document_id = await ledger.take_over(
        tx, feed=feed, effects=[Effect(one.sku, one.theirs - one.ours, new.as_of) for one in fits]
    )
    await ledger.settle(tx, feed=feed, skus=[one.sku for one in fits], until=new.as_of)
    for one in fits:
        await ledger.close_drift(
            tx, feed=feed, sku=one.sku.code, drift_id=ids[one.sku.code], state="corrected",
            document_id=document_id,
        )  # fmt: skip
    return len(fits)


async def _count(tx: Tx, feed: TakenFeed, new: NewSnapshot, kept: Sequence[Kept]) -> None:
    causes = [k.cause for k in kept]
    await tx.execute(
        SQL["count_feed"], feed_id=feed.feed_id, lowest=None, highest=None, known=0,
        received=len(new.lines), duplicates=0, reordered=0, late=0,
        negative=causes.count("negative"), unknown_skus=causes.count("unknown_sku"), now=tx.now,
    )  # fmt: skip
