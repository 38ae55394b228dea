"""Orders for the straight road of reservations, and short ways to send them there."""

import sys
from collections.abc import Sequence
from typing import Any

from entrepot.access.batch_flow import Request
from entrepot.access.flow import Claim, Stamp
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.kernel.ids import new_token
from entrepot.stock.types import NewReservation, NewReservationLine
from tests.flows.trade import stamp
from tests.stock.house import Stock

ROADS: Any = sys.modules[reserve_stock.body.__module__]
SKU_ID = "(select sku_id from catalog.sku where code = $1)"


def order(*lines: tuple[str, int, str | None], **fields: Any) -> NewReservation:
    wanted = [NewReservationLine(*line) for line in lines]
    return NewReservation(
        fields.pop("reference", None) or new_token(9),
        fields.pop("channel", "WEB"),
        wanted,
        **fields,
    )


async def straight(stock: Stock, *orders: NewReservation, **by: Any) -> list[bytes] | None:
    """The answers of a flight on the straight road; None when it was left."""
    asked = requests(stock, *orders, **by)
    async with stock.db.autocommit(asked[0].principal) as tx:
        answers: list[bytes] | None = await ROADS._reserve_at_once(tx, asked)
    return answers


def requests(
    stock: Stock, *orders: NewReservation, principal: Any = None, stamps: Sequence[Stamp] = ()
) -> list[Request]:
    return [
        Request(principal or stock.staff, given, value)
        for value, given in zip(orders, stamps or [stamp() for _ in orders], strict=True)
    ]


async def carefully(
    stock: Stock, *orders: NewReservation, stamps: Sequence[Stamp]
) -> Sequence[Claim]:
    asked = requests(stock, *orders, stamps=stamps)
    async with stock.db.autocommit(stock.staff) as tx:
        found: Sequence[Claim] = await ROADS._reserve(tx, asked, whole=True)
    return found


async def left_road(stock: Stock, *orders: NewReservation, principal: Any = None) -> None:
    """The straight road is left with nothing written and nothing claimed."""
    before = await counted(stock)
    assert await straight(stock, *orders, principal=principal) is None
    assert await counted(stock) == before


async def counted(stock: Stock) -> list[int]:
    owner = await stock.server.owner(stock.tenant)
    try:
        return [
            await owner.fetchval(f"select count(*) from {table}")
            for table in (
                "stock.reservation", "stock.reservation_line", "platform.request_nonce",
                "platform.idempotency", "platform.outbox", "platform.waiting_event",
                "platform.audit", "platform.waiting_audit",
            )
        ]  # fmt: skip
    finally:
        await owner.close()
