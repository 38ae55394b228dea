"""Writes of picking: fetch goods for a reservation, put them back, say that they are not there.

Goods that were fetched stay part of what the reservation holds; nobody else may take them.
Locks: the reservation, then guarding rows, then as `stock.operations.post`.
"""

from uuid import UUID

import msgspec

from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import errors, operations
from entrepot.stock.arrivals.scanned import ScannedGoods, read_goods
from entrepot.stock.picking.queries import HeldLine
from entrepot.stock.picking.types import MissedGoods, PickedGoods, UnpickedGoods
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import End, NewMovement, Status

SQL = load_sql(__file__, "operations.sql")


class _Taken(msgspec.Struct, frozen=True):
    state: str
    strength: str
    reference: str
    channel_id: UUID
    node_id: UUID
    node: str


class _Bin(msgspec.Struct, frozen=True):
    bin_id: UUID
    code: str


class _Chosen(msgspec.Struct, frozen=True):
    lot: str
    status: Status
    qty: int


class _Picked(msgspec.Struct, frozen=True):
    place_id: UUID
    bin: str
    lot: str
    status: Status
    serial: str
    qty: int
    came_from: str


class _Missing(msgspec.Struct, frozen=True):
    lot: str
    status: Status
    serial: str | None
    qty: int


class Shortage(msgspec.Struct, frozen=True):
    """What became of goods that were not there: units on hold, taken over by other nodes, waited
    for; and the bin and SKU that are to be counted."""

    held: int
    reallocated: int
    backordered: int
    bin_id: UUID
    sku_id: UUID
    sku: str


async def pick(tx: Tx, *, reservation_id: UUID, goods: PickedGoods) -> int:
    """Take goods out of a bin into one for packing, for this reservation; how many units.

    Raises NotFound, Conflict `wrong_state`, `still_soft`, `not_in_this_order`,
    `more_than_promised`, `not_there`, `lot_expired`, `lasting_promised` when somebody who was
    promised lasting goods would go short, `no_pack_bin`, Invalid `serial_missing`.
    """
    taken = await _take(tx, reservation_id, goods.node)
    if taken.strength == "soft":
        raise Conflict("nobody picks for a cart", code="still_soft")
    line, scan = await _line(tx, reservation_id, taken, goods.sku)
    units, serial = goods.qty * scan.units, goods.serial or scan.serial
    if line.serial_tracked and (serial is None or units != 1):
        message = "of these goods every piece is named by its serial"
        error = FieldError("serial", "serial_missing", message)
        raise Invalid(message, errors=[error])
    await tx.execute(SQL["hold_guards"], sku_id=line.sku_id, node_id=taken.node_id)
    if line.picked + units > line.qty:
        raise Conflict(
            "more than is promised here", code="more_than_promised", sku=line.sku,
            left=line.qty - line.picked,
        )  # fmt: skip
    source = await _bin(tx, taken, goods.bin)
    target = await _pack_bin(tx, taken, goods.into)
    lot = goods.lot or scan.lot
    chosen = await tx.list(
        SQL["choose_in_bin"], _Chosen, now=tx.now, sku_id=line.sku_id, bin_id=source.bin_id,
        lot=lot, serial=serial if line.serial_tracked else None, qty=units, id=reservation_id,
    )  # fmt: skip
    if sum(one.qty for one in chosen) < units:
        past = lot and await tx.value(SQL["is_past"], now=tx.now, sku_id=line.sku_id, lot=lot)
        raise errors.refusal_of_lines([("lot_expired" if past else "not_there", 1)])
    named = serial if line.serial_tracked else None
    if source != target:
        moves = [
            _move(line.sku, one.qty, taken.node, source.code, target.code, one.status, one.lot,
                  named)
            for one in chosen
        ]  # fmt: skip
        await operations.post(tx, reference=taken.reference, movements=moves)
    for one in chosen:
        await tx.execute(
            SQL["put_picked"], id=reservation_id, sku_id=line.sku_id, node_id=taken.node_id,
            place_id=target.bin_id, lot=one.lot, status=one.status, serial=named or "",
            from_place=source.bin_id, qty=one.qty, now=tx.now, actor=tx.principal.actor,
        )  # fmt: skip
    lots = [one.lot for one in chosen if one.lot]
    if lots and await tx.value(
        SQL["is_starving"], now=tx.now, sku_id=line.sku_id, node_id=taken.node_id, lots=lots,
        id=reservation_id,
    ):  # fmt: skip
        raise errors.refusal_of_lines([("lasting_promised", 1)])
    await _step(tx, reservation_id, "picked")
    return units


async def unpick(tx: Tx, *, reservation_id: UUID, goods: UnpickedGoods) -> int:
    """Put fetched goods back, the newest first; how many units.

    Raises NotFound, Conflict `wrong_state` or `not_picked`.
    """
    taken = await _take(tx, reservation_id, goods.node)
    line, scan = await _line(tx, reservation_id, taken, goods.sku)
    units = goods.qty * scan.units
    await tx.execute(SQL["hold_guards"], sku_id=line.sku_id, node_id=taken.node_id)
    picks = await tx.list(
        SQL["list_picks_of"], _Picked, id=reservation_id, sku_id=line.sku_id,
        node_id=taken.node_id, bin=goods.bin, lot=goods.lot or scan.lot,
        serial=goods.serial or scan.serial,
    )  # fmt: skip
    if sum(one.qty for one in picks) < units:
        raise Conflict("so much was not picked", code="not_picked", sku=line.sku)
    moves, left = list[NewMovement](), units
    for one in picks:
        part = min(left, one.qty)
        if part == 0:
            break
        left -= part
        await tx.execute(
            SQL["take_back"], id=reservation_id, sku_id=line.sku_id, place_id=one.place_id,
            lot=one.lot, status=one.status, serial=one.serial, qty=part,
        )  # fmt: skip
        to = goods.to or one.came_from
        if to != one.bin:
            moves.append(
                _move(line.sku, part, taken.node, one.bin, to, one.status, one.lot,
                      one.serial or None)
            )  # fmt: skip
    if moves:
        await operations.post(tx, reference=taken.reference, movements=moves)
    await _step(tx, reservation_id, "unpicked")
    return units


async def miss(tx: Tx, *, reservation_id: UUID, goods: MissedGoods) -> Shortage:
    """Goods that the book has in a bin are not there: they are set on hold until somebody counts.

    Whoever's promise they were (the newest first) waits now; what this reservation waits for is
    promised of another node of its channel where one has it. Raises NotFound, Conflict
    `wrong_state`, `not_in_this_order`, or `not_there` when the book has none there either.
    """
    taken = await _take(tx, reservation_id, goods.node)
    line, scan = await _line(tx, reservation_id, taken, goods.sku)
    await tx.execute(
        SQL["hold_pool"], sku_id=line.sku_id, channel_id=taken.channel_id, node_id=taken.node_id
    )
    source = await _bin(tx, taken, goods.bin)
    missing = await tx.list(
        SQL["list_missing"], _Missing, sku_id=line.sku_id, bin_id=source.bin_id,
        lot=goods.lot or scan.lot,
    )  # fmt: skip
    if not missing:
        raise errors.refusal_of_lines([("not_there", 1)])
    moves = [
        NewMovement(
            sku=line.sku, qty=one.qty, reason="reclassify",
            from_=End(taken.node, source.code, one.status),
            to=End(taken.node, source.code, "hold"), lot=one.lot, serial=one.serial,
        )
        for one in missing
    ]  # fmt: skip
    await operations.post(tx, reference=taken.reference, movements=moves)
    reallocated = await tx.value(
        SQL["reallocate"], now=tx.now, actor=tx.principal.actor, id=reservation_id,
        sku_id=line.sku_id, node_id=taken.node_id,
    )  # fmt: skip
    assert isinstance(reallocated, int)
    after = await _held(tx, reservation_id, taken)
    waiting = sum(one.backordered for one in after if one.sku_id == line.sku_id)
    await _step(tx, reservation_id, "picked_short")
    return Shortage(
        sum(one.qty for one in missing), reallocated, waiting, source.bin_id, line.sku_id, line.sku
    )


async def _take(tx: Tx, reservation_id: UUID, node: str) -> _Taken:
    """The reservation, locked, for who works at this node; Conflict when it is over."""
    taken = await tx.find(
        SQL["take_for_picking"], _Taken, id=reservation_id, node=node,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    if taken is None:
        raise errors.unknown_reservation()
    if taken.state != "pending":
        raise Conflict("this reservation is over", code="wrong_state", status_now=taken.state)
    return taken


async def _held(tx: Tx, reservation_id: UUID, taken: _Taken) -> list[HeldLine]:
    return await tx.list(SQL["list_held"], HeldLine, id=reservation_id, node_id=taken.node_id)


async def _line(
    tx: Tx, reservation_id: UUID, taken: _Taken, code: str
) -> tuple[HeldLine, ScannedGoods]:
    """The line of what was scanned. Raises NotFound, Conflict `not_in_this_order`."""
    held = {line.sku: line for line in await _held(tx, reservation_id, taken)}
    scan = await read_goods(tx, code=code, among=held)
    if scan.sku not in held:
        raise Conflict("this order holds none of it here", code="not_in_this_order", sku=scan.sku)
    return held[scan.sku], scan


async def _bin(tx: Tx, taken: _Taken, code: str) -> _Bin:
    found = await tx.find(SQL["find_bin"], _Bin, node_id=taken.node_id, code=code.strip().upper())
    if found is None:
        raise NotFound("there is no bin of this code", code="unknown_bin", bin=code)
    return found


async def _pack_bin(tx: Tx, taken: _Taken, code: str | None) -> _Bin:
    """The bin that goods are picked into: packed, outbound or staging, never the receiving one."""
    if code is not None:
        await _bin(tx, taken, code)
        code = code.strip().upper()
    found = await tx.find(SQL["find_pack_bin"], _Bin, node_id=taken.node_id, code=code)
    if found is None:
        raise Conflict("there is no bin here to pick into", code="no_pack_bin", node=taken.node)
    return found


def _move(
    sku: str, qty: int, node: str, source: str, target: str, status: Status, lot: str,
    serial: str | None,
) -> NewMovement:  # fmt: skip
    return NewMovement(
        sku=sku, qty=qty, reason="move", from_=End(node, source, status),
        to=End(node, target, status), lot=lot, serial=serial,
    )  # fmt: skip


async def _step(tx: Tx, reservation_id: UUID, verb: str) -> None:
    """How far the work is, and the event of this step."""
    await tx.execute(SQL["step"], id=reservation_id)
    await operations.tell(tx, verb=verb, ids=[reservation_id])
