"""Prices over the API: quotes, rate cards, and which node offers which service."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from entrepot.api.deps import CallerOf, DatabaseOf, Listed, LiveOf
from entrepot.api.parameters import NodePath
from entrepot.carriers.asking import Acceptance, NewQuote
from entrepot.carriers.types import NodeServiceChanges, NodeServices, OfferedService, QuoteView
from entrepot.carriers.uploads import NewImport, planner_of
from entrepot.carriers.views import CardVersion, PriceList, RateCard
from entrepot.flows.accept_quote import accept_quote
from entrepot.flows.change_member_tier import change_member_tier
from entrepot.flows.change_node_services import change_node_services
from entrepot.flows.export_rate_cards import export_rate_cards
from entrepot.flows.get_member_tier import TierChoice, get_member_tier
from entrepot.flows.get_quote import get_quote
from entrepot.flows.get_rate_card import get_rate_card
from entrepot.flows.import_rate_cards import Imported, import_rate_cards
from entrepot.flows.list_node_services import list_node_services
from entrepot.flows.list_rate_cards import list_rate_cards
from entrepot.flows.preview_rate_cards import ImportPreview, preview_rate_cards
from entrepot.flows.quote_shipment import quote_shipment
from entrepot.flows.replay_quote import Replay, replay_quote
from entrepot.flows.withdraw_rate_card import withdraw_rate_card
from entrepot.parties.tiers import MemberTier, NewTier

ServicePath = Annotated[str, PathParameter(max_length=80)]
VersionQuery = Annotated[str | None, QueryParameter(min_length=1, max_length=80)]


class Withdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which version is taken back."""

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


@post("/quotes", tags=["prices"])
async def post_quote(
    data: JSONBody[NewQuote], caller: CallerOf, db: DatabaseOf, live: LiveOf
) -> QuoteView:
    """Price a shipment on every service that the warehouse offers; kept until it expires."""
    return await quote_shipment(db, caller.principal, caller.stamp, new=data, live=live)


@get("/quotes/{quote_id:uuid}", tags=["prices"])
async def get_one_quote(quote_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> QuoteView:
    """A quote as it was answered, with what has become of it."""
    return await get_quote(db, caller.principal, quote_id=quote_id)


@get("/quotes/{quote_id:uuid}/replay", tags=["prices"])
async def get_replay(quote_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> Replay:
    """The quote made again from its versions: the same to the byte."""
    return await replay_quote(db, caller.principal, quote_id=quote_id)


@post("/quotes/{quote_id:uuid}/accept", status_code=200, tags=["prices"])
async def post_acceptance(
    quote_id: FromPath[UUID], data: JSONBody[Acceptance], caller: CallerOf, db: DatabaseOf
) -> QuoteView:
    """Accept one service of an open quote for unchanged goods."""
    return await accept_quote(db, caller.principal, caller.stamp, quote_id=quote_id, taken=data)


@post("/rate-cards/imports", tags=["prices"])
async def post_import(data: JSONBody[NewImport], caller: CallerOf, db: DatabaseOf) -> Imported:
    """Import a card file or a price table: new versions, all or none."""
    form, planner = planner_of(data)
    return await import_rate_cards(db, caller.principal, caller.stamp, form=form, planner=planner)


@post("/rate-cards/previews", status_code=200, tags=["prices"])
async def post_preview(
    data: JSONBody[NewImport], caller: CallerOf, db: DatabaseOf
) -> ImportPreview:
    """What an import would change, or all its errors; nothing is kept."""
    _, planner = planner_of(data)
    return await preview_rate_cards(db, caller.principal, planner=planner)


@get("/rate-cards", tags=["prices"])
async def get_price_list(caller: CallerOf, db: DatabaseOf) -> PriceList:
    """Services with all versions of their cards, and the rules that all cards share."""
    return await list_rate_cards(db, caller.principal)


@get("/rate-cards/export", tags=["prices"])
async def get_export(caller: CallerOf, db: DatabaseOf) -> dict[str, Any]:
    """All live cards and the rules in force as one card file."""
    return (await export_rate_cards(db, caller.principal)).document()


@get("/services/{service:str}/card", tags=["prices"])
async def get_card(
    service: ServicePath, caller: CallerOf, db: DatabaseOf, version: VersionQuery = None
) -> RateCard:
    """One version of a service's card as it was imported (the one in force, if none is named)."""
    return await get_rate_card(db, caller.principal, service=service, version=version)


@post("/services/{service:str}/withdrawals", status_code=200, tags=["prices"])
async def post_withdrawal(
    service: ServicePath, data: JSONBody[Withdrawal], caller: CallerOf, db: DatabaseOf
) -> CardVersion:
    """Take back a version that is not yet valid."""
    return await withdraw_rate_card(
        db, caller.principal, caller.stamp, service=service, version=data.version
    )


@get("/nodes/{code:str}/services", tags=["prices"])
async def get_node_services(
    code: NodePath, caller: CallerOf, db: DatabaseOf
) -> Listed[OfferedService]:
    """Which services a node offers."""
    return Listed(await list_node_services(db, caller.principal, warehouse=code))


@put("/nodes/{code:str}/services", tags=["prices"])
async def put_node_services(
    code: NodePath, data: JSONBody[NodeServiceChanges], caller: CallerOf, db: DatabaseOf
) -> NodeServices:
    """Switch services on or off at a node; those not named stay as they are."""
    return await change_node_services(
        db, caller.principal, caller.stamp, warehouse=code, changes=data
    )


@get("/customers/{customer_id:uuid}/tier", tags=["customers"])
async def get_tier(customer_id: FromPath[UUID], caller: CallerOf, db: DatabaseOf) -> TierChoice:
    """A customer's member tier, and the tiers there are."""
    return await get_member_tier(db, caller.principal, customer_id=customer_id)


@put("/customers/{customer_id:uuid}/tier", tags=["customers"])
async def put_tier(
    customer_id: FromPath[UUID], data: JSONBody[NewTier], caller: CallerOf, db: DatabaseOf
) -> MemberTier:
    """Give a customer a member tier."""
    return await change_member_tier(
        db, caller.principal, caller.stamp, customer_id=customer_id, new=data
    )


PRICE_ROUTES: list[HTTPRouteHandler] = [
    post_quote, get_one_quote, get_replay, post_acceptance, post_import, post_preview,
    get_price_list, get_export, get_card, post_withdrawal, get_node_services, put_node_services,
    get_tier, put_tier,
]  # fmt: skip
