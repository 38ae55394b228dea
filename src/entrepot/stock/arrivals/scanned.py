"""Codes on goods, as somebody scanned them: which SKU, how many base units, lot, date, serial.

Every code is read here. `read_goods` is for goods that are expected where they are scanned
(transfers, picks): one code, at most one answer. `find_goods` is for lines of goods that come in
or are put away: all lines at once, each wrong one named.
"""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import msgspec

from entrepot.catalog.codes import Scanned, read_scan
from entrepot.catalog.queries import find_by_code
from entrepot.catalog.types import FoundSku
from entrepot.catalog.units import Unit, read_unit, to_base
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound, Refusal
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.arrivals.rules import Goods, lot_kept

SQL = load_sql(__file__, "scanned.sql")
MOST_UNITS = 1_000_000_000


class ScannedGoods(msgspec.Struct, frozen=True):
    """What a code stands for. `units`: base units in the pack that bears it; lot and serial only
    when a GS1 message tells them."""

    sku: str
    units: int
    lot: str | None = None
    serial: str | None = None


class Wanted(msgspec.Struct, frozen=True):
    """A line as it was sent; `qty` None: one, or one for each serial."""

    code: str
    qty: int | None
    unit: str | None
    lot: str = ""
    expires_on: date | None = None
    serials: Sequence[str] = ()


class SkuRow(msgspec.Struct, frozen=True):
    """What receiving needs to know of a SKU; packs are `{unit: ratio}`."""

    sku_id: UUID
    sku: str
    base_unit: str
    lot_tracked: bool
    serial_tracked: bool
    expiry_tracked: bool
    closed: bool
    is_kit: bool
    packs: bytes


class KnownLot(msgspec.Struct, frozen=True):
    """A lot that is on record, and its date."""

    sku_id: UUID
    lot: str
    expires_on: date | None


class _Reading(msgspec.Struct, frozen=True):
    """Everything that a code can stand for, and what a GS1 message says beside it."""

    found: list[FoundSku]
    said: Scanned


async def read_goods(
    tx: ReadTx, *, code: str, among: Collection[str] | None = None
) -> ScannedGoods:
    """The SKU that a code stands for; of several, the one of `among`, whose own codes are not
    looked up.

    Raises NotFound `unknown_sku`, Conflict `several_skus` when the code leaves it open or
    `part_of_a_unit` when a pack is no whole number of base units.
    """
    if among is not None and code in among:
        return ScannedGoods(code, 1)
    read = await _read(tx, code)
    fitting = [one for one in read.found if among is None or one.sku in among] or read.found
    fitting = _own_first(fitting)
    if not fitting:
        raise NotFound("there is no such SKU", code="unknown_sku", sku=code)
    packs = {(one.sku, one.base_quantity) for one in fitting}
    if len(packs) > 1:
        raise Conflict(
            "several SKUs have this code",
            code="several_skus",
            skus=", ".join(sorted(s for s, _ in packs)),
        )
    sku, pack = fitting[0].sku, _pack(fitting[0])
    if pack.base_denominator != 1:
        raise Conflict("this pack is no whole number of base units", code="part_of_a_unit", sku=sku)
    return ScannedGoods(sku, pack.base_numerator, read.said.lot, read.said.serial)


async def find_goods(
    tx: ReadTx, *, wanted: Sequence[Wanted], supplier: str, ours: bool = False
) -> list[Goods]:
    """The goods of each line, in order. A supplier's code counts beside its supplier only. `ours`:
    they are here or were sold by us, so that their SKU may be closed meanwhile.

    Raises NotFound (`unknown_code`) naming every line whose code stands for nothing, Invalid for
    ambiguous codes, kits, closed SKUs, units that the SKU has not, quantities that are not whole.
    """
    readings = {code: await _read(tx, code) for code in {w.code for w in wanted}}
    errors: list[FieldError] = []
    chosen: list[FoundSku | None] = []
    for place, one in enumerate(wanted):
        candidates = _of_supplier(readings[one.code].found, supplier)
        if len({c.sku for c in candidates}) != 1:
            errors.append(_no_one(place, ambiguous=bool(candidates)))
        chosen.append(candidates[0] if candidates else None)
    _refuse(errors)
    codes = sorted({c.sku for c in chosen if c is not None})
    skus = {row.sku: row for row in await tx.list(SQL["list_goods"], SkuRow, skus=codes)}
    goods: list[Goods] = []
    for place, (one, choice) in enumerate(zip(wanted, chosen, strict=True)):
        assert choice is not None
        try:
            goods.append(_goods(one, choice, skus[choice.sku], readings[one.code].said, ours))
        except ValueError as wrong:
            field, code, message = wrong.args
            errors.append(FieldError(f"lines[{place}].{field}", code, message))
        except Invalid as refused:
            errors += [FieldError(f"lines[{place}].qty", e.code, e.message) for e in refused.errors]
    _refuse(errors)
    return await with_dates(tx, goods)


async def _read(tx: ReadTx, code: str) -> _Reading:
    return _Reading(await find_by_code(tx, scanned=code), read_scan(code))


def _own_first(rows: list[FoundSku]) -> list[FoundSku]:
    """A SKU's own code goes before everything else that bears the same text."""
    return [row for row in rows if row.by == "sku"] or rows


def _pack(choice: FoundSku) -> Unit:
    """The unit that bears the code."""
    return read_unit(choice.unit, choice.base_quantity)


def _of_supplier(rows: Sequence[FoundSku], supplier: str) -> list[FoundSku]:
    """What the code can mean here: a supplier's own word goes before GTINs and other codes."""
    rows = _own_first([r for r in rows if r.by != "supplier" or supplier in ("", r.supplier)])
    return [r for r in rows if r.by == "supplier" and r.supplier == supplier] or rows


def _no_one(place: int, *, ambiguous: bool) -> FieldError:
    if ambiguous:
        return FieldError(
            f"lines[{place}].code", "ambiguous_code", "this code stands for several SKUs"
        )
    return FieldError(f"lines[{place}].code", "unknown_code", "nothing bears this code")


def _refuse(errors: Sequence[FieldError]) -> None:
    if not errors:
        return
    unknown = [e for e in errors if e.code == "unknown_code"]
    refusal: Refusal = (
        NotFound("nothing bears this code", code="unknown_code", errors=errors[:100])
        if unknown
        else Invalid("a line is not whole", errors=errors[:100])
    )
    raise refusal


def _goods(one: Wanted, choice: FoundSku, sku: SkuRow, scan: Scanned, ours: bool) -> Goods:
    """Raises ValueError(field, code, message), Invalid for a quantity that is not whole."""
    if sku.closed and not ours:
        raise ValueError("code", "sku_closed", "this SKU is closed")
    if sku.is_kit:
        raise ValueError("code", "is_kit", "a kit comes in as its parts")
    serials = tuple(one.serials) or ((scan.serial,) if scan.serial and sku.serial_tracked else ())
    qty = one.qty if one.qty is not None else max(1, len(serials))
    unit = _unit(one, choice, sku)
    units = to_base(qty, unit)
    if units > MOST_UNITS:
        raise ValueError("qty", "too_large", f"at most {MOST_UNITS} base units")
    expires_on = one.expires_on or scan.expires_on
    lot = lot_kept(
        one.lot.strip() or scan.lot or "", lot_tracked=sku.lot_tracked, expires_on=expires_on
    )
    return Goods(
        sku.sku_id, sku.sku, units, unit.name, qty, lot, expires_on, serials, sku.lot_tracked,
        sku.serial_tracked, sku.expiry_tracked,
    )  # fmt: skip


def _unit(one: Wanted, choice: FoundSku, sku: SkuRow) -> Unit:
    if one.unit is None:
        return _pack(choice)
    if one.unit == sku.base_unit:
        return Unit(sku.base_unit, 1)
    ratio = msgspec.json.decode(sku.packs, type=dict[str, str]).get(one.unit)
    if ratio is None:
        raise ValueError("unit", "unknown_unit", "this SKU has no such unit")
    return read_unit(one.unit, ratio)


async def with_dates(tx: ReadTx, goods: Sequence[Goods]) -> list[Goods]:
    """The date of a lot that is on record, or of its first line; Invalid where another is named."""
    with_lot = [one for one in goods if one.lot]
    if not with_lot:
        return list(goods)
    rows = await tx.list(
        SQL["list_lots"], KnownLot, skus=[g.sku_id for g in with_lot],
        lots=[g.lot for g in with_lot],
    )  # fmt: skip
    known = {(row.sku_id, row.lot): row.expires_on for row in rows}
    errors, dated = list[FieldError](), list[Goods]()
    for place, one in enumerate(goods):
        date_known = known.get((one.sku_id, one.lot))
        if one.lot and date_known is None:
            known[one.sku_id, one.lot] = one.expires_on
        if None not in (date_known, one.expires_on) and date_known != one.expires_on:
            message = f"this lot expires on {date_known}"
            errors.append(FieldError(f"lines[{place}].expires_on", "expiry_differs", message))
        dated.append(msgspec.structs.replace(one, expires_on=one.expires_on or date_known))
    _refuse(errors)
    return dated
