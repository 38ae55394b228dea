"""Pure rules of goods that come in: at which line they count, how much too many is too many."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from entrepot.kernel.machines import Machine, read_machine
from entrepot.kernel.refusals import Conflict, FieldError, Invalid
from entrepot.stock.arrivals.types import ReceivingRule


class Goods(msgspec.Struct, frozen=True):
    """Goods by SKU, found by their code: base units, and what SKU and code say about them."""

    sku_id: UUID
    sku: str
    units: int
    unit: str
    unit_qty: int
    lot: str
    expires_on: date | None
    serials: tuple[str, ...]
    lot_tracked: bool
    serial_tracked: bool
    expiry_tracked: bool


class AwaitedLine(msgspec.Struct, frozen=True):
    """A line of an ASN, locked."""

    line: int
    sku_id: UUID
    lot: str
    expected: int
    received: int


class Counted(msgspec.Struct, frozen=True):
    """So many units of a receipt's `place`-th goods count at this line of the ASN."""

    place: int
    line: int
    units: int


class Allocation(msgspec.Struct, frozen=True):
    """Where goods count; `unexpected` are places that get a line of their own, `doubts` say what
    has to be accepted: (code, place)."""

    counted: list[Counted]
    unexpected: list[Counted]
    doubts: list[tuple[str, int]]


def asns() -> Machine:
    """The machine of an ASN."""
    return read_machine("entrepot.stock", "ASN", "asn_edges.tsv")


def most(expected: int, rule: ReceivingRule) -> int:
    """Units that may be received of what was announced: the larger of the two tolerances."""
    return expected + max(rule.over_units, expected * rule.over_permille // 1000)


def allocate(
    lines: Sequence[AwaitedLine], goods: Sequence[Goods], rule: ReceivingRule
) -> Allocation:
    """At which lines goods count: those of their lot first, then those without one, then (a
    doubt) those of other lots; what is left over counts at the first of these. What has no line
    gets a new one behind the last. Too many is asked of a SKU over all of its lines.
    """
    counted: list[Counted] = []
    unexpected: list[Counted] = []
    doubts: list[tuple[str, int]] = []
    received = {line.line: line.received for line in lines}
    last = max(received, default=0)
    new: dict[tuple[UUID, str], int] = {}
    for place, one in enumerate(goods):
        fitting, others = _candidates(lines, one)
        if not fitting and not others:
            number = new.setdefault((one.sku_id, one.lot), last + len(new) + 1)
            unexpected.append(Counted(place, number, one.units))
            doubts.append(("not_expected", place))
            continue
        parts = _fill(received, [*fitting, *others], one.units)
        if {line.line for line in others} & {line for line, _ in parts}:
            doubts.append(("other_lot", place))
        for number, units in parts:
            received[number] += units
            counted.append(Counted(place, number, units))
        mine = [line for line in lines if line.sku_id == one.sku_id]
        if sum(received[x.line] for x in mine) > most(sum(x.expected for x in mine), rule):
            doubts.append(("over_expected", place))
    return Allocation(counted, unexpected, doubts)


def _candidates(
    lines: Sequence[AwaitedLine], one: Goods
) -> tuple[list[AwaitedLine], list[AwaitedLine]]:
    """The lines of a SKU that fit its lot, and those that do not."""
    mine = [line for line in lines if line.sku_id == one.sku_id]
    same = [line for line in mine if line.lot == one.lot]
    open_ = [line for line in mine if line.lot == "" != one.lot]
    return same + open_, [line for line in mine if line not in same and line not in open_]


def _fill(
    received: dict[int, int], lines: Sequence[AwaitedLine], units: int
) -> list[tuple[int, int]]:
    parts: list[tuple[int, int]] = []
    left = units
    for line in lines:
        part = min(left, max(0, line.expected - received[line.line]))
        if part:
            parts.append((line.line, part))
            left -= part
    if left:
        first = lines[0].line
        had = dict(parts).get(first, 0)
        parts = [(first, had + left), *[p for p in parts if p[0] != first]]
    return parts


def refuse_doubts(
    doubts: Sequence[tuple[str, int]], goods: Sequence[Goods], *, may_tell: bool, left: int
) -> None:
    """Raises Conflict for the first doubt, naming every one. `may_tell`: whether the caller may
    learn how many are expected; `left` is what may still come of the first."""
    if not doubts:
        return
    code, place = doubts[0]
    message = {
        "over_expected": "more than was announced and is tolerated",
        "not_expected": "this was not announced",
        "other_lot": "another lot was announced",
    }[code]
    errors = [FieldError(f"lines[{at}].code", what, message) for what, at in doubts[:100]]
    told = left if may_tell and code == "over_expected" else None
    raise Conflict(message, code=code, errors=errors, sku=goods[place].sku, line=place, left=told)


def check_kept(goods: Sequence[Goods], *, today: date, good: Sequence[bool]) -> None:
    """Raises Invalid naming every line whose goods lack the lot, date or serials they are kept
    by, have too many of them, or are past their date though they shall be good."""
    errors: list[FieldError] = []
    for place, (one, is_good) in enumerate(zip(goods, good, strict=True)):
        for field, code, message in _faults(one, today, is_good):
            errors.append(FieldError(f"lines[{place}].{field}", code, message))
    if errors:
        raise Invalid("a line is not whole", errors=errors[:100])


def _faults(one: Goods, today: date, is_good: bool) -> list[tuple[str, str, str]]:
    found = []
    if one.lot_tracked and not one.lot:
        found.append(("lot", "lot_missing", "this SKU is kept by lot"))
    if one.expiry_tracked and one.expires_on is None:
        found.append(("expires_on", "expiry_missing", "this SKU is kept by its date"))
    if one.expires_on is not None and one.expires_on < today and is_good:
        found.append(("expires_on", "past_its_date", "past its date: not good any more"))
    if one.serial_tracked and len(one.serials) != one.units:
        found.append(("serials", "serials_differ", "one serial for each unit"))
    if not one.serial_tracked and one.serials:
        found.append(("serials", "serial_not_kept", "this SKU is kept without serials"))
    if len(set(one.serials)) != len(one.serials):
        found.append(("serials", "serial_twice", "a serial is named twice"))
    return found


def lot_kept(lot: str, *, lot_tracked: bool, expires_on: date | None) -> str:
    """The lot that goods lie under: goods with a date and no lot lie under their date."""
    if lot or lot_tracked or expires_on is None:
        return lot
    return expires_on.isoformat()


def pieces(one: Goods) -> list[tuple[int, str | None]]:
    """How goods move: all at once, or serial by serial."""
    return [(1, serial) for serial in one.serials] or [(one.units, None)]
