"""Pure rules of transfers: which lines go together, what may be loaded, what may arrive."""

from collections.abc import Sequence

import msgspec

from entrepot.kernel.machines import Machine, read_machine
from entrepot.kernel.refusals import Conflict, FieldError, Invalid
from entrepot.stock.rules import SELLABLE
from entrepot.stock.types import Status


class Line(msgspec.Struct, frozen=True):
    """What a draft asks for; lot '' stands for any."""

    sku: str
    lot: str
    status: Status
    qty: int


class Load(msgspec.Struct, frozen=True):
    """What somebody has loaded; bin None: wherever it is found."""

    sku: str
    lot: str
    serial: str | None
    status: Status
    qty: int
    bin: str | None


class Coming(msgspec.Struct, frozen=True):
    """Goods under way: `rest` of them, in the order in which they are to be counted off."""

    sku: str
    lot: str
    serial: str
    status: Status
    rest: int
    lot_expired: bool = False


class Lost(msgspec.Struct, frozen=True):
    """Goods under way that somebody says will not come."""

    sku: str
    lot: str
    serial: str
    status: Status
    qty: int


class Arrival(msgspec.Struct, frozen=True):
    """What somebody has found in a delivery; lot, serial, status None: as it was sent."""

    sku: str
    qty: int
    lot: str | None = None
    serial: str | None = None
    status: Status | None = None
    bin: str | None = None


class Part(msgspec.Struct, frozen=True):
    """So many of what was under way, into a bin of the receiver and in which state."""

    coming: Coming
    qty: int
    bin: str | None
    status: Status


def transfers() -> Machine:
    """The machine of transfers."""
    return read_machine("entrepot.stock", "transfer", "transfers_edges.tsv")


def merged(lines: Sequence[Line]) -> list[Line]:
    """The lines of a draft, the same goods summed.

    Raises Invalid when a SKU in one state names its lots on some lines and not on others: then
    nobody could say which line a loaded lot belongs to.
    """
    summed: dict[tuple[str, Status, str], int] = {}
    for line in lines:
        key = (line.sku, line.status, line.lot)
        summed[key] = summed.get(key, 0) + line.qty
    lots: dict[tuple[str, Status], set[bool]] = {}
    for sku, status, lot in summed:
        lots.setdefault((sku, status), set()).add(lot == "")
    mixed = sorted({sku for (sku, _), kinds in lots.items() if len(kinds) > 1})
    if mixed:
        message = "a SKU names its lots on every line, or on none"
        raise Invalid(message, errors=[FieldError("lines", "lots_mixed", f"{message}: {mixed[0]}")])
    return [Line(sku, lot, status, qty) for (sku, status, lot), qty in summed.items()]


def check_loads(lines: Sequence[Line], loads: Sequence[Load]) -> None:
    """Raises Conflict `not_asked_for` or `more_than_asked` when the draft asks for less."""
    left = {(line.sku, line.status, line.lot): line.qty for line in lines}
    for load in loads:
        key = (load.sku, load.status, load.lot)
        if key not in left:
            key = (load.sku, load.status, "")
        if key not in left:
            raise Conflict("this transfer does not ask for it", code="not_asked_for", sku=load.sku)
        left[key] -= load.qty
        if left[key] < 0:
            raise Conflict("more than this transfer asks for", code="more_than_asked", sku=load.sku)


def summed(loads: Sequence[Load]) -> list[Load]:
    """The same goods once: scanned one by one, each scan would be sought in the same bins."""
    found: dict[Load, int] = {}
    for load in loads:
        key = msgspec.structs.replace(load, qty=0)
        found[key] = found.get(key, 0) + load.qty
    return [msgspec.structs.replace(load, qty=qty) for load, qty in found.items()]


def count_off(coming: Sequence[Coming], arrivals: Sequence[Arrival]) -> list[Part]:
    """Which of the goods under way these are.

    Raises Conflict `more_than_sent` for what was not sent, or not so often; Invalid
    `serial_missing` for a piece that is known by its serial and came without.
    """
    rest = [one.rest for one in coming]
    parts = []
    for place, found in enumerate(arrivals):
        left = found.qty
        for at, one in enumerate(coming):
            if left == 0 or rest[at] == 0 or not _is(one, found):
                continue
            if one.serial and found.serial is None:
                error = FieldError(
                    f"goods[{place}].serial", "serial_missing", "this SKU is kept by serial"
                )
                raise Invalid("a line is not whole", errors=[error])
            part = min(left, rest[at])
            rest[at] -= part
            left -= part
            parts.append(Part(one, part, found.bin, _arrives_as(one, found.status)))
        if left:
            raise Conflict(
                "more than was sent, or something else", code="more_than_sent",
                sku=found.sku, line=place, left=left,
            )  # fmt: skip
    return parts


def all_of(coming: Sequence[Coming]) -> list[Part]:
    """Everything that is still under way, as it was sent."""
    return [Part(one, one.rest, None, _arrives_as(one, None)) for one in coming if one.rest]


def check_gone(code: str, coming: Sequence[Coming], gone: Sequence[Lost]) -> None:
    """Raises Conflict `goods_moved` unless exactly these are still under way: whoever approves a
    loss approves what they were shown."""
    rest = {(one.sku, one.lot, one.serial, one.status): one.rest for one in coming}
    for one in gone:
        there = rest.pop((one.sku, one.lot, one.serial, one.status), 0)
        if there != one.qty:
            raise Conflict(
                "these goods are not under way any more", code="goods_moved", sku=one.sku,
                bin=code, lot=one.lot, serial=one.serial or None, asked=one.qty, there=there,
            )  # fmt: skip


def raised(parts: Sequence[Part]) -> list[tuple[Status, Status]]:
    """Steps of what was held back and shall be in order on arrival: (as sent, as received)."""
    return [
        (part.coming.status, part.status) for part in parts
        if part.status in SELLABLE and part.coming.status not in SELLABLE
    ]  # fmt: skip


def _is(one: Coming, found: Arrival) -> bool:
    return (
        one.sku == found.sku
        and (found.lot is None or one.lot == found.lot)
        and (found.serial is None or one.serial == found.serial)
    )


def _arrives_as(one: Coming, status: Status | None) -> Status:
    """A lot that expired on its way arrives as expired, never as good."""
    status = status or one.status
    return "expired" if one.lot_expired and status in SELLABLE else status


def counts_as_inbound(owner: str, status: str) -> bool:
    """Whether goods under way may be promised once they are there: our own, in order."""
    return owner == "" and status in SELLABLE
