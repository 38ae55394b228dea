"""Truth from outside: deltas of a source, applied once each; drifts and their correction.

Snapshots are in `feeds_snapshots`, rules in `feeds_rules`, the way to the ledger in
`feeds_ledger`. Locks: the feed, then the guarding rows.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.kernel.refusals import Conflict, Invalid, NotFound
from entrepot.platform.database import ReadTx, Tx
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
from entrepot.stock.feeds.rules import Heard, edited_nodes
from entrepot.stock.feeds.types import (
    Drift,
    FeedCounts,
    FeedPosted,
    FeedQuality,
    Goods,
    NewFeedEvents,
)
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import NewMovement


class _Place(msgspec.Struct, frozen=True):
    node: str
    feed: str
    sku: str


class _Master(msgspec.Struct, frozen=True):
    code: str
    master: str


class _Admitted(msgspec.Struct, frozen=True):
    """What of the events takes effect, what is kept back, what waited and is over."""

    effects: list[Effect]
    kept: list[Kept]
    over: list[int]


async def post_events(tx: Tx, *, new: NewFeedEvents) -> FeedPosted:
    """Apply every event that was not heard before; what cannot be applied is kept.

    Raises Invalid naming every event that cannot be meant, NotFound for an unknown node.
    """
    faults = rules.event_faults(new.events, now=tx.now)
    if faults:
        raise Invalid("an event cannot be meant", errors=faults[:100])
    feed = await ledger.take_feed(tx, node=new.node, code=new.feed)
    events = [
        Heard(e.sequence, e.sku, e.delta, e.at, e.lot, e.serial or "", e.expires_on)
        for e in new.events
    ]
    skus = await ledger.take_skus(tx, feed=feed, skus=sorted({e.sku for e in events}))
    waiting = await tx.list(SQL["list_waiting"], Heard, feed_id=feed.feed_id, skus=sorted(skus))
    goods = await ledger.take_goods(tx, feed=feed, goods=_fitting(skus, [*events, *waiting]))
    heard = await tx.list(
        SQL["list_heard"], Heard, feed_id=feed.feed_id, sequences=[e.sequence for e in events]
    )
    judged = rules.sort_events(
        events,
        known={e.sequence: e for e in heard},
        highest=feed.highest,
        settled={name: one.until for name, one in goods.items() if one.until is not None},
    )
    fresh = [
        (e, v) for e, v in zip(events, judged.verdicts, strict=True)
        if v not in ("duplicate", "altered")
    ]  # fmt: skip
    await _put_events(tx, feed, fresh)
    admitted = _admit(skus, goods, waiting, [e for e, v in fresh if v != "late"])
    document_id = await ledger.take_over(tx, feed=feed, effects=admitted.effects)
    await tx.execute(
        SQL["close_waiting"], feed_id=feed.feed_id, sequences=admitted.over, now=tx.now
    )
    await _explain_drifts(tx, feed, skus, admitted.effects)
    altered = [
        Kept("altered", e.goods, e.delta, e.at, e.sequence)
        for e, v in zip(events, judged.verdicts, strict=True) if v == "altered"
    ]  # fmt: skip
    kept = admitted.kept + altered
    counted = {v: judged.verdicts.count(v) for v in ("duplicate", "late", "reordered")}
    await _count(tx, feed, [e for e, _ in fresh], len(events), counted, kept)
    return FeedPosted(
        feed=feed.code, node=feed.node, applied=len(admitted.effects),
        duplicates=counted["duplicate"], late=counted["late"], reordered=counted["reordered"],
        gaps=judged.gaps, quarantined=await ledger.keep_back(tx, feed=feed, kept=kept),
        document_id=document_id,
    )  # fmt: skip


def _fitting(skus: dict[str, TakenSku], events: Sequence[Heard]) -> list[Goods]:
    named = dict.fromkeys(e.goods for e in events if e.sku in skus)
    return [goods for goods in named if skus[goods.sku].misfit(goods) is None]


async def _put_events(
    tx: Tx, feed: TakenFeed, fresh: Sequence[tuple[Heard, rules.Verdict]]
) -> None:
    await tx.execute(
        SQL["put_events"], feed_id=feed.feed_id, now=tx.now,
        sequences=[e.sequence for e, _ in fresh], skus=[e.sku for e, _ in fresh],
        lots=[e.lot for e, _ in fresh], serials=[e.serial for e, _ in fresh],
        expires=[e.expires_on for e, _ in fresh],
        deltas=[e.delta for e, _ in fresh], ats=[e.at for e, _ in fresh],
        verdicts=[v for _, v in fresh],
    )  # fmt: skip


def _admit(
    skus: dict[str, TakenSku],
    goods: dict[Goods, TakenGoods],
    waiting: Sequence[Heard],
    fresh: Sequence[Heard],
) -> _Admitted:
    """By goods in the source's order; what waited and is in a snapshot by now is over."""
    effects, kept, over = list[Effect](), list[Kept](), list[int]()
    by_goods: dict[Goods, list[Heard]] = {}
    for event in fresh:
        cause = skus[event.sku].misfit(event.goods) if event.sku in skus else "unknown_sku"
        if cause is None:
            by_goods.setdefault(event.goods, []).append(event)
        else:
            kept.append(Kept(cause, event.goods, event.delta, event.at, event.sequence))
    waited = {event.sequence for event in waiting}
    for event in waiting:
        until = goods[event.goods].until if event.goods in goods else None
        if until is not None and event.at <= until:
            over.append(event.sequence)
        elif event.goods in goods:
            by_goods.setdefault(event.goods, []).append(event)
    come = set[tuple[str, str]]()
    for name, events in by_goods.items():
        one = goods[name]
        events.sort(key=lambda event: event.sequence)
        room = 0 if (name.sku, name.serial) in come else one.room
        fits = rules.admit(one.own, [event.delta for event in events], room=room)
        if name.serial and True in fits:  # a piece does not come in two lots at once
            come.add((name.sku, name.serial))
        for event, fit in zip(events, fits, strict=True):
            if fit:
                effects.append(Effect(one, event.delta, event.at, event.sequence, event.expires_on))
                over += [event.sequence] if event.sequence in waited else []
            elif event.sequence not in waited:
                cause = "negative" if event.delta < 0 else "serial_elsewhere"
                kept.append(Kept(cause, name, event.delta, event.at, event.sequence))
    return _Admitted(effects, kept, over)


async def _explain_drifts(
    tx: Tx, feed: TakenFeed, skus: dict[str, TakenSku], effects: Sequence[Effect]
) -> None:
    """An event that came after the snapshot that missed it makes its drift smaller, or ends it."""
    if not effects:
        return
    for drift in (await ledger.open_drifts(tx, feed=feed, skus=skus.values())).values():
        mine = [e for e in effects if e.of.goods == drift.goods and e.at <= drift.as_of]
        if not mine:
            continue
        ours = drift.ours + sum(e.delta for e in mine)
        correction = 0 if drift.correction == 0 else drift.theirs - ours
        sequence = await tx.value(
            SQL["change_drift"], drift_id=drift.id, ours=ours, theirs=drift.theirs, cause="late",
            correction=correction, as_of=drift.as_of, expires_on=None, told_lot=drift.told_lot,
        )  # fmt: skip
        await ledger.tell(
            tx, feed=feed, goods=drift.goods, drift_id=drift.id, name="drift.changed",
            sequence=sequence,
        )  # fmt: skip
        if ours == drift.theirs:
            await ledger.close_drift(
                tx, feed=feed, goods=drift.goods, drift_id=drift.id, state="dismissed",
                document_id=None,
            )  # fmt: skip


async def _count(
    tx: Tx, feed: TakenFeed, fresh: Sequence[Heard], received: int, counted: dict[str, int],
    kept: Sequence[Kept],
) -> None:  # fmt: skip
    sequences = [e.sequence for e in fresh]
    causes = [k.cause for k in kept]
    await tx.execute(
        SQL["count_feed"], feed_id=feed.feed_id, lowest=min(sequences, default=None),
        highest=max(sequences, default=None), known=len(sequences), received=received,
        duplicates=counted["duplicate"] + causes.count("altered"),
        reordered=counted["reordered"], late=counted["late"],
        negative=causes.count("negative") + causes.count("serial_elsewhere"),
        unknown_skus=causes.count("unknown_sku"), now=tx.now,
    )  # fmt: skip


async def correct(tx: Tx, *, drift_id: UUID) -> Drift:
    """Post the one correction of a drift; without one (a mistake of units) it is dismissed.

    Raises NotFound outside the caller's warehouses, Conflict `drift_closed` when somebody was
    before, `not_there` when the goods have left meanwhile, `serial_elsewhere` while the piece is
    in another place of ours, `tracked_otherwise` when the SKU is not tracked as it was.
    """
    at = await tx.find(
        SQL["find_feed_of_drift"], _Place, drift_id=drift_id,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    if at is None:
        raise NotFound("there is no such drift", code="unknown_drift")
    feed = await ledger.take_feed(tx, node=at.node, code=at.feed)
    skus = await ledger.take_skus(tx, feed=feed, skus=[at.sku])
    if at.sku not in skus:
        raise Conflict("this SKU is closed", code="sku_closed", sku=at.sku)
    drifts = await ledger.open_drifts(tx, feed=feed, skus=skus.values())
    drift = next((one for one in drifts.values() if one.id == drift_id), None)
    if drift is None:
        raise Conflict("this drift is closed", code="drift_closed")
    document_id = None
    if drift.correction:
        if skus[at.sku].misfit(drift.goods):
            raise Conflict("this SKU is tracked otherwise now", code="tracked_otherwise")
        document_id = await _post_correction(tx, feed, drift)
    state = "corrected" if document_id else "dismissed"
    await ledger.close_drift(
        tx, feed=feed, goods=drift.goods, drift_id=drift_id, state=state, document_id=document_id
    )
    return (await list_drifts(tx, drift_id=drift_id))[0]


async def _post_correction(tx: Tx, feed: TakenFeed, drift: OpenDrift) -> UUID | None:
    named = [drift.goods] if drift.told is None else [drift.goods, drift.told]
    goods = await ledger.take_goods(tx, feed=feed, goods=named)
    taken = goods[drift.goods]
    if drift.told is None:
        effect = Effect(taken, drift.correction, drift.as_of, None, drift.expires_on)
        document_id = await ledger.take_over(tx, feed=feed, effects=[effect])
    else:
        document_id = await ledger.move_piece(
            tx, feed=feed, piece=taken, into=goods[drift.told], at=drift.as_of,
            expires_on=drift.expires_on,
        )  # fmt: skip
    await ledger.settle(tx, feed=feed, goods=list(goods.values()), until=drift.as_of)
    return document_id


async def list_drifts(
    tx: ReadTx,
    *,
    drift_id: UUID | None = None,
    node: str | None = None,
    feed: str | None = None,
    state: str | None = None,
    before: UUID | None = None,
    most: int = 1,
) -> list[Drift]:
    """Drifts in the caller's warehouses, newest first."""
    return await tx.list(
        SQL["list_drifts"], Drift, drift_id=drift_id, node=node, feed=feed, state=state,
        before=before, most=most, warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def list_feeds(tx: ReadTx, *, node: str | None) -> list[FeedQuality]:
    """The feeds of the caller's warehouses, and how good each is."""
    rows = await tx.list(
        SQL["list_feeds"], FeedCounts, node=node, warehouses=warehouses_of(tx.principal)
    )
    return [
        FeedQuality(**msgspec.structs.asdict(row), score=rules.score(
            received=row.received,
            faults=[row.duplicates, row.missing, row.reordered, row.late, row.negative,
                    row.unknown_skus],
        )) for row in rows
    ]  # fmt: skip


async def refuse_edits(tx: Tx, *, movements: Sequence[NewMovement]) -> None:
    """Raises Conflict `master_is_outside` when one of these changes how much lies in a node whose
    quantities are told by its ERP, WMS or another system. Goods may be moved inside it."""
    nodes = edited_nodes(movements)
    if nodes:
        _refuse(
            await tx.list(
                SQL["list_foreign_masters"], _Master, nodes=nodes,
                warehouses=warehouses_of(tx.principal),
            )
        )  # fmt: skip


async def refuse_reversal(tx: Tx, *, movement_id: UUID) -> None:
    """Raises Conflict `master_is_outside` when moving this back would be such an edit."""
    _refuse(
        await tx.list(
            SQL["list_foreign_masters_of"], _Master, movement_id=movement_id,
            warehouses=warehouses_of(tx.principal),
        )
    )  # fmt: skip


def _refuse(found: Sequence[_Master]) -> None:
    if found:
        raise Conflict(
            "the quantities of this node are told by another system",
            code="master_is_outside", node=found[0].code, master=found[0].master,
        )  # fmt: skip
