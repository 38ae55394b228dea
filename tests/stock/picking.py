"""Short ways to pick for a reservation, put back, miss goods, and see what is left to do."""

from uuid import UUID

import msgspec

from entrepot.flows.create_bins import create_bins
from entrepot.flows.get_pick_list import get_pick_list
from entrepot.flows.pick_goods import pick_goods
from entrepot.flows.pick_short import pick_short
from entrepot.flows.unpick_goods import unpick_goods
from entrepot.kernel.principals import Staff
from entrepot.nodes.types import NewBins
from entrepot.stock.picking.types import (
    MissedGoods,
    PickedGoods,
    PickList,
    ShortPick,
    UnpickedGoods,
)
from tests.flows.trade import stamp
from tests.stock.house import Stock


async def with_pack_bins(stock: Stock) -> None:
    """A bin to pack in at N1 and N2; N3 has none."""
    for node in ("N1", "N2"):
        new = msgspec.convert({"bins": [{"code": "PACK-1", "class": "packed"}]}, NewBins)
        await create_bins(stock.db, stock.staff, stamp(), node=node, new=new)


async def picked(
    stock: Stock, reservation_id: UUID, sku: str, qty: int = 1, *, bin: str = "R",
    by: Staff | None = None, **fields: object,
) -> PickList:  # fmt: skip
    goods = {"node": "N1", "bin": bin, "sku": sku, "qty": qty, **fields}
    return await pick_goods(
        stock.db, by or stock.staff, stamp(), reservation_id=reservation_id,
        goods=msgspec.convert(goods, PickedGoods),
    )  # fmt: skip


async def unpicked(
    stock: Stock, reservation_id: UUID, sku: str, qty: int = 1, **fields: object
) -> PickList:
    goods = {"node": "N1", "sku": sku, "qty": qty, **fields}
    return await unpick_goods(
        stock.db, stock.staff, stamp(), reservation_id=reservation_id,
        goods=msgspec.convert(goods, UnpickedGoods),
    )  # fmt: skip


async def missed(
    stock: Stock, reservation_id: UUID, sku: str, bin: str = "R", by: Staff | None = None
) -> ShortPick:
    return await pick_short(
        stock.db, by or stock.staff, stamp(), reservation_id=reservation_id,
        goods=MissedGoods("N1", bin, sku),
    )  # fmt: skip


def broken(sku: str, qty: int, bin: str) -> dict[str, object]:
    """A movement: goods in a bin of N1 turn out to be broken, whoever they are for."""
    at = {"node": "N1", "bin": bin}
    to = {**at, "status": "damaged"}
    return {"sku": sku, "qty": qty, "reason": "reclassify", "from": at, "to": to}


async def list_of(stock: Stock, reservation_id: UUID, node: str = "N1") -> PickList:
    return await get_pick_list(stock.db, stock.staff, reservation_id=reservation_id, node=node)


async def tasks_of(stock: Stock, reservation_id: UUID) -> list[tuple[str, str, int]]:
    shown = await list_of(stock, reservation_id)
    return [(task.bin, task.lot, task.qty) for task in shown.tasks]
