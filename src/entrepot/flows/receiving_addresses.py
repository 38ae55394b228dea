"""Where a customer lets sellers send: one address for each warehouse."""

from uuid import UUID

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.nodes import queries
from entrepot.nodes.types import ReceivingAddress
from entrepot.parcels.operations import customer_meant
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


@query(permission="nodes:read", callers=(ApiKey, Shopper, Staff))
async def receiving_addresses(
    tx: ReadTx, *, customer_id: UUID | None = None
) -> list[ReceivingAddress]:
    """Addresses with the customer's suite code; None: the shopper who asks."""
    customer = await customer_meant(tx, customer_id=customer_id, suite_code=None)
    return await queries.list_receiving_addresses(
        tx, suite_code=customer.suite_code, warehouses=scope_of(tx.principal).warehouses
    )
