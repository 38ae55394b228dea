"""Accept one service of a quote: for pieces as stated, for parcels as they are now."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.carriers import operations, queries
from entrepot.carriers.asking import Acceptance
from entrepot.carriers.types import QuoteView, StoredQuote, view_of
from entrepot.consolidation.quoted_parcels import read_quoted_parcels
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.kernel.refusals import Conflict, Invalid, NotFound
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import ReadTx, Tx


@flow(permission="quotes:create", callers=(ApiKey, Shopper, Staff))
async def accept_quote(tx: Tx, *, quote_id: UUID, taken: Acceptance) -> QuoteView:
    """The accepted quote. Raises NotFound for another customer's; Invalid for a service without
    price; Conflict: `quote_expired`, `quote_accepted`, `quote_superseded`, `quote_changed`, or
    `choose_in_consolidation` for the quote of a draft, whose line is chosen there."""
    scope = scope_of(tx.principal)
    quote = await queries.get_quote(
        tx, quote_id=quote_id, customer_id=scope.customer_id, warehouses=scope.warehouses
    )
    if quote.subject.kind == "consolidation":
        raise Conflict("the line of a draft is chosen there", code="choose_in_consolidation")
    accepted = await operations.accept_quote(
        tx,
        quote_id=quote_id,
        service=taken.service,
        fingerprint=await _fingerprint_now(tx, quote),
        customer_id=scope.customer_id,
        warehouses=None if scope.warehouses is None else frozenset(scope.warehouses),
    )
    await put_audit(
        tx,
        verb="accept_quote",
        subject="quote",
        subject_id=quote_id,
        facts={"service": taken.service},
    )
    return view_of(accepted)


async def _fingerprint_now(tx: ReadTx, quote: StoredQuote) -> str:
    """Of the subject as it is now; parcels that cannot be quoted any more have none."""
    if quote.subject.kind == "pieces" or quote.status != "open":
        return quote.subject.fingerprint
    try:
        found = await read_quoted_parcels(
            tx,
            parcels=quote.subject.parts,
            warehouse=quote.warehouse,
            customer_id=quote.customer_id,
        )
    except (Invalid, NotFound):
        return ""
    return found.fingerprint
