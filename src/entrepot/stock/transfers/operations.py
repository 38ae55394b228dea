"""Writes of transfers: draw one up, send it, receive it in parts, close it short, call it off.

While goods are under way they lie in a place of the transfer's own. Locks: the transfer, then
the guarding rows of both ends, then as `stock.operations.post`.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import errors
from entrepot.stock.adjustment_rules import check_steps
from entrepot.stock.arrivals.scanned import ScannedGoods, read_goods
from entrepot.stock.scope import warehouses_of
from entrepot.stock.transfers import ledger, rules
from entrepot.stock.transfers.ledger import Move
from entrepot.stock.transfers.queries import unknown_transfer
from entrepot.stock.transfers.rules import Arrival, Coming, Line, Load, Lost, Part
from entrepot.stock.transfers.types import (
    Arrived,
    Loaded,
    NewTransfer,
    ShortReason,
    TakenTransfer,
)
from entrepot.stock.types import Status

SQL = load_sql(__file__, "operations.sql")


class _End(msgspec.Struct, frozen=True):
    code: str
    node_id: UUID
    master: str


class _Tracked(msgspec.Struct, frozen=True):
    code: str
    sku_id: UUID
    lot_tracked: bool
    serial_tracked: bool


class _Chosen(msgspec.Struct, frozen=True):
    sku: str
    bin: str
    lot: str
    qty: int
    status: Status
    line: int


class _Serial(msgspec.Struct, frozen=True):
    sku: str
    serial: str
    bin: str
    lot: str
    status: Status
    owner: str


async def draft(tx: Tx, *, new: NewTransfer) -> UUID:
    """Draw up a transfer; nothing moves. Its id.

    Raises NotFound for an unknown node or SKU, or when neither end is the caller's, Conflict
    `master_is_outside` or `groups_isolated`, Invalid for one node at both ends or lots named on
    some lines only.
    """
    if new.from_ == new.to:
        error = FieldError("to", "same_node", "goods go from one node to another")
        raise Invalid("a transfer has two nodes", errors=[error])
    ends = await tx.list(SQL["list_ends"], _End, codes=[new.from_, new.to])
    by_code = {end.code: end for end in ends}
    scope = warehouses_of(tx.principal)
    if scope is not None and new.from_ not in scope and new.to not in scope:
        by_code = {}
    for code in (new.from_, new.to):
        if code not in by_code:
            raise NotFound("there is no such node", code="unknown_node", node=code)
    _check_masters([by_code[new.from_], by_code[new.to]])
    from_id, to_id = by_code[new.from_].node_id, by_code[new.to].node_id
    if not await tx.value(SQL["may_pass"], from_id=from_id, to_id=to_id):
        raise _isolated(new.from_, new.to)
    scanned = await _read_codes(tx, [line.sku for line in new.lines])
    lines = rules.merged([
        Line(scan.sku, line.lot, line.status, line.qty * scan.units)
        for line, scan in zip(new.lines, scanned, strict=True)
    ])  # fmt: skip
    known = await _tracked(tx, {line.sku for line in lines})
    transfer_id = new_id(tx.now)
    number = await tx.value(SQL["next_number"])
    code = f"TR-{number}"
    await tx.execute(
        SQL["insert_transfer"], id=transfer_id, code=code, from_id=from_id, to_id=to_id,
        owner=new.owner, reference=new.reference, expected_at=new.expected_at, now=tx.now,
        actor=tx.principal.actor,
    )  # fmt: skip
    await tx.execute(
        SQL["insert_lines"], id=transfer_id, skus=[known[line.sku].sku_id for line in lines],
        lots=[line.lot for line in lines], statuses=[line.status for line in lines],
        qtys=[line.qty for line in lines],
    )  # fmt: skip
    body = ledger.body_of(transfer_id, code, new.from_, new.to, "draft", warehouse=new.from_)
    await ledger.put_event(tx, transfer_id, "transfer.drafted", 1, body)
    return transfer_id


async def take(tx: Tx, *, transfer_id: UUID, side: str) -> TakenTransfer:
    """The transfer, locked; NotFound when the caller does not work at that side of it (`from`,
    `to`, or `any` of the two)."""
    found = await tx.find(
        SQL["take_transfer"], TakenTransfer, id=transfer_id, side=side,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    if found is None:
        raise unknown_transfer()
    return found


async def send(tx: Tx, *, transfer_id: UUID, loaded: Loaded) -> UUID:
    """The goods leave; the document of the movements.

    Raises NotFound unless the caller works where they leave, Conflict when it was sent before,
    `not_asked_for`, `more_than_asked`, or what a movement may be refused for, Invalid
    `serial_missing`.
    """
    taken = await take(tx, transfer_id=transfer_id, side="from")
    state = rules.transfers().follow(taken.state, "send")
    _check_masters([
        _End(taken.from_code, taken.from_id, taken.from_master),
        _End(taken.to_code, taken.to_id, taken.to_master),
    ])  # fmt: skip
    if not taken.may_pass:
        raise _isolated(taken.from_code, taken.to_code)
    lines = await tx.list(SQL["list_lines"], Line, id=transfer_id)
    loads = await _loads(tx, taken, lines, loaded)
    skus = sorted({load.sku for load in loads})
    await tx.execute(SQL["hold_guards"], skus=skus, nodes=[taken.from_id, taken.to_id])
    moves = await _found_in_bins(tx, taken, loads)
    await tx.execute(SQL["insert_place"], id=transfer_id, code=taken.code)
    document_id = await ledger.post(tx, taken, moves, reason="transfer_out")
    await tx.execute(
        SQL["insert_transit"], id=transfer_id, skus=[m.sku for m in moves],
        lots=[m.lot for m in moves], statuses=[m.to_status for m in moves],
        serials=[m.serial or "" for m in moves], qtys=[m.qty for m in moves],
    )  # fmt: skip
    await ledger.expect(tx, taken, [(m.sku, m.to_status, m.qty) for m in moves])
    await ledger.step(
        tx, taken, state, "transfer.sent", expected_at=loaded.expected_at or taken.expected_at,
        warehouse=taken.to_code,
    )  # fmt: skip
    return document_id


async def receive(tx: Tx, *, transfer_id: UUID, arrived: Arrived) -> UUID:
    """Goods arrive, in parts or all; the document of the movements. With the last of them the
    transfer is received.

    Raises NotFound unless the caller works where they arrive, Conflict `wrong_state` or
    `more_than_sent`, Invalid `serial_missing`, and as `check_steps` for goods that were held back
    when they were sent and arrive as good.
    """
    taken = await take(tx, transfer_id=transfer_id, side="to")
    machine = rules.transfers()
    state = machine.follow(taken.state, "receive")
    _check_masters([_End(taken.to_code, taken.to_id, taken.to_master)])
    coming = await tx.list(SQL["list_coming"], Coming, id=transfer_id)
    parts = rules.all_of(coming)
    if arrived.goods:
        parts = rules.count_off(coming, await _arrivals(tx, coming, arrived))
    # what nobody may call good in a bin does not become good on the road
    check_steps(rules.raised(parts), tx.principal.permissions)
    skus = sorted({part.coming.sku for part in parts})
    await tx.execute(SQL["hold_guards"], skus=skus, nodes=[taken.to_id])
    moves = [
        Move(p.coming.sku, p.qty, p.coming.lot, p.coming.serial or None, p.coming.status,
              p.status, p.bin)
        for p in parts
    ]  # fmt: skip
    document_id = await ledger.post(tx, taken, moves, reason="transfer_in")
    await ledger.count_arrived(tx, taken, parts, lost=False)
    if sum(part.qty for part in parts) == sum(one.rest for one in coming):
        state = machine.follow(state, "finish")
    await ledger.step(tx, taken, state, "transfer.received", warehouse=taken.to_code)
    return document_id


async def close_short(tx: Tx, *, taken: TakenTransfer, reason: ShortReason) -> UUID:
    """What is still under way of a taken transfer will not come: it is lost; the document of the
    movements. Within limits or with a second pair of eyes: `transfers_short` asks for that.

    Raises Conflict `wrong_state`.
    """
    state = rules.transfers().follow(taken.state, "close_short")
    coming = await tx.list(SQL["list_coming"], Coming, id=taken.transfer_id)
    parts = [Part(one, one.rest, None, one.status) for one in coming]
    skus = sorted({one.sku for one in coming})
    await tx.execute(SQL["hold_guards"], skus=skus, nodes=[taken.to_id])
    moves = [
        Move(p.coming.sku, p.qty, p.coming.lot, p.coming.serial or None, p.coming.status,
              p.coming.status, None)
        for p in parts
    ]  # fmt: skip
    document_id = await ledger.post(tx, taken, moves, reason="transfer_lost")
    await ledger.count_arrived(tx, taken, parts, lost=True)
    await ledger.step(
        tx, taken, state, "transfer.closed_short", short_reason=reason, warehouse=taken.from_code
    )
    return document_id


async def write_off(
    tx: Tx, *, transfer_id: UUID, reason: ShortReason, gone: Sequence[Lost]
) -> UUID:
    """Close a transfer short as it was asked for; the document of the movements.

    Raises NotFound unless the caller works where it should have arrived, Conflict `goods_moved`
    when something of it arrived since.
    """
    taken = await take(tx, transfer_id=transfer_id, side="to")
    coming = await tx.list(SQL["list_coming"], Coming, id=transfer_id)
    rules.check_gone(taken.code, coming, gone)
    return await close_short(tx, taken=taken, reason=reason)


async def cancel(tx: Tx, *, transfer_id: UUID) -> None:
    """Call a draft off, from either end. Raises NotFound, or Conflict when it was sent."""
    taken = await take(tx, transfer_id=transfer_id, side="any")
    state = rules.transfers().follow(taken.state, "cancel")
    await ledger.step(tx, taken, state, "transfer.cancelled", warehouse=taken.from_code)


async def refuse_reversal(tx: Tx, *, movement_id: UUID) -> None:
    """Raises Conflict `part_of_a_transfer`: what a transfer moved is never moved back alone, or
    the transfer would tell something else than the ledger."""
    ours = await tx.value(
        SQL["is_of_a_transfer"], movement_id=movement_id, warehouses=warehouses_of(tx.principal)
    )
    if ours:
        raise Conflict("this movement is part of a transfer", code="part_of_a_transfer")


def _check_masters(ends: Sequence[_End]) -> None:
    """As `feeds.refuse_edits`, for both ends whoever asks: goods would come or go by our word."""
    for end in ends:
        if end.master != "entrepot":
            raise Conflict(
                "the quantities of this node are told by another system",
                code="master_is_outside", node=end.code, master=end.master,
            )  # fmt: skip


def _isolated(from_code: str, to_code: str) -> Conflict:
    return Conflict(
        "the groups of these nodes keep their goods to themselves",
        code="groups_isolated", node=from_code, to=to_code,
    )  # fmt: skip


async def _read_codes(tx: Tx, codes: Sequence[str]) -> list[ScannedGoods]:
    """What these codes stand for; SKUs' own codes are found together."""
    known = await _tracked(tx, set(codes))
    return [
        ScannedGoods(code, 1) if code in known else await read_goods(tx, code=code)
        for code in codes
    ]


async def _tracked(tx: Tx, codes: set[str]) -> dict[str, _Tracked]:
    rows = await tx.list(SQL["list_tracked"], _Tracked, codes=sorted(codes))
    return {row.code: row for row in rows}


async def _loads(tx: Tx, taken: TakenTransfer, lines: Sequence[Line], loaded: Loaded) -> list[Load]:
    """What is to leave: what was loaded, or all that is asked for."""
    scanned = await _read_codes(tx, [goods.sku for goods in loaded.goods])
    known = await _tracked(tx, {one.sku for one in scanned or lines})
    by_serial = {code for code, sku in known.items() if sku.serial_tracked}
    loads = [
        Load(scan.sku, goods.lot or scan.lot or "", goods.serial or _serial_of(scan, by_serial),
             goods.status, goods.qty * scan.units, goods.bin)
        for goods, scan in zip(loaded.goods, scanned, strict=True)
    ]  # fmt: skip
    if not loads:
        loads = [Load(line.sku, line.lot, None, line.status, line.qty, None) for line in lines]
    for place, load in enumerate(loads):
        if known[load.sku].serial_tracked and (load.serial is None or load.qty != 1):
            message = "of these goods every piece is named by its serial"
            error = FieldError(f"goods[{place}].serial", "serial_missing", message)
            raise Invalid("a line is not whole", errors=[error])
    loads = await _with_serials(tx, taken, loads)
    rules.check_loads(lines, loads)
    return loads


def _serial_of(scan: ScannedGoods, by_serial: Collection[str]) -> str | None:
    """The serial in a code, where the SKU is kept by serial: makers print them on others too."""
    return scan.serial if scan.sku in by_serial else None


async def _with_serials(tx: Tx, taken: TakenTransfer, loads: list[Load]) -> list[Load]:
    """Pieces with serials: the bin and lot are known; Conflict when one does not lie here."""
    named = [load for load in loads if load.serial is not None]
    if not named:
        return loads
    rows = await tx.list(
        SQL["list_serials"], _Serial, node_id=taken.from_id, skus=[load.sku for load in named],
        serials=[load.serial for load in named],
    )  # fmt: skip
    known = {(row.sku, row.serial): row for row in rows}
    found = []
    for place, load in enumerate(loads):
        if load.serial is None:
            found.append(load)
            continue
        row = known.get((load.sku, load.serial))
        if row is None or (row.status, row.owner) != (load.status, taken.owner):
            raise errors.refusal_of_lines([("serial_elsewhere", place + 1)])
        found.append(msgspec.structs.replace(load, lot=row.lot, bin=load.bin or row.bin))
    return found


async def _found_in_bins(tx: Tx, taken: TakenTransfer, loads: Sequence[Load]) -> list[Move]:
    """Each load with the bin it leaves; without one what expires first. Conflict `not_there`."""
    moves = [
        Move(load.sku, load.qty, load.lot, load.serial, load.status, load.status, load.bin)
        for load in loads if load.bin is not None
    ]  # fmt: skip
    open_loads = rules.summed([load for load in loads if load.bin is None])
    if not open_loads:
        return moves
    chosen = await tx.list(
        SQL["choose_goods"], _Chosen, now=tx.now, node_id=taken.from_id, owner=taken.owner,
        skus=[load.sku for load in open_loads], lots=[load.lot for load in open_loads],
        statuses=[load.status for load in open_loads], qtys=[load.qty for load in open_loads],
    )  # fmt: skip
    for place, load in enumerate(open_loads, 1):
        if sum(one.qty for one in chosen if one.line == place) < load.qty:
            raise errors.refusal_of_lines([("not_there", place)])
    return moves + [
        Move(one.sku, one.qty, one.lot, None, one.status, one.status, one.bin) for one in chosen
    ]


async def _arrivals(tx: Tx, coming: Sequence[Coming], arrived: Arrived) -> list[Arrival]:
    own = {one.sku for one in coming}
    by_serial = {one.sku for one in coming if one.serial}
    found = []
    for goods in arrived.goods:
        scan = await read_goods(tx, code=goods.sku, among=own)
        lot = goods.lot if goods.lot is not None else scan.lot
        serial = goods.serial or _serial_of(scan, by_serial)
        found.append(
            Arrival(scan.sku, goods.qty * scan.units, lot, serial, goods.status, goods.bin)
        )
    return found
