"""What is looked at by itself: the books every hour, feeds every few seconds."""

from datetime import timedelta

from entrepot.access.flow import Stamp
from entrepot.flows.find_whole_run import find_whole_run
from entrepot.flows.reconcile import reconcile
from entrepot.flows.sweep_feeds import sweep_feeds
from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Job
from entrepot.platform.database import Database
from entrepot.reconciliation.types import NewRun

RECONCILE, WATCH = "reconcile", "watch"
RECONCILE_S, WATCH_S = 3600.0, 20.0
WHOLE_EVERY = timedelta(hours=24)
_MAY = frozenset({"reconciliation:read", "feeds:read"})


async def reconcile_books(db: Database, *, tenant: TenantId) -> bool:
    """One run: a whole one each day, else on from the last. Never more than one in a round."""
    job = Job(tenant=tenant, on_behalf_of="reconcile", permissions=_MAY)
    last = await find_whole_run(db, job)
    whole = last.began_at is None or last.began_at < db.clock() - WHOLE_EVERY
    await reconcile(db, job, Stamp(), new=NewRun("full" if whole else "incremental"))
    return False


async def watch_feeds(db: Database, *, tenant: TenantId) -> bool:
    """One sweep; True when a node has more goods to hold back than one block takes."""
    job = Job(tenant=tenant, on_behalf_of="watch", permissions=_MAY)
    return (await sweep_feeds(db, job, Stamp())).more
