"""Adjustments: what somebody's word alone changes in the book, with its cause, and above a limit
only with a second pair of eyes. Nothing moves before the decision; a decision is made once."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Forbidden, Invalid, NotFound
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import adjustment_rules as rules
from entrepot.stock import operations
from entrepot.stock.adjustment_types import (
    NewAdjustment,
    NewAdjustmentLine,
    NewStatusChange,
    NewStatusLine,
)
from entrepot.stock.adjustments import naming
from entrepot.stock.feeds import operations as feeds
from entrepot.stock.queries import refuse_found_kits
from entrepot.stock.scope import warehouses_of
from entrepot.stock.transfers import operations as transfers
from entrepot.stock.transfers.rules import Lost
from entrepot.stock.transfers.types import ShortReason
from entrepot.stock.types import Status

SQL = load_sql(__file__, "operations.sql")
DAY = timedelta(hours=24)
TRANSIT = UUID("00000000-0000-7000-8000-000000000005")
"""The common place of goods under way that no transfer of ours tells about."""
_MOVED = ("not_there", "serial_elsewhere")


class _NodeId(msgspec.Struct, frozen=True):
    node_id: UUID


class _Named(msgspec.Struct, frozen=True):
    sku_id: UUID | None
    bin_id: UUID | None
    bin: str | None
    value_minor: int | None
    lot_tracked: bool | None
    serial_tracked: bool | None


class _Missing(msgspec.Struct, frozen=True):
    line: int
    there: int


class Place(msgspec.Struct, frozen=True):
    """Where the goods of a line lie, and what one is worth. Under way: the place of those."""

    sku_id: UUID
    place_id: UUID
    bin: str
    value_minor: int | None


class _Taken(msgspec.Struct, frozen=True):
    id: UUID
    node_id: UUID
    node: str
    kind: str
    state: str
    asked_by: str
    cause: str
    transfer_id: UUID | None
    short_reason: ShortReason | None


class _KeptLine(msgspec.Struct, frozen=True):
    sku: str
    bin: str
    place_id: UUID
    sku_id: UUID
    reason: str
    qty: int
    status: Status
    to_status: Status
    lot: str
    serial: str | None
    owner: str
    expires_on: date | None


class Asked(msgspec.Struct, frozen=True):
    """An adjustment ready to be written; of the rest of a transfer with its reason."""

    kind: str
    node_id: UUID
    node: str
    cause: str
    note: str | None
    lines: Sequence[rules.Line]
    places: Sequence[Place]
    transfer_id: UUID | None = None
    short_reason: str | None = None

    @property
    def units(self) -> int:
        return sum(line.qty for line in self.lines)

    @property
    def value_minor(self) -> int | None:
        quantities = [line.qty for line in self.lines]
        return rules.value_of(quantities, [place.value_minor for place in self.places])


def unknown_adjustment() -> NotFound:
    """The refusal for an adjustment that is not there or not the caller's."""
    return NotFound("there is no such adjustment", code="unknown_adjustment")


async def ask(tx: Tx, *, new: NewAdjustment, limits: rules.Limits) -> UUID:
    """Post an adjustment within the limits, or keep it as a request when it passes one.

    Raises Invalid, NotFound, Conflict `goods_moved` naming what is not there, or what
    `operations.post` and `feeds.refuse_edits` refuse.
    """
    rules.check_lines(new.cause, "adjust", new.lines)
    asked = await _read(tx, "adjust", new.node, new.cause, new.note, new.lines)
    await feeds.refuse_edits(tx, movements=[rules.movement_of(x, new.node) for x in new.lines])
    before = await find_before(
        tx, node_id=asked.node_id, everywhere=any(_under_way(line) for line in new.lines)
    )
    over = rules.limit_passed(asked.units, asked.value_minor, limits=limits, before=before)
    return await _write(tx, asked, over)


async def keep(
    tx: Tx, adjustment_id: UUID, *, asked: Asked, over: rules.Over | None, document_id: UUID | None
) -> None:
    """Write down an adjustment that was posted as `document_id`, or waits since it is `over`."""
    await tx.execute(
        SQL["put_adjustment"], id=adjustment_id, kind=asked.kind, node_id=asked.node_id,
        cause=asked.cause, state="requested" if over else "posted", over=over, units=asked.units,
        value_minor=asked.value_minor, document_id=document_id, now=tx.now,
        actor=tx.principal.actor, transfer_id=asked.transfer_id, short_reason=asked.short_reason,
    )  # fmt: skip
    lines = asked.lines
    await tx.execute(
        SQL["put_lines"],
        id=adjustment_id,
        sku_ids=[place.sku_id for place in asked.places],
        bin_ids=[None if _under_way(line) else place.place_id
                 for line, place in zip(lines, asked.places, strict=True)],
        reasons=[rules.reason_of(line) for line in lines],
        qtys=[line.qty for line in lines],
        statuses=[line.status for line in lines],
        to_statuses=[_to_status(line) for line in lines],
        lots=[line.lot for line in lines],
        serials=[line.serial for line in lines],
        owners=[line.owner for line in lines],
        expires=[getattr(line, "expires_on", None) for line in lines],
    )  # fmt: skip
    await _put_note(tx, adjustment_id, "asked", asked.note)
    await _tell(tx, adjustment_id, "requested" if over else "posted", 1, asked.node)


async def find_before(
    tx: Tx, *, node_id: UUID, moved_back: bool = False, everywhere: bool = False
) -> rules.Before:
    """What these eyes alone adjusted or scrapped of recalls in a node in 24 hours, or what they
    moved back there. The node is locked, or all: else two at once would be within a limit."""
    await tx.execute(SQL["lock_node"], node_id=node_id, everywhere=everywhere)
    return await tx.one(
        SQL["find_moved_back" if moved_back else "find_before"], rules.Before, node_id=node_id,
        since=tx.now - DAY, actor=tx.principal.actor,
    )  # fmt: skip


async def change_status(tx: Tx, *, new: NewStatusChange) -> UUID:
    """Give goods another status, with its cause, at once.

    Raises as `ask`; Conflict `no_such_step` and Forbidden for a step that is not in the table or
    not the caller's.
    """
    rules.check_lines(new.cause, "status", new.lines)
    steps = [(line.status, line.to_status) for line in new.lines]
    rules.check_steps(steps, tx.principal.permissions)
    return await _write(tx, await _read(tx, "status", new.node, new.cause, new.note, new.lines))


async def decide(tx: Tx, *, adjustment_id: UUID, verb: str, note: str | None) -> str:
    """Approve, reject or withdraw what was asked for; the state it has now.

    Raises NotFound, Conflict `wrong_state` when it was decided before, Forbidden
    `other_eyes_needed` (approve, reject) or `not_yours` (withdraw), Conflict `goods_moved` naming
    what lies there no longer.
    """
    scope = warehouses_of(tx.principal)
    await tx.execute(SQL["lock_transfer_of"], id=adjustment_id)
    taken = await tx.find(SQL["take_adjustment"], _Taken, id=adjustment_id, warehouses=scope)
    if taken is None:
        raise unknown_adjustment()
    state = rules.adjustments().follow(taken.state, verb)
    same = await tx.value(SQL["has_same_eyes"], actor=tx.principal.actor, others=[taken.asked_by])
    if verb == "withdraw" and not same:
        raise Forbidden("only who asked for it withdraws it", code="not_yours")
    if verb != "withdraw" and same:
        raise Forbidden("who asked for it does not decide", code="other_eyes_needed")
    document_id = await _approve(tx, taken) if verb == "approve" else None
    sequence = await tx.value(
        SQL["decide"], id=adjustment_id, state=state, document_id=document_id, now=tx.now,
        actor=tx.principal.actor,
    )  # fmt: skip
    await _put_note(tx, adjustment_id, "decided", note)
    await _tell(tx, adjustment_id, state, sequence, taken.node)
    return state


async def erase_notes(tx: Tx, *, adjustment_id: UUID) -> int:
    """Erase what people wrote about an adjustment; how many notes there were."""
    taken = await tx.find(
        SQL["take_adjustment"], _Taken, id=adjustment_id, warehouses=warehouses_of(tx.principal)
    )
    if taken is None:
        raise unknown_adjustment()
    return await tx.execute(SQL["erase_notes"], id=adjustment_id)


async def _read(
    tx: Tx, kind: str, node: str, cause: str, note: str | None, lines: Sequence[rules.Line]
) -> Asked:
    """The lines with their SKUs and bins found, each where it is said to be."""
    at = await tx.find(SQL["find_node"], _NodeId, node=node, warehouses=warehouses_of(tx.principal))
    if at is None:
        raise NotFound("there is no such node", code="unknown_node", node=node)
    rows = await tx.list(
        SQL["list_named"], _Named, node_id=at.node_id, skus=[line.sku for line in lines],
        bins=[line.bin for line in lines],
    )  # fmt: skip
    places = [_place(n, line, row) for n, (line, row) in enumerate(zip(lines, rows, strict=True))]
    asked = Asked(kind, at.node_id, node, cause, note, lines, places)
    await _check_there(tx, asked)
    return asked


def _place(n: int, line: rules.Line, row: _Named) -> Place:
    if row.sku_id is None:
        raise NotFound("there is no such SKU", code="unknown_sku", sku=line.sku)
    errors = []
    place_id, name = row.bin_id, row.bin
    if _under_way(line):
        place_id, name = TRANSIT, "TRANSIT"
        if line.bin is not None:
            message = "goods under way lie in no bin"
            errors.append(FieldError(f"lines[{n}].bin", "not_in_a_bin", message))
        if line.status != "good":
            message = "goods of this state come in first"
            errors.append(FieldError(f"lines[{n}].status", "not_under_way", message))
    if place_id is None or name is None:
        raise NotFound("there is no such bin", code="unknown_bin", bin=line.bin)
    if row.lot_tracked and not line.lot:
        errors.append(FieldError(f"lines[{n}].lot", "lot_missing", "this SKU is kept by lot"))
    if row.serial_tracked and line.serial is None:
        message = "this SKU is kept by serial"
        errors.append(FieldError(f"lines[{n}].serial", "serial_missing", message))
    if rules.reason_of(line) == "named" and not (row.lot_tracked or row.serial_tracked):
        message = "this SKU is kept neither by lot nor by serial"
        errors.append(FieldError(f"lines[{n}].reason", "not_kept_by_name", message))
    if line.serial is not None and line.qty != 1:
        message = "a serial is one unit"
        errors.append(FieldError(f"lines[{n}].qty", "one_of_a_serial", message))
    if errors:
        raise Invalid("a line is not whole", errors=errors)
    return Place(row.sku_id, place_id, name, row.value_minor)


def _under_way(line: rules.Line) -> bool:
    return rules.reason_of(line) == "transfer_lost"


def _ats(asked: Asked) -> list[naming.At]:
    return [naming.At(place.sku_id, place.place_id, place.bin) for place in asked.places]


async def _check_there(tx: Tx, asked: Asked) -> None:
    """Raises Conflict `goods_moved` naming the first goods of which less lies there."""
    for one in await naming.find_nameless(tx, lines=asked.lines, places=_ats(asked)):
        if one.there < asked.lines[one.line].qty:
            raise _moved(asked, asked.lines[one.line], asked.places[one.line], there=one.there)
    pairs = [
        (line, place) for line, place in zip(asked.lines, asked.places, strict=True)
        if rules.reason_of(line) not in ("found", "named")
    ]  # fmt: skip
    missing = await tx.list(
        SQL["list_missing"],
        _Missing,
        sku_ids=[place.sku_id for _, place in pairs],
        bin_ids=[place.place_id for _, place in pairs],
        lots=[line.lot for line, _ in pairs],
        owners=[line.owner for line, _ in pairs],
        statuses=[line.status for line, _ in pairs],
        qtys=[line.qty for line, _ in pairs],
        serials=[line.serial for line, _ in pairs],
    )
    if missing:
        line, place = pairs[missing[0].line - 1]
        raise _moved(asked, line, place, there=missing[0].there)


def _moved(asked: Asked, line: rules.Line, place: Place, there: int | None = None) -> Conflict:
    return Conflict(
        "these goods are not there",
        code="goods_moved", sku=line.sku, node=asked.node, bin=place.bin, lot=line.lot,
        serial=line.serial, goods_status=line.status, asked=line.qty, there=there,
    )  # fmt: skip


async def _post(tx: Tx, adjustment_id: UUID, asked: Asked) -> UUID:
    movements = [
        rules.movement_of(msgspec.structs.replace(line, bin=place.bin), asked.node)
        for line, place in zip(asked.lines, asked.places, strict=True)
    ]
    unnamed = await naming.find_nameless(tx, lines=asked.lines, places=_ats(asked))
    movements += [
        naming.way_out(
            asked.lines[one.line], node=asked.node, bin=asked.places[one.line].bin, lot=one.lot
        ) for one in unnamed
    ]  # fmt: skip
    of_line = [*range(len(asked.lines)), *(one.line for one in unnamed)]
    try:
        posted = await operations.post(
            tx, reference=f"adjustment {adjustment_id}", movements=movements
        )
    except Conflict as refused:
        at = refused.facts.get("line")
        if refused.code in _MOVED and isinstance(at, int):
            at = of_line[at]
            raise _moved(asked, asked.lines[at], asked.places[at]) from refused
        raise
    return posted.document_id


async def _write(tx: Tx, asked: Asked, over: rules.Over | None = None) -> UUID:
    adjustment_id = new_id(tx.now)
    document_id = None if over else await _post(tx, adjustment_id, asked)
    await keep(tx, adjustment_id, asked=asked, over=over, document_id=document_id)
    return adjustment_id


async def _approve(tx: Tx, taken: _Taken) -> UUID:
    kept = await tx.list(SQL["list_kept_lines"], _KeptLine, id=taken.id)
    lines = [_line(row) for row in kept]
    if taken.transfer_id is not None and taken.short_reason is not None:
        gone = [Lost(row.sku, row.lot, row.serial or "", row.status, row.qty) for row in kept]
        return await transfers.write_off(
            tx, transfer_id=taken.transfer_id, reason=taken.short_reason, gone=gone
        )
    places = [Place(row.sku_id, row.place_id, row.bin, None) for row in kept]
    asked = Asked(taken.kind, taken.node_id, taken.node, taken.cause, None, lines, places)
    await feeds.refuse_edits(tx, movements=[rules.movement_of(x, taken.node) for x in lines])
    # what has become a kit since it was asked for is not found either
    await refuse_found_kits(tx, skus=[x.sku if x.reason == "found" else "" for x in kept])
    await _check_there(tx, asked)
    return await _post(tx, taken.id, asked)


def _line(row: _KeptLine) -> rules.Line:
    told = {name: getattr(row, name) for name in NewAdjustmentLine.__struct_fields__}
    if row.reason == "transfer_lost":
        told["bin"] = None
    return msgspec.convert(told, NewAdjustmentLine)


def _to_status(line: rules.Line) -> str:
    return line.to_status if isinstance(line, NewStatusLine) else line.status


async def _put_note(tx: Tx, adjustment_id: UUID, about: str, note: str | None) -> None:
    if note is not None:
        await tx.execute(SQL["put_note"], id=adjustment_id, about=about, note=note)


async def _tell(tx: Tx, adjustment_id: UUID, state: str, sequence: object, node: str) -> None:
    body = {"id": adjustment_id, "warehouse": node, "state": state}
    await tx.value(
        SQL["put_event"], event_id=new_id(tx.now), name=f"adjustment.{state}", id=adjustment_id,
        sequence=sequence, now=tx.now, actor=tx.principal.actor, body=msgspec.json.encode(body),
    )  # fmt: skip
