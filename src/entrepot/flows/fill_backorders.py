"""Fill backorders that were in somebody's hands when goods became free."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import Job
from entrepot.platform.database import Tx
from entrepot.stock import operations
from entrepot.stock.types import Ended


@flow(permission="reservations:change", callers=(Job,))
async def fill_backorders(tx: Tx) -> Ended:
    """How many reservations hold more now."""
    return Ended(await operations.fill_waiting(tx))
