"""Lots, serials, recalls and histories over the signed API."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation

from entrepot.api.cursors import check_moment, cursor_of, page_by, page_by_id, read_cursor
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.files import FileOperation, file_response
from entrepot.api.parameters import Cursor, Limit, SomeSku
from entrepot.flows.close_recall import close_recall
from entrepot.flows.export_history import export_history
from entrepot.flows.export_recipients import export_recipients
from entrepot.flows.get_recall import get_recall
from entrepot.flows.list_history import list_history
from entrepot.flows.list_lots import list_lots
from entrepot.flows.list_recalls import list_recalls
from entrepot.flows.list_recipients import list_recipients
from entrepot.flows.open_recall import open_recall
from entrepot.flows.trace_goods import trace_goods
from entrepot.flows.trace_reference import trace_reference
from entrepot.stock.history import Wanted
from entrepot.stock.lots.recall_types import (
    NewRecall,
    Recall,
    RecallOutcome,
    RecallState,
    RecallSummary,
    Recipient,
)
from entrepot.stock.lots.types import HistoryRow, LotRow, Trace, TracedLine

SkuQuery = Annotated[str, QueryParameter(min_length=1, max_length=40)]
SomeLot = Annotated[str | None, QueryParameter(max_length=60)]
SomeCode = Annotated[str | None, QueryParameter(max_length=24)]
SomeReason = Annotated[str | None, QueryParameter(max_length=20)]
SomeActor = Annotated[str | None, QueryParameter(max_length=80)]


@get("/lots", tags=["stock"])
async def get_lots(
    caller: CallerOf,
    db: DatabaseOf,
    sku: SomeSku = None,
    lot: SomeLot = None,
    expires_until: FromQuery[date | None] = None,
    lying: FromQuery[bool] = False,
    after: Cursor = None,
    limit: Limit = 100,
) -> Listed[LotRow]:
    """Lots by SKU and name; `lying`: only those of which something lies in your nodes."""
    sku_after, lot_after = read_cursor(after, 2)
    found = await list_lots(
        db, caller.principal, sku=sku, lot=lot, expires_until=expires_until, lying=lying,
        after=(sku_after, lot_after), most=limit,
    )  # fmt: skip
    return page_by(found, limit, lambda row: cursor_of(row.sku, row.lot))


@get("/lots/trace", tags=["stock"])
async def get_trace(
    caller: CallerOf,
    db: DatabaseOf,
    sku: SkuQuery,
    lot: SomeLot = None,
    serial: SomeLot = None,
    before: FromQuery[UUID | None] = None,
    limit: Limit = 100,
) -> Trace:
    """A lot or a serial both ways: by which receipts it came, where it lies, with which
    references it left (`next` is the cursor of the page behind)."""
    return await trace_goods(
        db, caller.principal, sku=sku, lot=lot, serial=serial, before=before, most=limit
    )


@get("/lots/of-reference", tags=["stock"])
async def get_reference_trace(
    caller: CallerOf,
    db: DatabaseOf,
    reference: Annotated[str, QueryParameter(min_length=1, max_length=80)],
    before: FromQuery[UUID | None] = None,
    limit: Limit = 100,
) -> Listed[TracedLine]:
    """What moved with a reference, and by which receipts the lots of it had come."""
    found = await trace_reference(
        db, caller.principal, reference=reference, before=before, most=limit
    )
    return page_by_id(found, limit)


@post("/recalls", tags=["stock"])
async def post_recall(data: JSONBody[NewRecall], caller: CallerOf, db: DatabaseOf) -> RecallSummary:
    """Call lots back in every node: what lies there goes into quarantine at once, promises of it
    become backorders, what arrives later goes there too."""
    return await open_recall(db, caller.principal, caller.stamp, new=data)


@get("/recalls", tags=["stock"])
async def get_recalls(
    caller: CallerOf,
    db: DatabaseOf,
    recall_state: Annotated[RecallState | None, QueryParameter(name="state")] = None,
    before: FromQuery[UUID | None] = None,
    limit: Limit = 50,
) -> Listed[RecallSummary]:
    """Recalls, newest first."""
    found = await list_recalls(db, caller.principal, state=recall_state, before=before, most=limit)
    return page_by_id(found, limit)


@get("/recalls/{recall_id:uuid}", tags=["stock"])
async def get_one_recall(recall_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Recall:
    """A recall: its lots, where they lie in your nodes, how much of them left."""
    return await get_recall(db, caller.principal, recall_id=recall_id)


@get("/recalls/{recall_id:uuid}/recipients", tags=["stock"])
async def get_recipients(
    recall_id: FromPath[UUID],
    caller: CallerOf,
    db: DatabaseOf,
    after: Annotated[int, QueryParameter(ge=0, le=10**9)] = 0,
    limit: Limit = 100,
) -> Listed[Recipient]:
    """Who received how much of the recall's lots, by reference."""
    found = await list_recipients(
        db, caller.principal, recall_id=recall_id, after=after, most=limit
    )
    return page_by(found, limit, lambda _: str(after + limit))


@get("/recalls/{recall_id:uuid}/export", tags=["stock"], operation_class=FileOperation)
async def get_recall_export(
    recall_id: FromPath[UUID],
    caller: CallerOf,
    db: DatabaseOf,
    form: FromQuery[Literal["csv", "xlsx"]] = "csv",
) -> Response[bytes]:
    """Who received how much, as a file."""
    made = await export_recipients(db, caller.principal, recall_id=recall_id, form=form)
    return file_response(made, name="recall", form=form)


@post("/recalls/{recall_id:uuid}/close", status_code=200, tags=["stock"])
async def post_close_recall(
    recall_id: FromPath[UUID], data: JSONBody[RecallOutcome], caller: CallerOf, db: DatabaseOf
) -> RecallSummary:
    """End a recall: the goods are good after all, or are scrapped."""
    return await close_recall(db, caller.principal, caller.stamp, recall_id=recall_id, how=data)


def wanted_of(
    node: SomeCode = None,
    reason: SomeReason = None,
    lot: SomeLot = None,
    serial: SomeLot = None,
    bin_code: Annotated[str | None, QueryParameter(name="bin", max_length=24)] = None,
    actor: SomeActor = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> Wanted:
    """What of a history the address asks for. Raises Invalid for a moment without its offset or
    out of reach."""
    for name, moment in (("since", since), ("until", until)):
        check_moment(name, moment)
    return Wanted(node, reason, lot, serial, bin_code, actor, since, until)


WantedOf = SkipValidation[NamedDependency[Wanted]]
_FILTERED = {"wanted": Provide(wanted_of, sync_to_thread=False)}


@get("/stock/history", tags=["stock"], dependencies=_FILTERED)
async def get_history(
    caller: CallerOf,
    db: DatabaseOf,
    sku: SkuQuery,
    wanted: WantedOf,
    before: FromQuery[UUID | None] = None,
    limit: Limit = 100,
) -> Listed[HistoryRow]:
    """A SKU's movements, newest first, each with the units that lay there after it. Filters leave
    rows out, never their effect on the balance."""
    found = await list_history(
        db, caller.principal, sku=sku, wanted=wanted, before=before, most=limit
    )
    return page_by_id(found, limit)


@get(
    "/stock/history/export", tags=["stock"], dependencies=_FILTERED,
    operation_class=FileOperation,
)  # fmt: skip
async def get_history_export(
    caller: CallerOf,
    db: DatabaseOf,
    sku: SkuQuery,
    wanted: WantedOf,
) -> Response[bytes]:
    """The newest 20,000 rows of a SKU's history as a CSV file."""
    made = await export_history(db, caller.principal, sku=sku, wanted=wanted)
    return file_response(made, name="history", form="csv")


LOT_ROUTES: list[HTTPRouteHandler] = [
    get_lots, get_trace, get_reference_trace, post_recall, get_recalls, get_one_recall,
    get_recipients, get_recall_export, post_close_recall, get_history, get_history_export,
]  # fmt: skip
