"""Quote a shipment: every service that the warehouse offers, priced line by line or excluded."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.carriers import quoting
from entrepot.carriers.asking import NewQuote, check_asked, request_of
from entrepot.carriers.rules import fingerprint_of
from entrepot.carriers.types import QuoteView, Subject, view_of
from entrepot.consolidation.quoted_parcels import QuotedParcels, read_quoted_parcels
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.parcels.scope import scope_of
from entrepot.parties.tiers import get_member_tier
from entrepot.platform.audit import put_audit
from entrepot.platform.database import ReadTx, Tx


@flow(permission="quotes:create", callers=(ApiKey, Shopper, Staff))
async def quote_shipment(tx: Tx, *, new: NewQuote) -> QuoteView:
    """The quote, kept until it expires, with the customer's tier applied.

    Raises Invalid with all problems, NotFound for a customer, parcel or warehouse that is not
    the caller's, Conflict (`no_tariff`) before the first import of cards.
    """
    check_asked(new, may_discount=not isinstance(tx.principal, Shopper))
    scope = scope_of(tx.principal)
    today = await quoting.local_today(tx, warehouse=new.warehouse, warehouses=scope.warehouses)
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
        ship_date=new.ship_date or today,
        tier=await quoting.known_tier(tx, warehouse=new.warehouse, tier=tier),
    )
    quote_id = new_id(tx.now)
    if parcels is None:
        subject = Subject("pieces", quote_id, fingerprint_of(request))
    else:
        parts = tuple(new.parcels or ())
        subject = Subject("parcels", quote_id, parcels.fingerprint, parts)
    quote = await quoting.quote_and_keep(
        tx,
        quote_id=quote_id,
        subject=subject,
        warehouse=new.warehouse,
        request=request,
        customer_id=customer_id,
        warehouses=scope.warehouses,
    )
    await put_audit(
        tx,
        verb="quote_shipment",
        subject="quote",
        subject_id=quote_id,
        facts={"warehouse": new.warehouse, "offers": len(quote.answer.offers)},
    )
    return view_of(quote)


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
