"""Reconciliation over the signed API: runs, differences and their correction, periods."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter, QueryParameter

from entrepot.api.cursors import page_by, page_by_id
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import LongLimit
from entrepot.flows.close_period import close_period
from entrepot.flows.correct_difference import correct_difference
from entrepot.flows.get_reconciliation import get_reconciliation
from entrepot.flows.list_differences import list_differences
from entrepot.flows.list_late_entries import list_late_entries
from entrepot.flows.list_period_balances import list_period_balances
from entrepot.flows.list_periods import list_periods
from entrepot.flows.list_reconciliations import list_reconciliations
from entrepot.flows.reconcile import reconcile
from entrepot.flows.reopen_period import reopen_period
from entrepot.reconciliation.types import (
    Closing,
    Difference,
    Kind,
    LateEntry,
    NewRun,
    Period,
    PeriodLine,
    Run,
)

PeriodPath = Annotated[str, PathParameter(max_length=30)]
Code = Annotated[str | None, QueryParameter(max_length=40)]


@post("/reconciliations", tags=["reconciliation"])
async def post_reconciliation(data: JSONBody[NewRun], caller: CallerOf, db: DatabaseOf) -> Run:
    """Compare the books with all their copies now. Nothing in stock is changed."""
    return await reconcile(db, caller.principal, caller.stamp, new=data)


@get("/reconciliations", tags=["reconciliation"])
async def get_reconciliations(
    caller: CallerOf, db: DatabaseOf, before: FromQuery[UUID | None] = None, limit: LongLimit = 50
) -> Listed[Run]:
    """Runs, newest first."""
    found = await list_reconciliations(db, caller.principal, before=before, most=limit)
    return page_by_id(found, limit)


@get("/reconciliations/{run_id:uuid}", tags=["reconciliation"])
async def get_one_reconciliation(run_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Run:
    """One run with the rows of every invariant view."""
    return await get_reconciliation(db, caller.principal, run_id=run_id)


@get("/reconciliations/differences", tags=["reconciliation"])
async def get_differences(
    caller: CallerOf,
    db: DatabaseOf,
    difference_state: Annotated[
        Literal["open", "corrected", "gone"] | None, QueryParameter(name="state")
    ] = None,
    kind: FromQuery[Kind | None] = None,
    node: Code = None,
    before: FromQuery[UUID | None] = None,
    limit: LongLimit = 200,
) -> Listed[Difference]:
    """Where a copy does not say what it is a copy of, newest first, with the likely cause."""
    found = await list_differences(
        db, caller.principal, state=difference_state, kind=kind, node=node, before=before,
        most=limit,
    )  # fmt: skip
    return page_by_id(found, limit)


@post(
    "/reconciliations/differences/{difference_id:uuid}/correct",
    status_code=200,
    tags=["reconciliation"],
)
async def post_correct_difference(
    difference_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> Difference:
    """Derive the copy anew from what it is a copy of, once."""
    return await correct_difference(db, caller.principal, caller.stamp, difference_id=difference_id)


@post("/periods", tags=["reconciliation"])
async def post_period(data: JSONBody[Closing], caller: CallerOf, db: DatabaseOf) -> Period:
    """Close a period: freeze the balances of all that is dated before `until`."""
    return await close_period(db, caller.principal, caller.stamp, new=data)


@get("/periods", tags=["reconciliation"])
async def get_periods(
    caller: CallerOf, db: DatabaseOf, before: Code = None, limit: LongLimit = 50
) -> Listed[Period]:
    """Periods, newest first; `before` is a period's code."""
    found = await list_periods(db, caller.principal, before=before, most=limit)
    return page_by(found, limit, lambda row: row.code)


@post("/periods/{period:str}/reopen", status_code=200, tags=["reconciliation"])
async def post_reopen_period(period: PeriodPath, caller: CallerOf, db: DatabaseOf) -> Period:
    """Open the last closed period again; what its closing froze is kept beside the next one."""
    return await reopen_period(db, caller.principal, caller.stamp, code=period)


@get("/periods/{period:str}/balances", tags=["reconciliation"])
async def get_period_balances(
    period: PeriodPath,
    caller: CallerOf,
    db: DatabaseOf,
    node: Code = None,
    sku: Code = None,
    after: Annotated[str, QueryParameter(max_length=400)] = "",
    limit: LongLimit = 200,
) -> Listed[PeriodLine]:
    """Frozen balances: opening, what came and went, closing."""
    found = await list_period_balances(
        db, caller.principal, code=period, node=node, sku=sku, after=after, most=limit
    )
    return page_by(found, limit, lambda row: row.cursor)


@get("/periods/{period:str}/late", tags=["reconciliation"])
async def get_late_entries(
    period: PeriodPath,
    caller: CallerOf,
    db: DatabaseOf,
    after: Annotated[str, QueryParameter(max_length=200)] = "",
    limit: LongLimit = 200,
) -> Listed[LateEntry]:
    """What was told of the period after it was closed, and where it is booked."""
    found = await list_late_entries(db, caller.principal, code=period, after=after, most=limit)
    return page_by(found, limit, lambda row: row.cursor)


RECONCILIATION_ROUTES: list[HTTPRouteHandler] = [
    post_reconciliation, get_reconciliations, get_one_reconciliation, get_differences,
    post_correct_difference, post_period, get_periods, post_reopen_period, get_period_balances,
    get_late_entries,
]  # fmt: skip
