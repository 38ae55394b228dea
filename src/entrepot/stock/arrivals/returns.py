"""Customers' returns of goods: into a bin again, in which condition, under which lot and serial."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from entrepot.kernel.refusals import Conflict, FieldError, Forbidden, NotFound
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import operations
from entrepot.stock.arrivals import rules as arrivals_rules
from entrepot.stock.arrivals.queries import Dock, get_dock
from entrepot.stock.arrivals.returns_rules import StillOut, faults, known_lot
from entrepot.stock.arrivals.rules import Goods
from entrepot.stock.arrivals.scanned import Wanted, find_goods
from entrepot.stock.arrivals.types import NewReturn, NewReturnLine, Returned, ReturnedLine
from entrepot.stock.feeds import operations as feeds
from entrepot.stock.types import End, NewMovement

SQL = load_sql(__file__, "returns.sql")
_LONG_AGO = date(1, 1, 1)
"""What comes back may be past its date: its condition says what becomes of it."""


class _SkuId(msgspec.Struct, frozen=True):
    sku_id: UUID
    code: str


async def take_back(tx: Tx, *, new: NewReturn) -> Returned:
    """Post what came back: movements `return` under the reference of its sale.

    Raises NotFound (`unknown_code`, `unknown_node`, `nothing_shipped`), Conflict
    (`more_than_shipped` and the like) naming every line, Invalid for lines that are not whole,
    Forbidden for `without_sale` without `stock:approve`.
    """
    dock = await get_dock(tx, node=new.node)
    wanted = [Wanted(x.code, x.qty, x.unit, x.lot, None, x.serials) for x in new.lines]
    goods = await find_goods(tx, wanted=wanted, supplier="", ours=True)
    if await tx.value(SQL["any_sale"], reference=new.reference):
        out = await _still_out(tx, new.reference, sorted({one.sku_id for one in goods}))
        goods = [known_lot(one, out) for one in goods]
        _refuse(faults(goods, out))
    elif not new.without_sale:
        raise NotFound("nothing was shipped for this reference", code="nothing_shipped")
    elif "stock:approve" not in tx.principal.permissions:
        raise Forbidden("without a sale it needs stock:approve", code="permission_missing")
    kept = [msgspec.structs.replace(one, expiry_tracked=False) for one in goods]
    arrivals_rules.check_kept(kept, today=_LONG_AGO, good=[x.status == "good" for x in new.lines])
    movements = [
        movement
        for line, one in zip(new.lines, goods, strict=True)
        for movement in _movements(dock, line, one)
    ]
    await feeds.refuse_edits(tx, movements=movements)
    posted = await operations.post(tx, reference=new.reference, movements=movements)
    ids = iter(posted.movements)
    lines = [
        ReturnedLine(
            one.sku,
            one.units,
            one.lot,
            line.status,
            [next(ids) for _ in arrivals_rules.pieces(one)],
        )
        for line, one in zip(new.lines, goods, strict=True)
    ]
    return Returned(posted.document_id, new.reference, dock.code, lines)


def _movements(dock: Dock, line: NewReturnLine, one: Goods) -> list[NewMovement]:
    to = End(node=dock.code, bin=line.bin, status=line.status)
    return [
        NewMovement(sku=one.sku, qty=units, reason="return", to=to, lot=one.lot, serial=serial)
        for units, serial in arrivals_rules.pieces(one)
    ]


async def _still_out(tx: Tx, reference: str, sku_ids: Sequence[UUID]) -> list[StillOut]:
    """What may still come back of a reference, held until the block ends."""
    await tx.value(SQL["hold_returns"], reference=reference, skus=list(sku_ids))
    return await tx.list(SQL["list_still_out"], StillOut, reference=reference, skus=list(sku_ids))


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise Conflict(
            errors[0].message, code=errors[0].code, errors=errors[:100],
            line=int(errors[0].path.removeprefix("lines[").partition("]")[0]),
        )  # fmt: skip


async def check_posted(tx: Tx, *, reference: str, movements: Sequence[NewMovement]) -> None:
    """For documents of any movements: those that bring goods back under the reference of a known
    sale bring back no more than was shipped. Raises Conflict as `take_back` does."""
    back = [(place, m) for place, m in enumerate(movements) if m.reason == "return"]
    if not back or not await tx.value(SQL["any_sale"], reference=reference):
        return
    codes = sorted({m.sku for _, m in back})
    ids = {row.code: row.sku_id for row in await tx.list(SQL["list_sku_ids"], _SkuId, skus=codes)}
    known = [(place, m) for place, m in back if m.sku in ids]
    out = await _still_out(tx, reference, sorted(ids.values()))
    goods = [
        Goods(
            ids[m.sku], m.sku, m.qty, "", m.qty, m.lot, None,
            (m.serial,) if m.serial is not None else (), False, False, False,
        )
        for _, m in known
    ]  # fmt: skip
    _refuse([
        FieldError(e.path.replace(f"lines[{n}]", f"lines[{known[n][0]}]"), e.code, e.message)
        for e in faults(goods, out)
        for n in (int(e.path.removeprefix("lines[").partition("]")[0]),)
    ])  # fmt: skip
