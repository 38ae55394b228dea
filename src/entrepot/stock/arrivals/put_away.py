"""Put-away: goods from the dock into a bin by scan, and which bin suits them."""

from uuid import UUID

import msgspec

from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import operations
from entrepot.stock.arrivals.queries import get_dock
from entrepot.stock.arrivals.rules import Goods, pieces
from entrepot.stock.arrivals.scanned import Wanted, find_goods, read_goods
from entrepot.stock.arrivals.types import DockRow, NewPutAway, PutAwayDone, SuggestedBin
from entrepot.stock.queries import Body
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import NewMovement

SQL = load_sql(__file__, "put_away.sql")
SUGGESTED_MOST = 5
REFERENCE = "put-away"


class Kind(msgspec.Struct, frozen=True):
    """Goods of one lot, owner and status in a bin."""

    lot: str
    owner: str
    status: str
    on_hand: int
    bin: str
    serials: list[str]


class _BinKind(msgspec.Struct, frozen=True):
    receiving: bool


async def put_away(tx: Tx, *, new: NewPutAway) -> PutAwayDone:
    """Goods of one lot, owner and status into their bin.

    Raises NotFound (`unknown_code`, `unknown_bin`, `unknown_node`), Conflict `not_there`,
    `which_goods` when several kinds lie there and none is named, `receiving_bin` for a bin where
    goods come in, Invalid (`serials_differ`) when some of several serials go and none is named.
    """
    await get_dock(tx, node=new.node)
    await _need_bin(tx, node=new.node, code=new.to)
    wanted = Wanted(new.code, new.qty, new.unit, new.lot or "", None, new.serials)
    one = (await find_goods(tx, wanted=[wanted], supplier="", ours=True))[0]
    kind = await _kind(tx, new, one)
    one = msgspec.structs.replace(one, serials=_serials(one, kind))
    end = {"node": new.node, "status": kind.status}
    movements = [
        msgspec.convert(
            {
                "sku": one.sku,
                "qty": units,
                "reason": "put_away",
                "from": {**end, "bin": kind.bin},
                "to": {**end, "bin": new.to},
                "lot": kind.lot,
                "serial": serial,
                "owner": kind.owner,
            },
            NewMovement,
        )
        for units, serial in pieces(one)
    ]
    posted = await operations.post(tx, reference=REFERENCE, movements=movements)
    return PutAwayDone(
        posted.document_id, one.sku, one.units, kind.lot, kind.status, new.to, posted.movements
    )


async def _need_bin(tx: Tx, *, node: str, code: str) -> None:
    found = await tx.find(
        SQL["find_bin_kind"], _BinKind, node=node, bin=code, warehouses=warehouses_of(tx.principal)
    )
    if found is None:
        raise NotFound("there is no bin of this code", code="unknown_bin", bin=code)
    if found.receiving:
        raise Conflict("goods come in there: name a bin for storing", code="receiving_bin")


async def _kind(tx: Tx, new: NewPutAway, one: Goods) -> Kind:
    """The goods that are meant. Good ones go before others where nothing else is said."""
    rows = await tx.list(
        SQL["list_kinds"], Kind, sku_id=one.sku_id, node=new.node, bin=new.from_,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    fitting = [
        row for row in rows
        if (one.lot == "" or row.lot == one.lot)
        and new.status in (None, row.status) and new.owner in (None, row.owner)
        and set(one.serials) <= set(row.serials)
    ]  # fmt: skip
    if new.lot == "":
        fitting = [row for row in fitting if row.lot == ""]
    if not fitting:
        raise Conflict("so much does not lie there", code="not_there", sku=one.sku)
    if len(fitting) > 1:
        fitting = [row for row in fitting if row.status == "good"] or fitting
    if len(fitting) > 1:
        kinds: list[dict[str, str | int | None]] = [
            {"lot": row.lot, "status": row.status, "owner": row.owner, "on_hand": row.on_hand}
            for row in fitting
        ]
        raise Conflict("several lots lie there: which?", code="which_goods", kinds=kinds)
    if fitting[0].on_hand < one.units:
        raise Conflict("so much does not lie there", code="not_there", sku=one.sku)
    return fitting[0]


def _serials(one: Goods, kind: Kind) -> tuple[str, ...]:
    """The serials that go: those named, or all of them when all goods go."""
    if not one.serial_tracked:
        return ()
    if one.serials and len(one.serials) == one.units:
        return one.serials
    if not one.serials and one.units == kind.on_hand == len(kind.serials):
        return tuple(kind.serials)
    error = FieldError("serials", "serials_differ", "one serial for each unit")
    raise Invalid("which of them?", errors=[error])


async def suggest_bins(
    tx: ReadTx, *, node: str, code: str, qty: int | None = None, lot: str = ""
) -> list[SuggestedBin]:
    """Up to `SUGGESTED_MOST` bins for goods, the best first; NotFound for node or code."""
    await get_dock(tx, node=node)
    wanted = Wanted(code, qty, None, lot)
    one = (await find_goods(tx, wanted=[wanted], supplier="", ours=True))[0]
    return await tx.list(
        SQL["suggest_bins"], SuggestedBin, sku_id=one.sku_id, node=node, lot=one.lot,
        units=one.units, most=SUGGESTED_MOST, warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def list_dock(
    tx: ReadTx, *, node: str, after: tuple[str, str, str, str], most: int
) -> list[DockRow]:
    """Goods in the receiving bin by (SKU, lot, owner, status), behind `after`."""
    sku, lot, owner, status = after
    rows = await tx.list(
        SQL["list_dock"], Body, node=node, sku=sku, lot=lot, owner=owner, status=status,
        most=most, warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    return [msgspec.json.decode(row.body, type=DockRow) for row in rows]


async def list_scanned(tx: ReadTx, *, node: str, code: str, most: int) -> list[DockRow]:
    """Of the goods in the receiving bin those that a scanned code stands for; of a GS1 message
    only its lot.

    Raises NotFound `not_on_dock`, and what `read_goods` raises.
    """
    goods = await read_goods(tx, code=code)
    rows = await list_dock(tx, node=node, after=(goods.sku, "", "", ""), most=most)
    found = [row for row in rows if row.sku == goods.sku and goods.lot in (None, row.lot)]
    if not found:
        raise NotFound("none of these goods lie on the dock", code="not_on_dock", sku=goods.sku)
    return found


async def undo(tx: Tx, *, movement_id: UUID) -> UUID:
    """Move a put-away back; the movement that does it. Raises NotFound for any other movement,
    Conflict `already_reversed`, `not_there` when the goods went on meanwhile,
    `picked_for_somebody`."""
    if await tx.value(SQL["find_put_away"], movement_id=movement_id) is None:
        raise NotFound("there is no such movement", code="unknown_movement")
    return await operations.reverse(tx, movement_id=movement_id)
