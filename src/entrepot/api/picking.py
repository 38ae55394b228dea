"""Picking over the signed API: what there is to fetch, and what became of it."""

from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from entrepot.api.cursors import page_by_id
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import LongLimit, NodeQuery
from entrepot.flows.get_pick_list import get_pick_list
from entrepot.flows.list_to_pick import list_to_pick
from entrepot.flows.pick_goods import pick_goods
from entrepot.flows.pick_short import pick_short
from entrepot.flows.unpick_goods import unpick_goods
from entrepot.stock.picking.types import (
    MissedGoods,
    PickedGoods,
    PickList,
    PickSummary,
    ShortPick,
    UnpickedGoods,
)


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


PICKING_ROUTES: list[HTTPRouteHandler] = [
    get_picks, get_one_pick_list, post_pick, post_unpick, post_short,
]  # fmt: skip
