"""Short ways to draft, send, receive and close transfers, and to see where goods lie."""

from uuid import UUID

import msgspec
import pytest

from entrepot.flows.close_transfer import close_transfer
from entrepot.flows.create_transfer import create_transfer
from entrepot.flows.list_stock import list_stock
from entrepot.flows.receive_transfer import receive_transfer
from entrepot.flows.send_transfer import send_transfer
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Refusal
from entrepot.stock.transfers.types import Arrived, ClosedShort, Loaded, NewTransfer, Transfer
from tests.flows.trade import stamp
from tests.stock.house import Stock


async def drafted(
    stock: Stock, *lines: tuple[str, int] | dict[str, object], by: Staff | None = None,
    **fields: object,
) -> Transfer:  # fmt: skip
    rows = [{"sku": x[0], "qty": x[1]} if isinstance(x, tuple) else x for x in lines]
    document = {"from": "N1", "to": "N2", "reference": "weekly", "lines": rows, **fields}
    new = msgspec.convert(document, NewTransfer)
    return await create_transfer(stock.db, by or stock.staff, stamp(), new=new)


async def sent(
    stock: Stock, transfer_id: UUID, *goods: dict[str, object], by: Staff | None = None
) -> Transfer:
    return await send_transfer(
        stock.db, by or stock.staff, stamp(), transfer_id=transfer_id,
        loaded=msgspec.convert({"goods": list(goods)}, Loaded),
    )  # fmt: skip


async def received(
    stock: Stock, transfer_id: UUID, *goods: dict[str, object], by: Staff | None = None
) -> Transfer:
    return await receive_transfer(
        stock.db, by or stock.staff, stamp(), transfer_id=transfer_id,
        arrived=msgspec.convert({"goods": list(goods)}, Arrived),
    )  # fmt: skip


async def closed(stock: Stock, transfer_id: UUID, by: Staff | None = None) -> Transfer:
    return await close_transfer(
        stock.db, by or stock.staff, stamp(), transfer_id=transfer_id, short=ClosedShort("lost")
    )


async def code_of(call: object) -> str:
    """The code with which it is refused."""
    with pytest.raises(Refusal) as refused:
        await call  # type: ignore[misc]
    return refused.value.code


async def places_of(stock: Stock, sku: str) -> dict[str, int]:
    rows = await list_stock(stock.db, stock.staff, skus=[sku], node=None, most=50)
    return {f"{row.place} {row.status}": row.on_hand for row in rows}
