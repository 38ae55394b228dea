"""Get a customer."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.parcels.operations import customer_meant
from entrepot.parcels.scope import scope_of
from entrepot.parties import queries
from entrepot.parties.rules import may_see_contact, without_contact
from entrepot.parties.types import Customer
from entrepot.platform.database import ReadTx


@query(permission="customers:read", callers=(ApiKey, Shopper, Staff))
async def get_customer(tx: ReadTx, *, customer_id: UUID | None = None) -> Customer:
    """The customer; None: the shopper who asks. Contact data needs `customers:read_contact`."""
    brief = await customer_meant(tx, customer_id=customer_id, suite_code=None)
    customer = await queries.get_customer(
        tx, customer_id=brief.id, scope_customer_id=scope_of(tx.principal).customer_id
    )
    return customer if may_see_contact(tx.principal) else without_contact(customer)
