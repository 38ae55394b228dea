"""Goods that come in: ASNs, receiving, put-away, customers' returns."""

from typing import Annotated
from uuid import UUID

from litestar import get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from entrepot.api.cursors import cursor_of, page_by, page_by_id, read_cursor
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import Limit, NodePath, NodeQuery, SomeNode, SomeReference
from entrepot.flows.announce_goods import announce_goods
from entrepot.flows.cancel_asn import cancel_asn
from entrepot.flows.change_receiving_rule import change_receiving_rule
from entrepot.flows.close_asn import close_asn
from entrepot.flows.get_asn import get_asn
from entrepot.flows.get_receiving_rule import get_receiving_rule
from entrepot.flows.import_asn import import_asn
from entrepot.flows.list_asns import list_asns
from entrepot.flows.list_dock import list_dock
from entrepot.flows.put_away_goods import put_away_goods
from entrepot.flows.receive_goods import receive_goods
from entrepot.flows.return_goods import return_goods
from entrepot.flows.suggest_bins import suggest_bins
from entrepot.flows.undo_put_away import undo_put_away
from entrepot.stock.arrivals.types import (
    Asn,
    AsnFile,
    AsnState,
    AsnSummary,
    CloseAsn,
    DockRow,
    NewAsn,
    NewPutAway,
    NewReceipt,
    NewReturn,
    PutAwayDone,
    Received,
    ReceivingRule,
    Returned,
    SuggestedBin,
)
from entrepot.stock.types import Reversed

_TAG = ["arrivals"]


@post("/asns", tags=_TAG)
async def post_asn(data: JSONBody[NewAsn], caller: CallerOf, db: DatabaseOf) -> Asn:
    """Announce goods that will come to a node. What is awaited is inbound from now on."""
    return await announce_goods(db, caller.principal, caller.stamp, new=data)


@post("/asns/import", tags=_TAG)
async def post_asn_file(data: JSONBody[AsnFile], caller: CallerOf, db: DatabaseOf) -> Asn:
    """Announce goods by a CSV or XLSX table; all rows or none, all bad rows at once."""
    return await import_asn(db, caller.principal, caller.stamp, file=data)


@get("/asns", tags=_TAG)
async def get_asns(
    caller: CallerOf,
    db: DatabaseOf,
    node: SomeNode = None,
    in_state: Annotated[AsnState | None, QueryParameter(name="state")] = None,
    unfinished: FromQuery[bool] = False,
    reference: SomeReference = None,
    after: FromQuery[UUID | None] = None,
    limit: Limit = 50,
) -> Listed[AsnSummary]:
    """ASNs with their progress, newest first; `unfinished`: only those that are not closed."""
    found = await list_asns(
        db, caller.principal, node=node, state=in_state, live=unfinished, reference=reference,
        after=after, most=limit,
    )  # fmt: skip
    return page_by_id(found, limit)


@get("/asns/{asn_id:uuid}", tags=_TAG)
async def get_one_asn(asn_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Asn:
    """An ASN with its lines and newest receipts."""
    return await get_asn(db, caller.principal, asn_id=asn_id)


@post("/asns/{asn_id:uuid}/cancel", status_code=200, tags=_TAG)
async def post_cancel_asn(asn_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> AsnSummary:
    """The goods will not come: nothing of it is inbound any more."""
    return await cancel_asn(db, caller.principal, caller.stamp, asn_id=asn_id)


@post("/asns/{asn_id:uuid}/close", status_code=200, tags=_TAG)
async def post_close_asn(
    asn_id: FromPath[UUID], data: JSONBody[CloseAsn], caller: CallerOf, db: DatabaseOf
) -> AsnSummary:
    """What has come has come; what is missing needs a reason and is no longer inbound."""
    return await close_asn(db, caller.principal, caller.stamp, asn_id=asn_id, closing=data)


@post("/receipts", tags=_TAG)
async def post_receipt(data: JSONBody[NewReceipt], caller: CallerOf, db: DatabaseOf) -> Received:
    """Receive goods at a dock, against an ASN or without one. All lines, or none."""
    return await receive_goods(db, caller.principal, caller.stamp, new=data)


@get("/dock", tags=_TAG)
async def get_dock(
    caller: CallerOf,
    db: DatabaseOf,
    node: NodeQuery,
    after: Annotated[str | None, QueryParameter(max_length=1000)] = None,
    limit: Limit = 50,
) -> Listed[DockRow]:
    """Goods that were received at a node and wait to be put away."""
    sku, lot, owner, status = read_cursor(after, 4)
    found = await list_dock(
        db, caller.principal, node=node, after=(sku, lot, owner, status), most=limit
    )
    return page_by(found, limit, lambda row: cursor_of(row.sku, row.lot, row.owner, row.status))


@get("/put-aways/suggestions", tags=_TAG)
async def get_suggested_bins(
    caller: CallerOf,
    db: DatabaseOf,
    node: NodeQuery,
    code: Annotated[str, QueryParameter(min_length=1, max_length=200)],
    qty: Annotated[int | None, QueryParameter(ge=1, le=1_000_000_000)] = None,
    lot: Annotated[str, QueryParameter(max_length=60)] = "",
) -> Listed[SuggestedBin]:
    """Bins for goods: where the lot lies, where the SKU lies, empty ones that are large enough."""
    return Listed(await suggest_bins(db, caller.principal, node=node, code=code, qty=qty, lot=lot))


@post("/put-aways", tags=_TAG)
async def post_put_away(
    data: JSONBody[NewPutAway], caller: CallerOf, db: DatabaseOf
) -> PutAwayDone:
    """Put goods from the dock, or another bin of the node, into a bin."""
    return await put_away_goods(db, caller.principal, caller.stamp, new=data)


@post("/put-aways/{movement_id:uuid}/undo", status_code=200, tags=_TAG)
async def post_undo_put_away(
    movement_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> Reversed:
    """Undo a put-away: the goods go back to where they lay."""
    return await undo_put_away(db, caller.principal, caller.stamp, movement_id=movement_id)


@post("/goods-returns", tags=_TAG)
async def post_goods_return(
    data: JSONBody[NewReturn], caller: CallerOf, db: DatabaseOf
) -> Returned:
    """Take goods back from a customer; never more than was shipped for the reference."""
    return await return_goods(db, caller.principal, caller.stamp, new=data)


@get("/nodes/{code:str}/receiving-rule", tags=_TAG)
async def get_rule(code: NodePath, caller: CallerOf, db: DatabaseOf) -> ReceivingRule:
    """What a node lets pass at its dock."""
    return await get_receiving_rule(db, caller.principal, node=code)


@put("/nodes/{code:str}/receiving-rule", tags=_TAG)
async def put_rule(
    code: NodePath, data: JSONBody[ReceivingRule], caller: CallerOf, db: DatabaseOf
) -> ReceivingRule:
    """Change what a node lets pass: tolerance of too many, blind receiving."""
    return await change_receiving_rule(db, caller.principal, caller.stamp, node=code, rule=data)


ARRIVAL_ROUTES: list[HTTPRouteHandler] = [
    post_asn, post_asn_file, get_asns, get_one_asn, post_cancel_asn, post_close_asn, post_receipt,
    get_dock, get_suggested_bins, post_put_away, post_undo_put_away, post_goods_return, get_rule,
    put_rule,
]  # fmt: skip
