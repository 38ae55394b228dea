"""The signed API of counts: open, plan, begin, fill in, approve, reject."""

from typing import Annotated
from uuid import UUID

from litestar import get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from entrepot.api.cursors import page_by_id
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import Limit, NodePath, SomeNode
from entrepot.counts.types import (
    Count,
    CountSummary,
    FilledSheet,
    NewCount,
    NewCountPlan,
    NewLimits,
    OpenedCounts,
)
from entrepot.flows.approve_count import approve_count
from entrepot.flows.begin_count import begin_count
from entrepot.flows.change_count_limits import change_count_limits
from entrepot.flows.fill_in_count import fill_in_count
from entrepot.flows.get_count import get_count
from entrepot.flows.get_count_limits import get_count_limits
from entrepot.flows.list_counts import list_counts
from entrepot.flows.open_count import open_count
from entrepot.flows.plan_counts import plan_counts
from entrepot.flows.reject_count import reject_count


@post("/counts", tags=["counts"])
async def post_count(data: JSONBody[NewCount], caller: CallerOf, db: DatabaseOf) -> CountSummary:
    """Open a sheet for a bin, or for one SKU in it."""
    return await open_count(db, caller.principal, caller.stamp, new=data)


@post("/counts/plan", tags=["counts"])
async def post_count_plan(
    data: JSONBody[NewCountPlan], caller: CallerOf, db: DatabaseOf
) -> OpenedCounts:
    """Open the sheets that a rule asks for."""
    return await plan_counts(db, caller.principal, caller.stamp, plan=data)


@get("/counts", tags=["counts"])
async def get_counts(
    caller: CallerOf,
    db: DatabaseOf,
    warehouse: SomeNode = None,
    status: Annotated[str | None, QueryParameter(max_length=20)] = None,
    unfinished: FromQuery[bool] = False,
    after: FromQuery[UUID | None] = None,
    limit: Limit = 50,
) -> Listed[CountSummary]:
    """Sheets, newest first; `unfinished`: only those that are not closed."""
    found = await list_counts(
        db,
        caller.principal,
        warehouse=warehouse,
        status=status,
        live=unfinished,
        after=after,
        most=limit,
    )
    return page_by_id(found, limit)


@get("/counts/{count_id:uuid}", tags=["counts"])
async def get_one_count(count_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Count:
    """A sheet; the book and the differences only for those who approve."""
    return await get_count(db, caller.principal, count_id=count_id)


@post("/counts/{count_id:uuid}/begin", status_code=200, tags=["counts"])
async def post_begin_count(
    count_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> CountSummary:
    """The counter stands at the bin: what moves from now on is netted out."""
    return await begin_count(db, caller.principal, caller.stamp, count_id=count_id)


@post("/counts/{count_id:uuid}/sheet", status_code=200, tags=["counts"])
async def post_sheet(
    count_id: FromPath[UUID], data: JSONBody[FilledSheet], caller: CallerOf, db: DatabaseOf
) -> CountSummary:
    """Everything that was seen. What is not named was not there."""
    return await fill_in_count(db, caller.principal, caller.stamp, count_id=count_id, sheet=data)


@post("/counts/{count_id:uuid}/approve", status_code=200, tags=["counts"])
async def post_approve_count(
    count_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> CountSummary:
    """Post the differences. Above the limit the approver is none of those who counted."""
    return await approve_count(db, caller.principal, caller.stamp, count_id=count_id)


@post("/counts/{count_id:uuid}/reject", status_code=200, tags=["counts"])
async def post_reject_count(
    count_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> CountSummary:
    """Close the sheet without posting anything."""
    return await reject_count(db, caller.principal, caller.stamp, count_id=count_id)


@get("/nodes/{code:str}/count-limits", tags=["counts"])
async def get_limits(code: NodePath, caller: CallerOf, db: DatabaseOf) -> NewLimits:
    """What a warehouse lets pass without a second pair of eyes; `PUT` takes it as it is."""
    return await get_count_limits(db, caller.principal, warehouse=code)


@put("/nodes/{code:str}/count-limits", tags=["counts"])
async def put_count_limits(
    code: NodePath, data: JSONBody[NewLimits], caller: CallerOf, db: DatabaseOf
) -> NewLimits:
    """What a warehouse lets pass without a second pair of eyes."""
    return await change_count_limits(db, caller.principal, caller.stamp, warehouse=code, new=data)


COUNT_ROUTES: list[HTTPRouteHandler] = [
    post_count, post_count_plan, get_counts, get_one_count, post_begin_count, post_sheet,
    post_approve_count, post_reject_count, get_limits, put_count_limits,
]  # fmt: skip
