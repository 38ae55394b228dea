"""The signed API of consolidations: drafts, what they hold, what they cost, the line chosen."""

from typing import Annotated
from uuid import UUID

from litestar import delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from entrepot.api.cursors import page_by_id
from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import Limit, SomeNode
from entrepot.consolidation.eligibility import Rules
from entrepot.consolidation.packing.types import CartonType
from entrepot.consolidation.types import (
    Advised,
    ChosenLine,
    Consolidation,
    ConsolidationSummary,
    Destination,
    MoreParcels,
    NewConsolidation,
    NewPrices,
    Readiness,
    Settings,
    Undone,
)
from entrepot.flows.add_to_consolidation import add_to_consolidation
from entrepot.flows.advise_consolidation import advise_consolidation
from entrepot.flows.change_carton import change_carton
from entrepot.flows.change_consolidation_settings import change_consolidation_settings
from entrepot.flows.change_joining_rules import change_joining_rules
from entrepot.flows.choose_line import choose_line
from entrepot.flows.consolidate_parcels import consolidate_parcels
from entrepot.flows.get_consolidation import get_consolidation
from entrepot.flows.get_consolidation_settings import get_consolidation_settings
from entrepot.flows.list_consolidations import list_consolidations
from entrepot.flows.price_consolidation import price_consolidation
from entrepot.flows.ready_to_consolidate import ready_to_consolidate
from entrepot.flows.redirect_consolidation import redirect_consolidation
from entrepot.flows.remove_carton import remove_carton
from entrepot.flows.remove_from_consolidation import remove_from_consolidation
from entrepot.flows.undo_consolidation import undo_consolidation
from entrepot.kernel.refusals import FieldError, Invalid

_TAGS = ["consolidations"]


@post("/consolidations", tags=_TAGS)
async def post_consolidation(
    data: JSONBody[NewConsolidation], caller: CallerOf, db: DatabaseOf
) -> Consolidation:
    """One click: all of a customer's parcels in a warehouse that may go become a draft."""
    return await consolidate_parcels(db, caller.principal, caller.stamp, new=data)


@get("/consolidations", tags=_TAGS)
async def get_consolidations(
    caller: CallerOf,
    db: DatabaseOf,
    customer_id: FromQuery[UUID | None] = None,
    warehouse: SomeNode = None,
    status: Annotated[str | None, QueryParameter(max_length=20)] = None,
    after: FromQuery[UUID | None] = None,
    limit: Limit = 50,
) -> Listed[ConsolidationSummary]:
    """Consolidations, newest first."""
    found = await list_consolidations(
        db,
        caller.principal,
        customer_id=customer_id,
        warehouse=warehouse,
        statuses=None if status is None else [status],
        after=after,
        most=limit,
    )
    return page_by_id(found, limit)


@get("/consolidations/ready", tags=_TAGS)
async def get_ready(customer_id: FromQuery[UUID], caller: CallerOf, db: DatabaseOf) -> Readiness:
    """What one click would take, warehouse by warehouse, and the customer's open drafts."""
    return await ready_to_consolidate(db, caller.principal, customer_id=customer_id)


@get("/consolidations/{consolidation_id:uuid}", tags=_TAGS)
async def get_one_consolidation(
    consolidation_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> Consolidation:
    """A consolidation: its parcels as they are now, the predicted cartons, every line."""
    return await get_consolidation(db, caller.principal, consolidation_id=consolidation_id)


@delete("/consolidations/{consolidation_id:uuid}", status_code=200, tags=_TAGS)
async def delete_consolidation(
    consolidation_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> Undone:
    """Undo it: its parcels are free again. Possible until packing starts."""
    return await undo_consolidation(
        db, caller.principal, caller.stamp, consolidation_id=consolidation_id
    )


@post("/consolidations/{consolidation_id:uuid}/parcels", status_code=200, tags=_TAGS)
async def post_parcels(
    consolidation_id: FromPath[UUID],
    data: JSONBody[MoreParcels],
    caller: CallerOf,
    db: DatabaseOf,
) -> Consolidation:
    """Add parcels to a draft: all of them or none."""
    return await add_to_consolidation(
        db, caller.principal, caller.stamp, consolidation_id=consolidation_id, more=data
    )


@delete(
    "/consolidations/{consolidation_id:uuid}/parcels/{parcel_id:uuid}", status_code=200, tags=_TAGS
)
async def delete_parcel(
    consolidation_id: FromPath[UUID], parcel_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf
) -> Consolidation:
    """Take a parcel out of a draft."""
    return await remove_from_consolidation(
        db,
        caller.principal,
        caller.stamp,
        consolidation_id=consolidation_id,
        parcel_id=parcel_id,
    )


@put("/consolidations/{consolidation_id:uuid}/destination", tags=_TAGS)
async def put_destination(
    consolidation_id: FromPath[UUID],
    data: JSONBody[Destination],
    caller: CallerOf,
    db: DatabaseOf,
) -> Consolidation:
    """Say where a draft goes; every line is priced for it."""
    return await redirect_consolidation(
        db, caller.principal, caller.stamp, consolidation_id=consolidation_id, to=data
    )


@post("/consolidations/{consolidation_id:uuid}/prices", status_code=200, tags=_TAGS)
async def post_prices(
    consolidation_id: FromPath[UUID], data: JSONBody[NewPrices], caller: CallerOf, db: DatabaseOf
) -> Consolidation:
    """Price a draft again; `leave_out` first takes out what cannot go any more."""
    return await price_consolidation(
        db, caller.principal, caller.stamp, consolidation_id=consolidation_id, new=data
    )


@post("/consolidations/{consolidation_id:uuid}/choice", status_code=200, tags=_TAGS)
async def post_choice(
    consolidation_id: FromPath[UUID], data: JSONBody[ChosenLine], caller: CallerOf, db: DatabaseOf
) -> Consolidation:
    """Choose a line: its price is fixed for these parcels as they are."""
    return await choose_line(
        db, caller.principal, caller.stamp, consolidation_id=consolidation_id, chosen=data
    )


@get("/consolidations/{consolidation_id:uuid}/advice", tags=_TAGS)
async def get_advice(consolidation_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Advised:
    """Together, in parts or later: the cheapest way found for a draft's parcels."""
    return await advise_consolidation(db, caller.principal, consolidation_id=consolidation_id)


@get("/consolidation-settings", tags=_TAGS)
async def get_settings(caller: CallerOf, db: DatabaseOf) -> Settings:
    """Cartons, and the rules by which parcels may join a draft."""
    return await get_consolidation_settings(db, caller.principal)


@put("/consolidation-settings", tags=_TAGS)
async def put_settings(data: JSONBody[Settings], caller: CallerOf, db: DatabaseOf) -> Settings:
    """Replace cartons and rules."""
    return await change_consolidation_settings(db, caller.principal, caller.stamp, new=data)


@put("/consolidation-settings/rules", tags=_TAGS)
async def put_rules(data: JSONBody[Rules], caller: CallerOf, db: DatabaseOf) -> Rules:
    """Replace the rules by which parcels may join; the cartons stay."""
    return await change_joining_rules(db, caller.principal, caller.stamp, rules=data)


@put("/consolidation-settings/cartons/{code:str}", tags=_TAGS)
async def put_carton(
    code: FromPath[str], data: JSONBody[CartonType], caller: CallerOf, db: DatabaseOf
) -> CartonType:
    """Add a carton or change the one of this code, which the body repeats; the others stay."""
    if data.code != code:
        error = FieldError("code", "differs", "must be the code in the address")
        raise Invalid("the carton has errors", errors=[error])
    return await change_carton(db, caller.principal, caller.stamp, carton=data)


@delete("/consolidation-settings/cartons/{code:str}", status_code=200, tags=_TAGS)
async def delete_carton(code: FromPath[str], caller: CallerOf, db: DatabaseOf) -> Settings:
    """Take a carton out of the catalogue; what is left. The last one stays (409)."""
    return await remove_carton(db, caller.principal, caller.stamp, code=code)


CONSOLIDATION_ROUTES: list[HTTPRouteHandler] = [
    post_consolidation, get_consolidations, get_ready, get_one_consolidation,
    delete_consolidation, post_parcels, delete_parcel, put_destination, post_prices, post_choice,
    get_advice, get_settings, put_settings, put_rules, put_carton, delete_carton,
]  # fmt: skip
