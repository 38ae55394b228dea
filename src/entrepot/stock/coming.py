"""Lines of a document as goods are kept: texts trimmed, dates of lots that are on record."""

from collections.abc import Sequence
from datetime import date

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.platform.database import ReadTx
from entrepot.stock import rules
from entrepot.stock.arrivals.rules import lot_kept
from entrepot.stock.queries import SQL
from entrepot.stock.types import NewMovement


class KeptBy(msgspec.Struct, frozen=True):
    """How the SKU of a dated line is kept, and the date of its lot if one is on record."""

    line: int
    lot_tracked: bool
    known: date | None


async def as_kept(tx: ReadTx, *, movements: Sequence[NewMovement]) -> list[NewMovement]:
    """The lines with their texts trimmed; goods with a date and no lot come under their date.

    Raises Invalid naming every line that brings goods whose lot has another date, or good ones
    past their date (SAFETY 2.8), and every blank serial.
    """
    lines = [_trimmed(line) for line in movements]
    faults = [
        FieldError(f"lines[{n}].serial", "serial_missing", "a serial is no blank")
        for n, line in enumerate(lines)
        if line.serial == ""
    ]
    dated = [n for n, line in enumerate(lines) if line.expires_on is not None and _comes(line)]
    if dated:
        faults += await _date(tx, lines, dated)
    if faults:
        raise Invalid("a line is not whole", errors=faults[:100])
    return lines


def _trimmed(line: NewMovement) -> NewMovement:
    lot, owner, serial = line.lot.strip(), line.owner.strip(), line.serial and line.serial.strip()
    if (lot, owner, serial) == (line.lot, line.owner, line.serial):
        return line
    return msgspec.structs.replace(line, lot=lot, owner=owner, serial=serial)


def _comes(line: NewMovement) -> bool:
    return line.to is not None and line.from_ is None and line.reason != "transfer_in"


async def _date(tx: ReadTx, lines: list[NewMovement], dated: list[int]) -> list[FieldError]:
    """Puts lines with a date and no lot under their date; what is wrong with these lines."""
    rows = await tx.list(
        SQL["list_kept_by"], KeptBy, lines=dated, skus=[lines[n].sku for n in dated],
        lots=[lines[n].lot for n in dated],
    )  # fmt: skip
    today = await tx.value(SQL["today"], now=tx.now)
    assert isinstance(today, date)
    on_record: dict[tuple[str, str], date] = {}
    faults = []
    for row in rows:
        line, said = lines[row.line], lines[row.line].expires_on
        assert said is not None
        lot = lot_kept(line.lot, lot_tracked=row.lot_tracked, expires_on=said)
        lines[row.line] = msgspec.structs.replace(line, lot=lot)
        known = on_record.setdefault((line.sku, lot), row.known or said)
        path = f"lines[{row.line}].expires_on"
        if lot and known != said:
            faults.append(FieldError(path, "expiry_differs", f"this lot expires on {known}"))
        elif said < today and line.to is not None and line.to.status in rules.SELLABLE:
            message = "past its date: not good any more"
            faults.append(FieldError(path, "past_its_date", message))
    return faults
