"""What programs look up of stock over the signed API: reservations, levels as they were set."""

from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, QueryParameter

from entrepot.api.cursors import cursor_of, page_by, page_by_id, read_cursor
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import (
    ChannelPath,
    Cursor,
    Limit,
    LongLimit,
    SomeNode,
    SomeReference,
    SomeSku,
)
from entrepot.flows.list_channel_levels import list_channel_levels
from entrepot.flows.list_levels import list_levels
from entrepot.flows.list_reservations import list_reservations
from entrepot.stock.reads import ChannelLevelSet, LevelSet
from entrepot.stock.types import Reservation, State


@get("/reservations", tags=["stock"])
async def get_reservations(
    caller: CallerOf,
    db: DatabaseOf,
    reference: SomeReference = None,
    channel: Annotated[str | None, QueryParameter(max_length=24)] = None,
    standing: Annotated[State | None, QueryParameter(name="state")] = None,
    before: FromQuery[UUID | None] = None,
    limit: Limit = 50,
) -> Listed[Reservation]:
    """Reservations, newest first, live and ended ones: all, or those of a reference."""
    found = await list_reservations(
        db, caller.principal, reference=reference, channel=channel, state=standing, before=before,
        most=limit,
    )  # fmt: skip
    return page_by_id(found, limit)


@get("/stock/levels", tags=["stock"])
async def get_levels(
    caller: CallerOf,
    db: DatabaseOf,
    sku: SomeSku = None,
    node: SomeNode = None,
    after: Cursor = None,
    limit: LongLimit = 200,
) -> Listed[LevelSet]:
    """Levels of SKUs at nodes as they were set, by SKU and node; `PUT` takes them as they are."""
    behind = read_cursor(after, 2)
    found = await list_levels(db, caller.principal, sku=sku, node=node, behind=behind, most=limit)
    return page_by(found, limit, lambda row: cursor_of(row.sku, row.node))


@get("/channels/{code:str}/stock-levels", tags=["stock"])
async def get_channel_levels(
    code: ChannelPath,
    caller: CallerOf,
    db: DatabaseOf,
    sku: SomeSku = None,
    after: Annotated[str, QueryParameter(max_length=40)] = "",
    limit: LongLimit = 200,
) -> Listed[ChannelLevelSet]:
    """Buffers and quotas of a channel, what was taken of them and what it may sell, by SKU."""
    found = await list_channel_levels(
        db, caller.principal, channel=code, sku=sku, after=after, most=limit
    )
    return page_by(found, limit, lambda row: row.sku)


STOCK_READ_ROUTES: list[HTTPRouteHandler] = [get_reservations, get_levels, get_channel_levels]
