"""Codes on goods, as somebody scanned them: which SKU, how many base units, which lot or serial."""

from collections.abc import Collection
from fractions import Fraction

import msgspec

from entrepot.catalog.codes import read_scan
from entrepot.catalog.queries import find_by_code
from entrepot.kernel.refusals import Conflict, NotFound
from entrepot.platform.database import ReadTx


class ScannedGoods(msgspec.Struct, frozen=True):
    """What a code stands for. `units`: base units in the pack that bears it; lot and serial only
    when a GS1 message tells them."""

    sku: str
    units: int
    lot: str | None = None
    serial: str | None = None


async def read_goods(
    tx: ReadTx, *, code: str, among: Collection[str] | None = None
) -> ScannedGoods:
    """The SKU that a code stands for; of several, the one of `among`.

    Raises NotFound `unknown_sku`, Conflict `several_skus` when the code leaves it open or
    `part_of_a_unit` when a pack is no whole number of base units.
    """
    found = await find_by_code(tx, scanned=code)
    fitting = [one for one in found if among is None or one.sku in among] or found
    fitting = [one for one in fitting if one.by == "sku"] or fitting
    if not fitting:
        raise NotFound("there is no such SKU", code="unknown_sku", sku=code)
    packs = {(one.sku, one.base_quantity) for one in fitting}
    if len(packs) > 1:
        raise Conflict(
            "several SKUs have this code",
            code="several_skus",
            skus=", ".join(sorted(s for s, _ in packs)),
        )
    sku, base = packs.pop()
    units = Fraction(base)
    if units.denominator != 1:
        raise Conflict("this pack is no whole number of base units", code="part_of_a_unit", sku=sku)
    said = read_scan(code)
    return ScannedGoods(sku, int(units), said.lot, said.serial)
