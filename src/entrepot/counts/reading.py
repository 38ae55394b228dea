"""Reading a filled-in sheet: every line is found, or named as what is wrong with it."""

from uuid import UUID

from entrepot.counts import queries
from entrepot.counts.queries import key_of
from entrepot.counts.types import BookLine, FilledSheet, SeenGoods, TakenCount
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.parcels.payloads import read_payload
from entrepot.platform.database import ReadTx

Seen = dict[str, tuple[BookLine, int]]
"""What was seen, by key: the line, and how many units."""
NO_UNITS = ("is_kit", "a kit has no units of its own: count its parts")


async def read_sheet(tx: ReadTx, *, taken: TakenCount, sheet: FilledSheet) -> Seen:
    """What was seen. Raises Invalid naming every line that does not belong here."""
    if taken.what == "parcels":
        return await _read_parcels(tx, taken, sheet)
    return await _read_goods(tx, taken, sheet)


async def _read_parcels(tx: ReadTx, taken: TakenCount, sheet: FilledSheet) -> Seen:
    errors = [] if not sheet.goods else [_not_here("goods", "this sheet is for parcels")]
    read = [_number(raw) for raw in sheet.tracking_numbers]
    numbers = [number for number in read if number is not None]
    waiting = await queries.list_parcels_of_numbers(tx, numbers=numbers, taken=taken)
    here = list(dict.fromkeys(sheet.parcels))
    known = await queries.parcels_here(tx, parcel_ids=here, node_id=taken.node_id)
    errors += [
        FieldError(f"parcels[{place}]", "unknown_parcel", "this parcel is not in this warehouse")
        for place, one in enumerate(sheet.parcels)
        if one not in known
    ]
    for place, number in enumerate(read):
        left = [one for one in waiting.get(number or "", []) if one not in here]
        if left:
            here.append(left[0])
        elif number not in waiting:
            message = "no parcel of this number is in this warehouse"
            errors.append(FieldError(f"tracking_numbers[{place}]", "unknown_parcel", message))
    if errors:
        raise Invalid("the sheet cannot be read", errors=errors)
    lines = [BookLine(None, "", "", "", "", "", one, 0) for one in here]
    return {key_of(line): (line, 1) for line in lines}


def _number(raw: str) -> str | None:
    try:
        return read_payload(raw).number
    except Invalid:
        return None


def _not_here(path: str, message: str) -> FieldError:
    return FieldError(path, "not_counted_here", message)


async def _read_goods(tx: ReadTx, taken: TakenCount, sheet: FilledSheet) -> Seen:
    known = await queries.list_skus(
        tx, codes=[line.sku for line in sheet.goods], bin_id=taken.bin_id
    )
    wrong = sheet.parcels or sheet.tracking_numbers
    errors = [_not_here("parcels", "this sheet is for goods")] if wrong else []
    book = {}
    if any(sku.is_kit for sku in known.values()):
        book = await queries.list_book(tx, taken=taken)
    found: Seen = {}
    for place, line in enumerate(sheet.goods):
        sku = known.get(line.sku)
        fault = _fault(line, sku, taken.sku_id)
        if sku is None or fault is not None:
            code, message = fault or ("unknown_sku", "there is no SKU of this code")
            errors.append(FieldError(f"goods[{place}].sku", code, message))
            continue
        goods = BookLine(
            sku.sku_id, sku.code, line.lot, line.owner, line.status, line.serial, None, 0
        )
        key = key_of(goods)
        before = found[key][1] if key in found and not sku.serial_tracked else 0
        found[key] = (goods, before + line.counted)
        # what was a SKU before it became a kit may still lie here; more of it is not found
        if sku.is_kit and found[key][1] > (book[key].book if key in book else 0):
            errors.append(FieldError(f"goods[{place}].sku", *NO_UNITS))
    if errors:
        raise Invalid("the sheet cannot be read", errors=errors)
    return found


def _fault(
    line: SeenGoods, sku: queries.KnownSku | None, only: UUID | None
) -> tuple[str, str] | None:
    if sku is None:
        return ("unknown_sku", "there is no SKU of this code")
    if only is not None and sku.sku_id != only:
        return ("not_counted_here", "this sheet is for another SKU")
    if sku.serial_tracked and (not line.serial or line.counted > 1):
        return ("serial_missing", "of these goods every piece is counted by its serial")
    if line.serial and not sku.serial_tracked:
        return ("serial_not_kept", "these goods have no serials")
    return None
