"""End carts whose time is over."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import Job
from entrepot.platform.database import Tx
from entrepot.stock import operations
from entrepot.stock.types import Ended


@flow(permission="reservations:change", callers=(Job,))
async def expire_reservations(tx: Tx) -> Ended:
    """How many ended in this round; a full round (200) means there may be more."""
    return Ended(await operations.expire_reservations(tx))
