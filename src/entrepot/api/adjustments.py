"""Adjustments over the signed API: ask, decide, statuses, values, goods that are kept back."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from entrepot.api.cursors import cursor_of, page_by, page_by_id, read_cursor
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import Cursor, Limit, SomeNode, SomeSku
from entrepot.flows.approve_adjustment import approve_adjustment
from entrepot.flows.ask_adjustment import ask_adjustment
from entrepot.flows.change_stock_status import change_stock_status
from entrepot.flows.erase_adjustment_notes import erase_adjustment_notes
from entrepot.flows.get_adjustment import get_adjustment
from entrepot.flows.list_adjustments import list_adjustments
from entrepot.flows.list_kept_back import list_kept_back
from entrepot.flows.reject_adjustment import reject_adjustment
from entrepot.flows.set_unit_values import set_unit_values
from entrepot.flows.withdraw_adjustment import withdraw_adjustment
from entrepot.stock.adjustment_types import (
    Adjustment,
    AdjustmentState,
    AdjustmentSummary,
    Decision,
    KeptBackRow,
    NewAdjustment,
    NewStatusChange,
    NewUnitValues,
)
from entrepot.stock.types import LevelsSet

KeptStatus = Literal["damaged", "expired", "hold", "quarantine"]


@post("/adjustments", tags=["stock"])
async def post_adjustment(
    data: JSONBody[NewAdjustment], caller: CallerOf, db: DatabaseOf
) -> AdjustmentSummary:
    """Scrap, lose, find or correct goods of a node, with a cause.

    Within the node's limits it is `posted`; above one (`over`) it is `requested`: nothing moves
    before somebody else approves.
    """
    return await ask_adjustment(db, caller.principal, caller.stamp, new=data)


@get("/adjustments", tags=["stock"])
async def get_adjustments(
    caller: CallerOf,
    db: DatabaseOf,
    node: SomeNode = None,
    adjustment_state: Annotated[AdjustmentState | None, QueryParameter(name="state")] = None,
    before: FromQuery[UUID | None] = None,
    limit: Limit = 50,
) -> Listed[AdjustmentSummary]:
    """Adjustments, newest first; `state=requested`: those that wait for a decision."""
    found = await list_adjustments(
        db, caller.principal, node=node, state=adjustment_state, before=before, most=limit
    )
    return page_by_id(found, limit)


@get("/adjustments/{adjustment_id:uuid}", tags=["stock"])
async def get_one_adjustment(
    adjustment_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> Adjustment:
    """An adjustment with its lines and with what people wrote about it."""
    return await get_adjustment(db, caller.principal, adjustment_id=adjustment_id)


@post("/adjustments/{adjustment_id:uuid}/approve", status_code=200, tags=["stock"])
async def post_approve_adjustment(
    adjustment_id: FromPath[UUID], data: JSONBody[Decision], caller: CallerOf, db: DatabaseOf
) -> AdjustmentSummary:
    """Post what was asked for. A person and the keys they made are one pair of eyes."""
    return await approve_adjustment(
        db, caller.principal, caller.stamp, adjustment_id=adjustment_id, said=data
    )


@post("/adjustments/{adjustment_id:uuid}/reject", status_code=200, tags=["stock"])
async def post_reject_adjustment(
    adjustment_id: FromPath[UUID], data: JSONBody[Decision], caller: CallerOf, db: DatabaseOf
) -> AdjustmentSummary:
    """Post nothing of what was asked for."""
    return await reject_adjustment(
        db, caller.principal, caller.stamp, adjustment_id=adjustment_id, said=data
    )


@post("/adjustments/{adjustment_id:uuid}/withdraw", status_code=200, tags=["stock"])
async def post_withdraw_adjustment(
    adjustment_id: FromPath[UUID], data: JSONBody[Decision], caller: CallerOf, db: DatabaseOf
) -> AdjustmentSummary:
    """Take back what one has asked for oneself."""
    return await withdraw_adjustment(
        db, caller.principal, caller.stamp, adjustment_id=adjustment_id, said=data
    )


@post("/adjustments/{adjustment_id:uuid}/erase-notes", status_code=200, tags=["stock"])
async def post_erase_notes(
    adjustment_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> AdjustmentSummary:
    """Erase what people wrote about an adjustment; every sum stays as it is."""
    return await erase_adjustment_notes(
        db, caller.principal, caller.stamp, adjustment_id=adjustment_id
    )


@post("/stock/status-changes", tags=["stock"])
async def post_status_change(
    data: JSONBody[NewStatusChange], caller: CallerOf, db: DatabaseOf
) -> AdjustmentSummary:
    """Give goods another status, with a cause. Releasing from quarantine takes `stock:approve`."""
    return await change_stock_status(db, caller.principal, caller.stamp, new=data)


@get("/stock/kept-back", tags=["stock"])
async def get_kept_back(
    caller: CallerOf,
    db: DatabaseOf,
    node: SomeNode = None,
    sku: SomeSku = None,
    statuses: Annotated[list[KeptStatus] | None, QueryParameter(name="status", max_items=4)] = None,
    after: Cursor = None,
    limit: Limit = 100,
) -> Listed[KeptBackRow]:
    """Goods that are damaged, in quarantine, on hold or expired."""
    found = await list_kept_back(
        db, caller.principal, node=node, sku=sku, statuses=statuses or [],
        after=read_cursor(after, 6), most=limit,
    )  # fmt: skip
    return page_by(
        found, limit,
        lambda row: cursor_of(row.node, row.status, row.sku, row.bin, row.lot, row.owner),
    )  # fmt: skip


@put("/stock/values", tags=["stock"])
async def put_unit_values(
    data: JSONBody[NewUnitValues], caller: CallerOf, db: DatabaseOf
) -> LevelsSet:
    """Set what base units are worth, for limits of value."""
    return await set_unit_values(db, caller.principal, caller.stamp, new=data)


ADJUSTMENT_ROUTES: list[HTTPRouteHandler] = [
    post_adjustment, get_adjustments, get_one_adjustment, post_approve_adjustment,
    post_reject_adjustment, post_withdraw_adjustment, post_erase_notes, post_status_change,
    get_kept_back, put_unit_values,
]  # fmt: skip
