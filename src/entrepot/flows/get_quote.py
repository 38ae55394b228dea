"""Get a quote as it was answered, with what has become of it."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.carriers import queries
from entrepot.carriers.types import QuoteView, view_of
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="quotes:read", callers=(ApiKey, Shopper, Staff))
async def get_quote(tx: ReadTx, *, quote_id: UUID) -> QuoteView:
    """The quote; NotFound (`unknown_quote`) when it is another customer's or warehouse's."""
    scope = scope_of(tx.principal)
    quote = await queries.get_quote(
        tx, quote_id=quote_id, customer_id=scope.customer_id, warehouses=scope.warehouses
    )
    return view_of(quote)
