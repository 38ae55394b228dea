"""Writes of the stock room: post movements, end and change reservations, set levels."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id, new_ids
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import errors, rules
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import Confirmed, End, NewMovement, Posted

SQL = load_sql(__file__, "operations.sql")
EXPIRE_MOST = 200
_SKUS_TOLD = 200


class Outcome(msgspec.Struct, frozen=True):
    """`done`, or what is wrong with a line (from 1)."""

    outcome: str
    line: int | None


class TakenReservation(msgspec.Struct, frozen=True):
    """A reservation, locked for a change."""

    state: str
    strength: str
    expires_at: datetime | None


class Id(msgspec.Struct, frozen=True):
    """An id alone."""

    id: UUID


class ExpiringLot(msgspec.Struct, frozen=True):
    """A lot past its date that still counts as good."""

    sku_id: UUID
    lot: str


async def post(tx: Tx, *, reference: str, movements: Sequence[NewMovement]) -> Posted:
    """Post one document: all movements or none, balances and promises in the same statement.
    What it brings goes to those who wait for it longest. Between nodes goods keep their status.

    Raises Invalid for lines that do not fit their reason or lack a lot or serial, NotFound for
    unknown SKUs and places, Conflict `not_there`, `promised_to_others`, `serial_elsewhere` or
    `lot_expired`. The block must be given up then.
    """
    rules.check_movements(movements)
    reasons = [rules.reasons()[m.reason] for m in movements]
    document_id = new_id(tx.now)
    ids = new_ids(tx.now, len(movements))
    outcomes = await tx.list(
        SQL["post_lines"],
        Outcome,
        now=tx.now,
        actor=tx.principal.actor,
        document_id=document_id,
        reference=reference,
        warehouses=warehouses_of(tx.principal),
        ids=ids,
        skus=[m.sku for m in movements],
        qtys=[m.qty for m in movements],
        reasons=[m.reason for m in movements],
        from_kinds=[reason.source for reason in reasons],
        from_nodes=[_node(m.from_) for m in movements],
        from_bins=[_bin(m.from_) for m in movements],
        from_statuses=[
            _status(m.to if reason.source == "transit" else m.from_)
            for m, reason in zip(movements, reasons, strict=True)
        ],
        to_kinds=[reason.target for reason in reasons],
        to_nodes=[_node(m.to) for m in movements],
        to_bins=[_bin(m.to) for m in movements],
        to_statuses=[
            _status(m.from_ if reason.target == "transit" else m.to)
            for m, reason in zip(movements, reasons, strict=True)
        ],
        lots=[m.lot for m in movements],
        expires=[m.expires_on for m in movements],
        serials=[m.serial for m in movements],
        owners=[m.owner for m in movements],
        refs=[reference] * len(movements),
        may_short=[reason.may_short for reason in reasons],
    )
    faults = [(o.outcome, o.line or 1) for o in outcomes if o.outcome != "done"]
    if faults:
        raise errors.refusal_of_lines(faults, skus=[m.sku for m in movements])
    await _fill_arrived(tx, document_id=document_id)
    return Posted(document_id, reference, ids)


async def reverse(tx: Tx, *, movement_id: UUID) -> UUID:
    """Move a movement back; the id of the movement that does it.

    Raises NotFound, or Conflict when it was moved back before or the goods are gone.
    """
    own_id = new_id(tx.now)
    document_id = new_id(tx.now)
    told = await tx.value(
        SQL["reverse"],
        now=tx.now,
        actor=tx.principal.actor,
        document_id=document_id,
        id=own_id,
        movement_id=movement_id,
        warehouses=warehouses_of(tx.principal),
    )
    if told == "unknown":
        raise NotFound("there is no such movement", code="unknown_movement")
    if told == "again":
        raise Conflict("this movement was moved back before", code="already_reversed")
    if told != "done":
        raise errors.refusal_of_lines([(str(told), 1)])
    await _fill_arrived(tx, document_id=document_id)
    return own_id


async def take_reservation(tx: Tx, *, reservation_id: UUID) -> TakenReservation:
    """The reservation, locked; NotFound when a line of it lies outside the caller's warehouses."""
    found = await tx.find(
        SQL["take_reservation"],
        TakenReservation,
        id=reservation_id,
        warehouses=warehouses_of(tx.principal),
    )
    if found is None:
        raise errors.unknown_reservation()
    return found


async def release(tx: Tx, *, reservation_id: UUID) -> None:
    """Free what a pending reservation holds; Conflict when it is over."""
    taken = await take_reservation(tx, reservation_id=reservation_id)
    rules.reservations().follow(taken.state, "release")
    await end(tx, ids=[reservation_id], state="released")


async def end(tx: Tx, *, ids: Sequence[UUID], state: str) -> int:
    """End those of these reservations that are pending; how many. What they held goes to those
    who wait for it."""
    ended = await tx.list(
        SQL["end_reservations"], Id, now=tx.now, actor=tx.principal.actor, ids=list(ids),
        state=state,
    )  # fmt: skip
    return len(ended)


async def fulfil(tx: Tx, *, reservation_id: UUID) -> UUID:
    """Hand the goods of a pending reservation to the customer; the document of the movements.

    What a reservation holds is free for itself. Raises Conflict when it is over, when part of
    it has still to come, or when bins hold less than was promised.
    """
    taken = await take_reservation(tx, reservation_id=reservation_id)
    rules.reservations().follow(taken.state, "fulfil")
    document_id = new_id(tx.now)
    told = await tx.value(
        SQL["fulfil"],
        now=tx.now,
        actor=tx.principal.actor,
        id=reservation_id,
        document_id=document_id,
    )
    if told == "backordered":
        raise Conflict("part of it has still to come", code="backordered")
    if told != "done":
        raise errors.refusal_of_lines([(str(told), 1)])
    return document_id


async def change(tx: Tx, *, reservation_id: UUID, wanted: Confirmed) -> None:
    """Give a pending reservation another expiry or more strength.

    Raises Conflict when it is over or would grow weaker, Invalid for an expiry that has passed
    or that a firm reservation cannot have.
    """
    taken = await take_reservation(tx, reservation_id=reservation_id)
    if taken.state != "pending":
        raise Conflict("this reservation is over", code="wrong_state", status_now=taken.state)
    strength = wanted.strength or taken.strength
    if wanted.strength is not None and not rules.stronger(taken.strength, wanted.strength):
        raise Conflict("a reservation never grows weaker", code="weaker", strength=taken.strength)
    expires_at = wanted.expires_at or (taken.expires_at if strength == "soft" else None)
    if expires_at is not None and (strength != "soft" or expires_at <= tx.now):
        message = "only a soft reservation expires, and only in the future"
        raise Invalid(message, errors=[FieldError("expires_at", "no_such_expiry", message)])
    await tx.execute(
        SQL["change_reservation"], id=reservation_id, strength=strength, expires_at=expires_at
    )
    await tell(tx, verb="changed", ids=[reservation_id])
    # goods that came while we held it passed it over
    await tx.value(SQL["fill_freed"], now=tx.now, actor=tx.principal.actor, ids=[reservation_id])


async def tell(tx: Tx, *, verb: str, ids: Sequence[UUID]) -> None:
    """The event of each of these reservations, whose sequence has been counted up."""
    await tx.value(
        SQL["tell_reservations"], now=tx.now, actor=tx.principal.actor, verb=verb, ids=list(ids)
    )


async def expire_reservations(tx: Tx) -> int:
    """End soft reservations whose time is over; how many, at most `EXPIRE_MOST`."""
    lapsed = await tx.list(SQL["list_lapsed"], Id, now=tx.now, most=EXPIRE_MOST)
    if not lapsed:
        return 0
    return await end(tx, ids=[row.id for row in lapsed], state="expired")


async def set_levels(
    tx: Tx,
    *,
    pairs: Sequence[tuple[UUID, UUID]],
    safety: Sequence[int | None],
    protected: Sequence[int | None],
    inbound: Sequence[int | None],
    sells_inbound: Sequence[bool | None],
    extra: Sequence[int | None],
) -> None:
    """Levels of (SKU, node) pairs; None leaves one as it is. What that makes free goes to those
    who wait for it."""
    await tx.value(
        SQL["set_levels"],
        skus=[sku for sku, _ in pairs],
        nodes=[node for _, node in pairs],
        safety=list(safety),
        protected=list(protected),
        inbound=list(inbound),
        sells_inbound=list(sells_inbound),
        extra=list(extra),
    )
    await fill_backorders(tx, pairs=pairs)


async def set_channel_levels(
    tx: Tx,
    *,
    channel_id: UUID,
    skus: Sequence[UUID],
    buffers: Sequence[int | None],
    quotas: Sequence[int | None],
) -> None:
    """Buffers and quotas of a channel; None leaves one as it is, a quota of -1 takes it away."""
    await tx.value(
        SQL["set_channel_levels"], channel_id=channel_id, skus=list(skus), buffers=list(buffers),
        quotas=list(quotas),
    )  # fmt: skip


async def tell_levels(tx: Tx, *, skus: Sequence[str], **where: str) -> None:
    """Events for whoever follows what is available: levels of these SKUs were set, 200 in each."""
    for first in range(0, len(skus), _SKUS_TOLD):
        await _tell_levels(tx, {**where, "skus": skus[first : first + _SKUS_TOLD]})


async def tell_channel_rules(tx: Tx, *, channel: str) -> None:
    """An event for whoever follows what is available: any SKU of the channel may have changed."""
    await _tell_levels(tx, {"channel": channel, "skus": [], "everything": True})


async def _tell_levels(tx: Tx, body: dict[str, object]) -> None:
    await tx.value(
        SQL["tell_levels"], event_id=new_id(tx.now), now=tx.now, actor=tx.principal.actor,
        body=msgspec.json.encode(body),
    )  # fmt: skip


async def let_use_protected(tx: Tx, *, channel_id: UUID, uses_protected: bool) -> None:
    """Whether a channel may take what is protected; its copy is counted anew."""
    await tx.execute(SQL["take_turn"])
    await tx.execute(SQL["set_channel_rule"], channel_id=channel_id, uses_protected=uses_protected)
    await count_pools(tx, channel_id=channel_id)


async def count_pools(tx: Tx, *, channel_id: UUID | None, skus: list[UUID] | None = None) -> None:
    """Count a channel's copy anew: to be called by whatever changes the pool of a channel."""
    await tx.value(SQL["count_pools"], channel_id=channel_id, skus=skus)


async def lock_pool(tx: Tx, *, channel: str, nodes: Sequence[str]) -> None:
    """Hold the guarding rows of a channel's nodes still, and of those that it will have: before
    its pool is changed.

    The turn comes first: whoever opens a guarding row waits for it too. All rows come at once and
    in order: those of a new node afterwards would be a circle with whoever reserves there.
    """
    await tx.execute(SQL["take_turn"])
    await tx.execute(SQL["lock_pool"], channel=channel, nodes=list(nodes))


async def fill_backorders(tx: Tx, *, pairs: Sequence[tuple[UUID, UUID]]) -> int:
    """Goods came in at these (SKU, node) pairs: fill the oldest backorders; how many changed."""
    filled = await tx.value(
        SQL["fill_backorders"], now=tx.now, actor=tx.principal.actor,
        skus=[sku for sku, _ in pairs], nodes=[node for _, node in pairs],
    )  # fmt: skip
    assert isinstance(filled, int)
    return filled


async def fill_waiting(tx: Tx) -> int:
    """Fill backorders wherever goods are free; how many changed. Needed for those alone that were
    in somebody's hands when the goods became free."""
    filled = await tx.value(
        SQL["fill_waiting"], now=tx.now, actor=tx.principal.actor, most=EXPIRE_MOST
    )
    return filled if isinstance(filled, int) else 0


async def _fill_arrived(tx: Tx, *, document_id: UUID) -> None:
    """What a document brought goes to those who wait for it longest, before anybody else."""
    await tx.execute(
        SQL["fill_arrived"], now=tx.now, actor=tx.principal.actor, document_id=document_id
    )


async def expire_lots(tx: Tx) -> int:
    """Take lots past their date out of what may be sold; how many, at most `EXPIRE_MOST`.

    The date is that of the node where the day begins first: no node sells what expired there.
    """
    lots = await tx.list(SQL["list_expiring"], ExpiringLot, now=tx.now, most=EXPIRE_MOST)
    for lot in sorted(lots, key=lambda lot: (lot.sku_id, lot.lot)):
        told = await tx.value(
            SQL["expire_lot"], now=tx.now, actor=tx.principal.actor, document_id=new_id(tx.now),
            sku_id=lot.sku_id, lot=lot.lot,
        )  # fmt: skip
        if told != "done":
            raise errors.refusal_of_lines([(str(told), 1)])
    return len(lots)


def _node(end: End | None) -> str | None:
    return None if end is None else end.node


def _bin(end: End | None) -> str | None:
    return None if end is None else end.bin


def _status(end: End | None) -> str:
    return "good" if end is None else end.status
