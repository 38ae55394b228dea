"""Transfers over the signed API: drawn up, sent, received, closed short, called off."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from entrepot.api.cursors import page_by_id
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import LongLimit, SomeNode
from entrepot.flows.cancel_transfer import cancel_transfer
from entrepot.flows.close_transfer import close_transfer
from entrepot.flows.create_transfer import create_transfer
from entrepot.flows.get_transfer import get_transfer
from entrepot.flows.list_transfers import list_transfers
from entrepot.flows.receive_transfer import receive_transfer
from entrepot.flows.send_transfer import send_transfer
from entrepot.stock.transfers.types import (
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
    """What is still under way will not come: it is written off, with a reason.

    Above a limit of the node where it should have arrived (that of adjustments) nothing moves:
    the transfer stays `sent`, and `short_asked` names the adjustment that waits for somebody
    else's approval.
    """
    return await close_transfer(
        db, caller.principal, caller.stamp, transfer_id=transfer_id, short=data
    )


@post("/transfers/{transfer_id:uuid}/cancel", status_code=200, tags=["stock"])
async def post_cancel(transfer_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Transfer:
    """Call off a transfer that has not left."""
    return await cancel_transfer(db, caller.principal, caller.stamp, transfer_id=transfer_id)


TRANSFER_ROUTES: list[HTTPRouteHandler] = [
    post_transfer, get_transfers, get_one_transfer, post_send, post_receive, post_close,
    post_cancel,
]  # fmt: skip
