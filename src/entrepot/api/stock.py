"""Stock over the signed API: reservations, availability, movements, levels."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from entrepot.api.cursors import check_moment, cursor_of, page_by, page_by_id, read_cursor
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import (
    ChannelPath,
    LongLimit,
    Skus,
    SomeNode,
    SomeReference,
    SomeSku,
    SomeSkus,
)
from entrepot.flows.change_reservation import change_reservation
from entrepot.flows.fulfil_reservation import fulfil_reservation
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.list_availability import list_availability
from entrepot.flows.list_availability_changes import list_availability_changes
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_stock import list_stock
from entrepot.flows.list_stock_as_of import list_stock_as_of
from entrepot.flows.post_movements import post_movements
from entrepot.flows.release_reservation import release_reservation
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.flows.set_channel_levels import set_channel_levels
from entrepot.flows.set_stock_levels import set_stock_levels
from entrepot.stock.queries import row_key
from entrepot.stock.types import (
    AvailabilityChanges,
    Confirmed,
    LevelsSet,
    Movement,
    NewChannelLevels,
    NewLevels,
    NewMovements,
    NewReservation,
    Posted,
    Reservation,
    Reversed,
    ShownAvailable,
    StockRow,
)

Channel = Annotated[str, QueryParameter(min_length=1, max_length=24)]


@post("/reservations", tags=["stock"])
async def post_reservation(
    data: JSONBody[NewReservation], caller: CallerOf, db: DatabaseOf
) -> Reservation:
    """Hold stock for an order, or until `expires_at` for a cart; all lines or none.

    The live reservation of the same reference and channel is replaced: what it holds counts as
    available. 409 `insufficient_stock` tells every shortage. A channel, SKU or node that is not
    there is 404 `unknown_…` of the first; `errors` name all that is wrong, with its field.
    """
    return await reserve_stock(db, caller.principal, caller.stamp, data)


@get("/reservations/{reservation_id:uuid}", tags=["stock"])
async def get_one_reservation(
    reservation_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> Reservation:
    """A reservation."""
    return await get_reservation(db, caller.principal, reservation_id=reservation_id)


@put("/reservations/{reservation_id:uuid}", tags=["stock"])
async def put_reservation(
    reservation_id: FromPath[UUID], data: JSONBody[Confirmed], caller: CallerOf, db: DatabaseOf
) -> Reservation:
    """Give a pending reservation another expiry, or more strength."""
    return await change_reservation(
        db, caller.principal, caller.stamp, reservation_id=reservation_id, wanted=data
    )


@post("/reservations/{reservation_id:uuid}/release", status_code=200, tags=["stock"])
async def post_release(
    reservation_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> Reservation:
    """Free what a reservation holds."""
    return await release_reservation(
        db, caller.principal, caller.stamp, reservation_id=reservation_id
    )


@post("/reservations/{reservation_id:uuid}/fulfil", status_code=200, tags=["stock"])
async def post_fulfil(
    reservation_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> Reservation:
    """Hand a reservation's goods to the customer."""
    return await fulfil_reservation(
        db, caller.principal, caller.stamp, reservation_id=reservation_id
    )


@get("/availability", tags=["stock"])
async def get_availability(
    caller: CallerOf,
    db: DatabaseOf,
    channel: Channel,
    skus: Skus,
    reference: SomeReference = None,
    by_node: FromQuery[bool] = False,
) -> Listed[ShownAvailable]:
    """What a channel may sell of these SKUs (`sku=` once for each). Unknown SKUs are left out.

    With `by_node` also why: on hand, reserved, safety, quarantine, inbound of each node. What
    `reference` itself holds counts as available.
    """
    found = await list_availability(
        db, caller.principal, channel=channel, skus=skus, reference=reference, by_node=by_node
    )
    return Listed(found)


@get("/availability/changes", tags=["stock"])
async def get_availability_changes(
    caller: CallerOf,
    db: DatabaseOf,
    channel: Channel,
    after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0,
) -> AvailabilityChanges:
    """Which SKUs changed since a cursor; ask again with `next`."""
    return await list_availability_changes(db, caller.principal, channel=channel, after=after)


@post("/stock/movements", tags=["stock"])
async def post_stock_movements(
    data: JSONBody[NewMovements], caller: CallerOf, db: DatabaseOf
) -> Posted:
    """Post a document of movements: all of its lines, or none."""
    return await post_movements(db, caller.principal, caller.stamp, document=data)


@post("/stock/movements/{movement_id:uuid}/reverse", tags=["stock"])
async def post_reverse(movement_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Reversed:
    """Move a movement back."""
    return await reverse_movement(db, caller.principal, caller.stamp, movement_id=movement_id)


@put("/stock/levels", tags=["stock"])
async def put_levels(data: JSONBody[NewLevels], caller: CallerOf, db: DatabaseOf) -> LevelsSet:
    """Set safety, protected and inbound quantities of SKUs at nodes."""
    return await set_stock_levels(db, caller.principal, caller.stamp, new=data)


@put("/channels/{code:str}/stock-levels", tags=["stock"])
async def put_channel_levels(
    code: ChannelPath, data: JSONBody[NewChannelLevels], caller: CallerOf, db: DatabaseOf
) -> LevelsSet:
    """Set buffers and quotas of a channel, and whether it may take what is protected."""
    return await set_channel_levels(db, caller.principal, caller.stamp, channel=code, new=data)


@get("/stock", tags=["stock"])
async def get_stock(
    caller: CallerOf,
    db: DatabaseOf,
    skus: SomeSkus = None,
    node: SomeNode = None,
    after: Annotated[str, QueryParameter(max_length=600)] = "",
    as_of: FromQuery[datetime | None] = None,
    limit: LongLimit = 200,
) -> Listed[StockRow]:
    """What lies where, by SKU and place: of SKUs, of a node, of both, or all of it.

    With `as_of` what lay there at a past instant: of SKUs, or of a node; `limit` then counts SKUs
    of the node.
    """
    if as_of is not None:
        check_moment("as_of", as_of)
        lay = await list_stock_as_of(
            db, caller.principal, skus=skus or [], node=node, after=after, as_of=as_of, most=limit
        )
        return Listed(lay.rows, lay.next)
    behind = read_cursor(after, 5)
    found = await list_stock(
        db, caller.principal, skus=skus or [], node=node, behind=behind, most=limit
    )
    return page_by(found, limit, lambda row: cursor_of(*row_key(row)))


@get("/movements", tags=["stock"])
async def get_movements(
    caller: CallerOf,
    db: DatabaseOf,
    sku: SomeSku = None,
    reference: SomeReference = None,
    before: FromQuery[UUID | None] = None,
    limit: LongLimit = 200,
) -> Listed[Movement]:
    """The ledger, newest first."""
    found = await list_movements(
        db, caller.principal, sku=sku, reference=reference, before=before, most=limit
    )
    return page_by_id(found, limit)


STOCK_ROUTES: list[HTTPRouteHandler] = [
    post_reservation, get_one_reservation, put_reservation, post_release, post_fulfil,
    get_availability, get_availability_changes, post_stock_movements, post_reverse, put_levels,
    put_channel_levels, get_stock, get_movements,
]  # fmt: skip
