"""Transfers and picking over the signed API."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from entrepot.api.cursors import page_by_id
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import LongLimit, NodeQuery, SomeNode
from entrepot.flows.cancel_transfer import cancel_transfer
from entrepot.flows.close_transfer import close_transfer
from entrepot.flows.create_transfer import create_transfer
from entrepot.flows.get_pick_list import get_pick_list
from entrepot.flows.get_transfer import get_transfer
from entrepot.flows.list_to_pick import list_to_pick
from entrepot.flows.list_transfers import list_transfers
from entrepot.flows.pick_goods import pick_goods
from entrepot.flows.pick_short import pick_short
from entrepot.flows.receive_transfer import receive_transfer
from entrepot.flows.send_transfer import send_transfer
from entrepot.flows.unpick_goods import unpick_goods
from entrepot.stock.picking_types import (
    MissedGoods,
    PickedGoods,
    PickList,
    PickSummary,
    ShortPick,
    UnpickedGoods,
)
from entrepot.stock.transfers_types import (
    Arrived,
    ClosedShort,
    Loaded,
    NewTransfer,
    Transfer,
    TransferSummary,
)

State = Literal["draft", "sent", "received", "short", "cancelled"]


@post("/transfers", tags=["stock"])
async def post_transfer(data: JSONBody[NewTransfer], caller: CallerOf, db: DatabaseOf) -> Transfer:
    """Draw up a transfer of goods from one node to another. Nothing moves yet.

    A line without `lot` stands for whichever expires first. A code may be a SKU's own, a GTIN
    (a case counts as its base units) or a supplier's.
    """
    return await create_transfer(db, caller.principal, caller.stamp, new=data)


@get("/transfers", tags=["stock"])
async def get_transfers(
    caller: CallerOf,
    db: DatabaseOf,
    node: SomeNode = None,
    transfer_state: Annotated[State | None, QueryParameter(name="state")] = None,
    overdue: FromQuery[bool] = False,
    before: FromQuery[UUID | None] = None,
    limit: LongLimit = 200,
) -> Listed[TransferSummary]:
    """Transfers of which one end is the caller's, newest first; `node`: either end."""
    found = await list_transfers(
        db, caller.principal, node=node, states=[transfer_state] if transfer_state else None,
        overdue=overdue, before=before, most=limit,
    )  # fmt: skip
    return page_by_id(found, limit)


@get("/transfers/{transfer_id:uuid}", tags=["stock"])
async def get_one_transfer(
    transfer_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> Transfer:
    """A transfer: its lines, and what of it was sent, came, was lost."""
    return await get_transfer(db, caller.principal, transfer_id=transfer_id)


@post("/transfers/{transfer_id:uuid}/send", status_code=200, tags=["stock"])
async def post_send(
    transfer_id: FromPath[UUID], data: JSONBody[Loaded], caller: CallerOf, db: DatabaseOf
) -> Transfer:
    """The goods leave: all that was asked for, or what `goods` says was loaded.

    They lie in a place of the transfer's own until they are received, and are inbound of the
    receiver. Promised goods stay. Only for who works where they leave.
    """
    return await send_transfer(
        db, caller.principal, caller.stamp, transfer_id=transfer_id, loaded=data
    )


@post("/transfers/{transfer_id:uuid}/receive", status_code=200, tags=["stock"])
async def post_receive(
    transfer_id: FromPath[UUID], data: JSONBody[Arrived], caller: CallerOf, db: DatabaseOf
) -> Transfer:
    """Goods arrive: all that is under way, or what `goods` names. 409 `more_than_sent` for more.

    Only for who works where they arrive.
    """
    return await receive_transfer(
        db, caller.principal, caller.stamp, transfer_id=transfer_id, arrived=data
    )


@post("/transfers/{transfer_id:uuid}/close", status_code=200, tags=["stock"])
async def post_close(
    transfer_id: FromPath[UUID], data: JSONBody[ClosedShort], caller: CallerOf, db: DatabaseOf
) -> Transfer:
    """What is still under way will not come: it is written off, with a reason."""
    return await close_transfer(
        db, caller.principal, caller.stamp, transfer_id=transfer_id, short=data
    )


@post("/transfers/{transfer_id:uuid}/cancel", status_code=200, tags=["stock"])
async def post_cancel(transfer_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Transfer:
    """Call off a transfer that has not left."""
    return await cancel_transfer(db, caller.principal, caller.stamp, transfer_id=transfer_id)


@get("/picks", tags=["stock"])
async def get_picks(
    caller: CallerOf,
    db: DatabaseOf,
    node: NodeQuery,
    after: FromQuery[UUID | None] = None,
    limit: LongLimit = 200,
) -> Listed[PickSummary]:
    """Firm reservations with something to fetch at a node, the oldest first."""
    found = await list_to_pick(db, caller.principal, node=node, after=after, most=limit)
    return page_by_id(found, limit)


@get("/reservations/{reservation_id:uuid}/picks", tags=["stock"])
async def get_one_pick_list(
    reservation_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf, node: NodeQuery
) -> PickList:
    """What a node has to fetch: bin, lot, how many, by the date on which they expire."""
    return await get_pick_list(db, caller.principal, reservation_id=reservation_id, node=node)


@post("/reservations/{reservation_id:uuid}/picks", status_code=200, tags=["stock"])
async def post_pick(
    reservation_id: FromPath[UUID], data: JSONBody[PickedGoods], caller: CallerOf, db: DatabaseOf
) -> PickList:
    """Goods were taken out of a bin for this reservation, into a bin for packing.

    Nobody else may take them from there. 409 `not_there` when somebody was faster.
    """
    return await pick_goods(
        db, caller.principal, caller.stamp, reservation_id=reservation_id, goods=data
    )


@post("/reservations/{reservation_id:uuid}/unpick", status_code=200, tags=["stock"])
async def post_unpick(
    reservation_id: FromPath[UUID], data: JSONBody[UnpickedGoods], caller: CallerOf, db: DatabaseOf
) -> PickList:
    """Put picked goods back. They stay promised to the reservation."""
    return await unpick_goods(
        db, caller.principal, caller.stamp, reservation_id=reservation_id, goods=data
    )


@post("/reservations/{reservation_id:uuid}/short", status_code=200, tags=["stock"])
async def post_short(
    reservation_id: FromPath[UUID], data: JSONBody[MissedGoods], caller: CallerOf, db: DatabaseOf
) -> ShortPick:
    """Goods that should lie in a bin are not there: they go on hold, a count is opened, and the
    line comes from elsewhere or waits."""
    return await pick_short(
        db, caller.principal, caller.stamp, reservation_id=reservation_id, goods=data
    )


TRANSFER_ROUTES: list[HTTPRouteHandler] = [
    post_transfer, get_transfers, get_one_transfer, post_send, post_receive, post_close,
    post_cancel, get_picks, get_one_pick_list, post_pick, post_unpick, post_short,
]  # fmt: skip
