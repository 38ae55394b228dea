"""The signed API, `/api/v1`: each operation parses, calls one flow or query, and renders."""

from typing import Annotated
from uuid import UUID

from litestar import get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from entrepot.api.cursors import page_by_id
from entrepot.api.deps import CallerOf, DatabaseOf, Listed, SealingOf
from entrepot.api.log_ins import CreatedLogIn, NewLogIn, add_log_in
from entrepot.api.parameters import Limit, NodePath, SomeNode
from entrepot.flows.announce_parcel import announce_parcel
from entrepot.flows.announce_parcels import announce_parcels
from entrepot.flows.assign_parcel import assign_parcel
from entrepot.flows.change_suite_rule import change_suite_rule
from entrepot.flows.create_bins import create_bins
from entrepot.flows.create_customer import create_customer
from entrepot.flows.create_node import create_node
from entrepot.flows.get_parcel import get_parcel
from entrepot.flows.list_parcels import list_parcels
from entrepot.flows.list_unclaimed import list_unclaimed
from entrepot.flows.look_up_code import look_up_code
from entrepot.flows.put_away_parcel import put_away_parcel
from entrepot.flows.receive_parcel import receive_parcel
from entrepot.nodes.types import CreatedBins, NewBins, NewNode, Node
from entrepot.parcels.types import (
    AssignedTo,
    BulkAnnouncement,
    FoundCode,
    NewLookup,
    NewPreAlert,
    NewScan,
    ParcelDetail,
    ParcelSummary,
    PastedPreAlerts,
    PutAway,
    PutAwayDone,
    Reception,
    UnclaimedParcel,
)
from entrepot.parties.types import Customer, NewCustomer, NewSuiteRule, SuiteRule


@post("/customers", tags=["customers"])
async def post_customer(data: JSONBody[NewCustomer], caller: CallerOf, db: DatabaseOf) -> Customer:
    """Create a customer; the answer has the suite code to write on parcels."""
    return await create_customer(db, caller.principal, caller.stamp, new=data)


@post("/pre-alerts", tags=["parcels"])
async def post_pre_alert(
    data: JSONBody[NewPreAlert], caller: CallerOf, db: DatabaseOf
) -> ParcelDetail:
    """Announce a parcel that a customer expects."""
    return await announce_parcel(db, caller.principal, caller.stamp, new=data)


@post("/pre-alerts/bulk", tags=["parcels"])
async def post_pre_alerts(
    data: JSONBody[PastedPreAlerts], caller: CallerOf, db: DatabaseOf
) -> BulkAnnouncement:
    """Announce many parcels of one customer, pasted line by line; all or none."""
    return await announce_parcels(db, caller.principal, caller.stamp, paste=data)


@post("/scans", status_code=200, tags=["parcels"])
async def post_scan(data: JSONBody[NewScan], caller: CallerOf, db: DatabaseOf) -> Reception:
    """Scan a parcel in: whose it is, and what to do next."""
    return await receive_parcel(db, caller.principal, caller.stamp, scan=data)


@get("/parcels", tags=["parcels"])
async def get_parcels(
    caller: CallerOf,
    db: DatabaseOf,
    tracking_number: Annotated[str | None, QueryParameter(min_length=1, max_length=2000)] = None,
    customer_id: FromQuery[UUID | None] = None,
    status: Annotated[str | None, QueryParameter(max_length=20)] = None,
    after: FromQuery[UUID | None] = None,
    limit: Limit = 50,
) -> Listed[ParcelSummary]:
    """Parcels, newest first. A number may have several: pieces, and numbers used again."""
    found = await list_parcels(
        db,
        caller.principal,
        tracking_number=tracking_number,
        customer_id=customer_id,
        status=status,
        after=after,
        most=limit,
    )
    return page_by_id(found, limit)


@get("/parcels/unclaimed", tags=["parcels"])
async def get_unclaimed(
    caller: CallerOf,
    db: DatabaseOf,
    warehouse: SomeNode = None,
    after: FromQuery[UUID | None] = None,
    limit: Limit = 50,
) -> Listed[UnclaimedParcel]:
    """Parcels whose owner is unknown or in doubt, newest first."""
    found = await list_unclaimed(db, caller.principal, warehouse=warehouse, after=after, most=limit)
    return page_by_id(found, limit)


@get("/parcels/{parcel_id:uuid}", tags=["parcels"])
async def get_one_parcel(
    parcel_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> ParcelDetail:
    """A parcel with its timeline."""
    return await get_parcel(db, caller.principal, parcel_id=parcel_id)


@post("/parcels/{parcel_id:uuid}/assign", status_code=200, tags=["parcels"])
async def post_assign(
    parcel_id: FromPath[UUID], data: JSONBody[AssignedTo], caller: CallerOf, db: DatabaseOf
) -> ParcelDetail:
    """Give an unclaimed parcel to the customer whom staff found."""
    return await assign_parcel(db, caller.principal, caller.stamp, parcel_id=parcel_id, owner=data)


@post("/parcels/{parcel_id:uuid}/put-away", status_code=200, tags=["parcels"])
async def post_put_away(
    parcel_id: FromPath[UUID], data: JSONBody[PutAway], caller: CallerOf, db: DatabaseOf
) -> PutAwayDone:
    """Put a received parcel into a bin of the node where it lies."""
    return await put_away_parcel(db, caller.principal, caller.stamp, parcel_id=parcel_id, put=data)


@post("/lookups", status_code=200, tags=["parcels"])
async def post_lookup(data: JSONBody[NewLookup], caller: CallerOf, db: DatabaseOf) -> FoundCode:
    """What a scanned code is: parcels, a bin, a customer."""
    return await look_up_code(db, caller.principal, lookup=data)


@post("/people", tags=["people"])
async def post_person(
    data: JSONBody[NewLogIn], caller: CallerOf, db: DatabaseOf, sealing: SealingOf
) -> CreatedLogIn:
    """Create a log-in for staff or a customer: with a password, or by a one-time link."""
    return await add_log_in(db, sealing, caller, data)


@put("/suite-rule", tags=["customers"])
async def put_suite_rule(
    data: JSONBody[NewSuiteRule], caller: CallerOf, db: DatabaseOf
) -> SuiteRule:
    """Change how suite codes look from now on."""
    return await change_suite_rule(db, caller.principal, caller.stamp, new=data)


@post("/nodes", tags=["nodes"])
async def post_node(data: JSONBody[NewNode], caller: CallerOf, db: DatabaseOf) -> Node:
    """Create a node with its receiving bin."""
    return await create_node(db, caller.principal, caller.stamp, new=data)


@post("/nodes/{code:str}/bins", tags=["nodes"])
async def post_bins(
    code: NodePath, data: JSONBody[NewBins], caller: CallerOf, db: DatabaseOf
) -> CreatedBins:
    """Create bins one by one or zone by zone."""
    return await create_bins(db, caller.principal, caller.stamp, node=code, new=data)


ROUTES: list[HTTPRouteHandler] = [
    post_customer, post_pre_alert, post_pre_alerts, post_scan, get_parcels, get_unclaimed,
    get_one_parcel, post_assign, post_put_away, post_lookup, post_node, post_bins,
    post_person, put_suite_rule,
]  # fmt: skip
