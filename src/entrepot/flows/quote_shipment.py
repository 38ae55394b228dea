"""Quote a shipment: every service that the warehouse offers, priced line by line or excluded.

The warehouse's live carriers are asked first, with no transaction open; their answers are kept
with the quote as they were received, so that it can be made again.
"""

from typing import Any
from uuid import UUID

import msgspec

from entrepot.access.flow import split_flow
from entrepot.carriers import queries, quoting
from entrepot.carriers.asking import NewQuote, check_asked, request_of
from entrepot.carriers.connections import open_connections
from entrepot.carriers.live import LiveDoor, ask_all
from entrepot.carriers.live_offers import Heard
from entrepot.carriers.rating.requests import Request
from entrepot.carriers.rules import fingerprint_of
from entrepot.carriers.types import QuoteView, Subject, view_of
from entrepot.consolidation.quoted_parcels import QuotedParcels, read_quoted_parcels
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import ApiKey, Principal, Shopper, Staff
from entrepot.kernel.refusals import Refusal, Unavailable
from entrepot.parcels.scope import scope_of
from entrepot.parties.tiers import get_member_tier
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Database, ReadTx, Tx


class Asked(msgspec.Struct, frozen=True):
    """What is to be priced, for whom, and the parcels it consists of where it does."""

    request: Request
    customer_id: UUID | None
    parcels: QuotedParcels | None


class LiveAnswers(msgspec.Struct, frozen=True):
    """What live carriers answered, and the fingerprint of the request that they were asked."""

    fingerprint: str
    heard: tuple[Heard, ...]


async def ask_carriers(
    db: Database,
    principal: Principal,
    *,
    new: NewQuote,
    live: LiveDoor | None = None,
    heard: LiveAnswers | None = None,
) -> dict[str, Any]:
    """Ask the warehouse's live carriers, with no block open, before the one that keeps the quote.

    What is refused here is refused again there, under the request's key.
    """
    if live is None:
        return {"new": new}
    try:
        async with db.read(principal) as tx:
            scope = scope_of(principal).warehouses
            departure = await queries.get_departure(tx, warehouse=new.warehouse, warehouses=scope)
            connections = await open_connections(
                tx, warehouse=new.warehouse, country=departure.country or "", door=live
            )
            if not connections:
                return {"new": new}
            asked = await _asked(tx, new)
            tariff = await queries.load_tariff(tx, warehouse=new.warehouse)
            now = tx.now
    except Refusal:
        return {"new": new}
    answers = await ask_all(tariff, asked.request, connections, now=now, deadline_s=live.deadline_s)
    return {"new": new, "heard": LiveAnswers(fingerprint_of(asked.request), answers)}


@split_flow(permission="quotes:create", callers=(ApiKey, Shopper, Staff), before=ask_carriers)
async def quote_shipment(
    tx: Tx, *, new: NewQuote, live: LiveDoor | None = None, heard: LiveAnswers | None = None
) -> QuoteView:
    """The quote, kept until it expires, with the customer's tier applied.

    `live` opens the way to live carriers, which are asked before this block; `heard` is what they
    answered and comes from there. Raises Invalid with all problems, NotFound for a customer,
    parcel or warehouse that is not the caller's, Conflict (`no_tariff`) before the first import
    of cards, Unavailable when the goods changed while carriers were asked.
    """
    asked = await _asked(tx, new)
    if heard is not None and heard.fingerprint != fingerprint_of(asked.request):
        raise Unavailable("the goods changed while carriers were asked", retry_after_s=1)
    quote_id, parcels = new_id(tx.now), asked.parcels
    if parcels is None:
        subject = Subject("pieces", quote_id, fingerprint_of(asked.request))
    else:
        parts = tuple(new.parcels or ())
        subject = Subject("parcels", quote_id, parcels.fingerprint, parts)
    quote = await quoting.quote_and_keep(
        tx,
        quote_id=quote_id,
        subject=subject,
        warehouse=new.warehouse,
        request=asked.request,
        customer_id=asked.customer_id,
        warehouses=scope_of(tx.principal).warehouses,
        heard=heard.heard if heard else (),
    )
    await put_audit(
        tx,
        verb="quote_shipment",
        subject="quote",
        subject_id=quote_id,
        facts={"warehouse": new.warehouse, "offers": len(quote.answer.offers)},
    )
    return view_of(quote)


async def _asked(tx: ReadTx, new: NewQuote) -> Asked:
    """The request as it is now, within the caller's scope."""
    check_asked(new, may_discount=not isinstance(tx.principal, Shopper))
    scope = scope_of(tx.principal)
    ship_date = new.ship_date
    if ship_date is None or new.parcels is not None:  # parcels: is the warehouse there at all?
        today = await quoting.local_today(tx, warehouse=new.warehouse, warehouses=scope.warehouses)
        ship_date = ship_date or today
    customer_id, tier = await _customer(tx, new)
    parcels = await _parcels(tx, new, customer_id)
    if parcels is not None and customer_id is None and parcels.customer_id is not None:
        customer_id = parcels.customer_id
        tier = await get_member_tier(tx, customer_id=customer_id, scope_customer_id=None)
    declared = new.declared
    if parcels is not None and declared is None:
        declared = parcels.declared
    request = request_of(
        new,
        pieces=parcels.pieces if parcels else new.pieces or [],
        declared=declared,
        ship_date=ship_date,
        tier=await quoting.known_tier(tx, warehouse=new.warehouse, tier=tier),
    )
    return Asked(request, customer_id, parcels)


async def _customer(tx: ReadTx, new: NewQuote) -> tuple[UUID | None, str | None]:
    """For whom, with their tier: a shopper for themselves, others for whom they name, or nobody.

    Raises NotFound for a customer that is not the caller's.
    """
    own = scope_of(tx.principal).customer_id
    customer_id = new.customer_id or own
    if customer_id is None:
        return None, None
    tier = await get_member_tier(tx, customer_id=customer_id, scope_customer_id=own)
    return customer_id, tier


async def _parcels(tx: ReadTx, new: NewQuote, customer_id: UUID | None) -> QuotedParcels | None:
    if new.parcels is None:
        return None
    return await read_quoted_parcels(
        tx, parcels=new.parcels, warehouse=new.warehouse, customer_id=customer_id
    )
