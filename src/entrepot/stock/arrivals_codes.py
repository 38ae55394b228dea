"""What was scanned, as goods: a code's SKU, its pack in exact base units, lot, date, serials."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from entrepot.catalog.codes import read_scan
from entrepot.catalog.queries import find_by_code
from entrepot.catalog.types import FoundSku
from entrepot.catalog.units import Unit, read_unit, to_base
from entrepot.kernel.refusals import FieldError, Invalid, NotFound, Refusal
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.arrivals_rules import Goods, lot_kept

SQL = load_sql(__file__, "arrivals_reads.sql")
MOST_UNITS = 1_000_000_000


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


async def find_goods(tx: ReadTx, *, wanted: Sequence[Wanted], supplier: str) -> list[Goods]:
    """The goods of each line, in order. A supplier's code counts beside its supplier only.

    Raises NotFound (`unknown_code`) naming every line whose code stands for nothing, Invalid for
    ambiguous codes, kits, closed SKUs, units that the SKU has not, quantities that are not whole.
    """
    found = {code: await find_by_code(tx, scanned=code) for code in {w.code for w in wanted}}
    errors: list[FieldError] = []
    chosen: list[FoundSku | None] = []
    for place, one in enumerate(wanted):
        candidates = _of_supplier(found[one.code], supplier)
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
            goods.append(_goods(one, choice, skus[choice.sku]))
        except ValueError as wrong:
            field, code, message = wrong.args
            errors.append(FieldError(f"lines[{place}].{field}", code, message))
        except Invalid as refused:
            errors += [FieldError(f"lines[{place}].qty", e.code, e.message) for e in refused.errors]
    _refuse(errors)
    return await with_dates(tx, goods)


def _of_supplier(rows: Sequence[FoundSku], supplier: str) -> list[FoundSku]:
    """What the code can mean here; a SKU's own code goes before everything else."""
    rows = [r for r in rows if r.by != "supplier" or supplier in ("", r.supplier)]
    own = [r for r in rows if r.by == "sku"]
    named = [r for r in rows if r.by == "supplier" and r.supplier == supplier]
    return own or named or rows


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


def _goods(one: Wanted, choice: FoundSku, sku: SkuRow) -> Goods:
    """Raises ValueError(field, code, message), Invalid for a quantity that is not whole."""
    if sku.closed:
        raise ValueError("code", "sku_closed", "this SKU is closed")
    if sku.is_kit:
        raise ValueError("code", "is_kit", "a kit comes in as its parts")
    scan = read_scan(one.code)
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
        return read_unit(choice.unit, choice.base_quantity)
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
