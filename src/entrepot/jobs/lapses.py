"""What ends by itself: carts whose time is over, lots past their date, waiting for free goods."""

from entrepot.access.flow import Stamp
from entrepot.flows.expire_lots import expire_lots
from entrepot.flows.expire_reservations import expire_reservations
from entrepot.flows.fill_backorders import fill_backorders
from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Job
from entrepot.platform.database import Database
from entrepot.stock.operations import EXPIRE_MOST

LAPSE = "lapse"
_MAY = frozenset({"reservations:change", "stock:move"})


async def end_lapsed(db: Database, *, tenant: TenantId) -> bool:
    """One round of each; True when there may be more."""
    job = Job(tenant=tenant, on_behalf_of="lapse", permissions=_MAY)
    carts = await expire_reservations(db, job, Stamp(request_id="lapse"))
    lots = await expire_lots(db, job, Stamp(request_id="lapse"))
    await fill_backorders(db, job, Stamp(request_id="lapse"))
    return EXPIRE_MOST in (carts.ended, lots.ended)
