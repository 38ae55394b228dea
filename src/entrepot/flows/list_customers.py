"""List customers, or find the one of a suite code."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parties import queries
from entrepot.parties.rules import may_see_contact, without_contact
from entrepot.parties.types import Customer
from entrepot.platform.database import ReadTx


@query(permission="customers:read", callers=(ApiKey, Staff))
async def list_customers(
    tx: ReadTx, *, suite_code: str | None = None, after: UUID | None = None, most: int = 50
) -> list[Customer]:
    """Newest first, behind `after`. Contact data needs `customers:read_contact`."""
    found = await queries.list_customers(tx, suite_code=suite_code, after=after, most=most)
    return found if may_see_contact(tx.principal) else [without_contact(c) for c in found]
