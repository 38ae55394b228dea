"""After a commit: tell the worker, at most every 20 ms and once for each tenant.

The process notes which tenants wrote; a flusher puts one token for each into the queue. If the
process dies before that, the sweeper of `jobs` finds the waiting events two seconds later.
"""

import asyncio

import structlog

from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Operator
from entrepot.kernel.refusals import Refusal
from entrepot.platform import queue
from entrepot.platform.database import Database

log = structlog.get_logger()

FLUSH_S = 0.02
OUTBOX = "outbox"
"""The kind of token that means: drain this tenant's outbox."""

_FLUSHER = Operator(name="wakeups")


class Wakeups:
    """Collects tenants that wrote; `note` is called by `Database` after each commit of a block that
    is not quiet."""

    def __init__(self) -> None:
        self._tenants: set[TenantId] = set()
        self._some = asyncio.Event()

    def note(self, tenant: TenantId) -> None:
        """This tenant has committed something."""
        self._tenants.add(tenant)
        self._some.set()

    async def run(self, db: Database) -> None:
        """Put tokens until cancelled; when the control database is away, try again."""
        while True:
            await self._some.wait()
            self._some.clear()
            tenants, self._tenants = self._tenants, set()
            try:
                await self._flush(db, tenants)
            except Exception as error:  # whatever it is: who wrote is not forgotten
                if isinstance(error, Refusal):
                    log.warning("wakeups.control_away", error=error.code)
                else:
                    log.exception("wakeups.flush_failed")
                self._tenants |= tenants
                self._some.set()
                await asyncio.sleep(0.5)
            await asyncio.sleep(FLUSH_S)

    async def _flush(self, db: Database, tenants: set[TenantId]) -> None:
        async with db.control(_FLUSHER) as tx:
            for tenant in sorted(tenants):
                await queue.wake(tx, tenant=tenant, kind=OUTBOX)
            await queue.notify(tx, tenant=TenantId("-"), topic=queue.JOB_TOPIC)
