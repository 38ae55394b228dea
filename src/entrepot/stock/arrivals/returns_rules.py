"""Pure rules of customers' returns: never more than was shipped, and only what was shipped."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.kernel.refusals import FieldError
from entrepot.stock.arrivals.rules import Goods


class StillOut(msgspec.Struct, frozen=True):
    """Of a reference: shipped, and shipped less what came back, of a SKU, lot and serial."""

    sku_id: UUID
    lot: str
    serial: str | None
    shipped: int
    units: int


def known_lot(one: Goods, out: Sequence[StillOut]) -> Goods:
    """The goods under the lot they were shipped in: that of their serials, or the only one."""
    if one.lot:
        return one
    mine = [o for o in out if o.sku_id == one.sku_id and o.units > 0]
    if one.serials:
        mine = [o for o in mine if o.serial in one.serials]
    lots = {o.lot for o in mine}
    return msgspec.structs.replace(one, lot=lots.pop()) if len(lots) == 1 else one


def faults(goods: Sequence[Goods], out: Sequence[StillOut]) -> list[FieldError]:
    """What cannot come back, line by line; lines of the same goods are summed."""
    left = {(o.sku_id, o.lot): 0 for o in out}
    for o in out:
        left[o.sku_id, o.lot] += o.units
    serials = {(o.sku_id, o.serial) for o in out if o.serial is not None and o.units > 0}
    found: list[FieldError] = []
    for place, one in enumerate(goods):
        key = (one.sku_id, one.lot)
        if not any(sku == one.sku_id for sku, _ in left):
            found.append(_fault(place, "code", "not_shipped", "this was not shipped for it"))
        elif key not in left:
            found.append(_fault(place, "lot", "lot_not_shipped", "this lot was not shipped"))
        elif any((one.sku_id, serial) not in serials for serial in one.serials):
            message = "this serial was not shipped for it, or came back already"
            found.append(_fault(place, "serials", "serial_not_shipped", message))
        elif left[key] < one.units:
            message = f"at most {max(0, left[key])} of it can come back"
            found.append(_fault(place, "qty", "more_than_shipped", message))
        if key in left:
            left[key] -= one.units
    return found


def _fault(place: int, field: str, code: str, message: str) -> FieldError:
    return FieldError(f"lines[{place}].{field}", code, message)
