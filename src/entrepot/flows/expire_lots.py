"""Take lots past their date out of what may be sold."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import Job
from entrepot.platform.database import Tx
from entrepot.stock import operations
from entrepot.stock.types import Ended


@flow(permission="stock:move", callers=(Job,))
async def expire_lots(tx: Tx) -> Ended:
    """How many lots expired in this round; a full round (200) means there may be more."""
    return Ended(await operations.expire_lots(tx))
