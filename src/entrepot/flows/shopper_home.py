"""A shopper's first screen: arrived, on the way, to decide."""

from entrepot.access.flow import query
from entrepot.kernel.principals import Shopper
from entrepot.parcels import queries
from entrepot.parcels.types import ShopperHome
from entrepot.platform.database import ReadTx


@query(permission="parcels:read", callers=(Shopper,))
async def shopper_home(tx: ReadTx) -> ShopperHome:
    """The caller's own parcels, newest first in each list."""
    assert isinstance(tx.principal, Shopper)
    return await queries.shopper_home(tx, customer_id=tx.principal.customer_id)
