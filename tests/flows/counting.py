"""Short ways to move goods in a warehouse, to open a count and to fill it in."""

from uuid import UUID

import msgspec

from entrepot.access.permissions import PERMISSIONS
from entrepot.catalog.types import NewSku
from entrepot.counts.types import (
    Count,
    CountSummary,
    FilledSheet,
    NewCount,
)
from entrepot.flows.create_sku import create_sku
from entrepot.flows.fill_in_count import fill_in_count
from entrepot.flows.get_count import get_count
from entrepot.flows.open_count import open_count
from entrepot.flows.post_movements import post_movements
from entrepot.kernel.ids import new_id, new_token
from entrepot.kernel.principals import Staff
from entrepot.platform.clock import system_clock
from entrepot.stock.types import NewMovements
from tests.flows.trade import Trade, stamp

BIN = "A-01-01-1"
OTHER = "A-01-02-1"


def somebody(trade: Trade, *without: str) -> Staff:
    """Another member of staff, perhaps without some permissions."""
    permissions = PERMISSIONS - set(without)
    return Staff(trade.tenant.tenant, new_id(system_clock()), permissions)


async def sku(trade: Trade, **fields: object) -> str:
    code = "C" + new_token(9).upper().replace("_", "X").replace("-", "Y")
    new = msgspec.convert({"code": code, "names": {"en": code}, **fields}, NewSku)
    await create_sku(trade.db, trade.staff, stamp(), new=new)
    return code


async def move(trade: Trade, *lines: dict[str, object]) -> None:
    document = msgspec.convert({"reference": "test", "lines": list(lines)}, NewMovements)
    await post_movements(trade.db, trade.staff, stamp(), document=document)


def into(code: str, qty: int, bin_: str = BIN, **fields: object) -> dict[str, object]:
    end = {"node": "SZX1", "bin": bin_}
    return {"sku": code, "qty": qty, "reason": "receipt", "to": end, **fields}


def out_of(code: str, qty: int, bin_: str = BIN) -> dict[str, object]:
    return {"sku": code, "qty": qty, "reason": "sale", "from": {"node": "SZX1", "bin": bin_}}


async def opened(trade: Trade, code: str | None = None, bin_: str = BIN, **more: str) -> UUID:
    new = msgspec.convert(
        {"what": "stock", "warehouse": "SZX1", "bin": bin_, "sku": code, **more}, NewCount
    )
    return (await open_count(trade.db, trade.staff, stamp(), new=new)).id


async def count(trade: Trade, count_id: UUID, by: Staff, *goods: dict[str, object]) -> CountSummary:
    sheet = msgspec.convert({"goods": list(goods)}, FilledSheet)
    return await fill_in_count(trade.db, by, stamp(), count_id=count_id, sheet=sheet)


async def seen(trade: Trade, count_id: UUID, by: Staff | None = None) -> Count:
    return await get_count(trade.db, by or trade.staff, count_id=count_id)


async def on_hand(trade: Trade, code: str) -> int:
    owner = await trade.server.owner(trade.tenant)
    try:
        found = await owner.fetchval(
            "select coalesce(sum(b.on_hand), 0) from stock.balance as b"
            " join catalog.sku as s on s.sku_id = b.sku_id where s.code = $1",
            code,
        )
    finally:
        await owner.close()
    return int(found)
