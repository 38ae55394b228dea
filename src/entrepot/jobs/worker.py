"""The worker's loop: lease a token, do its kind of work, give it back; sweep now and then.

Any number of workers may run. A token that is woken by NOTIFY is leased at once; without
news the worker looks every half second.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import structlog

from entrepot.access.flow import Stamp
from entrepot.access.operations import forget_old
from entrepot.flows.count_pace import count_pace
from entrepot.flows.expire_quotes import expire_quotes
from entrepot.jobs.consumers import Consumer
from entrepot.jobs.drain import drain
from entrepot.jobs.lapses import LAPSE, end_lapsed
from entrepot.jobs.watching import (
    RECONCILE,
    RECONCILE_S,
    WATCH,
    WATCH_S,
    reconcile_books,
    watch_feeds,
)
from entrepot.kernel.ids import TenantId, new_token
from entrepot.kernel.principals import Job, Operator
from entrepot.kernel.refusals import Forbidden, Refusal, TooMany, Unavailable
from entrepot.platform import audit, faults, outbox, queue
from entrepot.platform.database import Database
from entrepot.platform.live import Live
from entrepot.platform.secrets import SealingKey
from entrepot.platform.wakeups import OUTBOX
from entrepot.stock.feeds.watch import any_feed
from entrepot.stock.queries import anything_lapsed

log = structlog.get_logger()

IDLE_S = 0.5
SWEEP_S = 2.0
SEAL_S = 5.0
TIDY_S = 3600.0
SEAL = "seal"
TIDY = "tidy"

Work = Callable[[TenantId], Awaitable[bool]]
"""Does one round for a tenant; True when there is more."""

_WORKER = Operator(name="worker")
_TIDIES = frozenset({"quotes:create", "stock:read"})


class Worker:
    """One worker process. `tenants` lists the active tenants; `sealing` signs their seals."""

    def __init__(
        self,
        db: Database,
        live: Live,
        *,
        consumers: Sequence[Consumer],
        tenants: Callable[[], Awaitable[Sequence[TenantId]]],
        sealing: SealingKey,
    ) -> None:
        self.name = new_token(9)
        self._stopping = False
        self._backwards = True
        self._db = db
        self._live = live
        self._tenants = tenants
        self._sealing = sealing
        self.works: Mapping[str, Work] = {
            OUTBOX: lambda tenant: drain(db, tenant=tenant, consumers=consumers),
            SEAL: self._seal,
            TIDY: self._tidy,
            LAPSE: lambda tenant: end_lapsed(db, tenant=tenant),
            RECONCILE: lambda tenant: reconcile_books(db, tenant=tenant),
            WATCH: lambda tenant: watch_feeds(db, tenant=tenant),
        }

    async def run(self) -> None:
        """Work until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            sweeper = tasks.create_task(self._sweep())
            with self._live.watch(TenantId("-"), queue.JOB_TOPIC) as news:
                while not self._stopping:
                    if not await self._step():
                        await _wait(news, IDLE_S)
            sweeper.cancel()

    def stop(self) -> None:
        """Finish the token at hand and end; `run` returns within half a second of that."""
        self._stopping = True

    async def _step(self) -> bool:
        try:
            return await self.work_once()
        except Refusal as error:
            log.warning("worker.away", error=error.code)
        except Exception:  # one bad moment of the control database must not end the worker
            log.exception("worker.step_failed")
        await asyncio.sleep(IDLE_S)
        return False

    async def work_once(self) -> bool:
        """Lease and do one token; False when nothing was due."""
        async with self._db.control(_WORKER) as tx:
            leased = await queue.lease(tx, worker=self.name)
        if leased is None:
            return False
        await faults.at("worker.after_lease")
        try:
            more = await self._do(leased)
        except (Unavailable, TooMany, Forbidden) as error:
            log.warning("worker.job_postponed", kind=leased.kind, error=error.code)
            async with self._db.control(_WORKER) as tx:
                await queue.postpone(tx, leased=leased, worker=self.name, error=error.code)
            return True
        except Exception as error:  # counted on the token; after the fifth a dead letter
            log.exception("worker.job_failed", kind=leased.kind, attempts=leased.attempts)
            async with self._db.control(_WORKER) as tx:
                await queue.fail(tx, leased=leased, worker=self.name, error=repr(error))
            return True
        async with self._db.control(_WORKER) as tx:
            await queue.finish(tx, job_id=leased.job_id, worker=self.name, more=more)
        return True

    async def _do(self, leased: queue.Lease) -> bool:
        work = self.works.get(leased.kind)
        if work is None:
            raise LookupError(f"no work of kind {leased.kind!r}")
        return await asyncio.wait_for(work(leased.tenant), queue.LEASE_S * 0.8)

    async def _seal(self, tenant: TenantId) -> bool:
        sealer = Job(tenant=tenant, on_behalf_of="sealer")
        async with self._db.begin(sealer, quiet=True) as tx:
            seal = await audit.seal_batch(tx, key=audit.seal_key(self._sealing, tenant))
        if seal is not None:
            async with self._db.control(_WORKER) as control:
                await audit.keep_head(control, tenant=tenant, seal=seal)
        return seal is not None

    async def _tidy(self, tenant: TenantId) -> bool:
        tidier = Job(tenant=tenant, on_behalf_of="tidy")
        async with self._db.begin(tidier, quiet=True) as tx:
            more = await outbox.tidy_requests(tx)
            await forget_old(tx)
        sweeper = Job(tenant=tenant, on_behalf_of="tidy", permissions=_TIDIES)
        await count_pace(self._db, sweeper, Stamp())
        return (await expire_quotes(self._db, sweeper, Stamp())).more or more

    async def _sweep(self) -> None:
        """Put tokens for what no flusher announced: events of dead processes, seals, tidying."""
        clock = asyncio.get_running_loop().time
        began = clock() + SWEEP_S
        passed = -SWEEP_S  # so that even a worker that never lives for an hour tidies
        while True:
            await asyncio.sleep(SWEEP_S)
            # The rounds themselves take time: seals are due by the clock, not by their number.
            before, passed = passed, clock() - began
            try:
                await self.sweep_once(before, passed)
            except Refusal as error:
                log.warning("worker.sweep_away", error=error.code)
            except Exception:
                log.exception("worker.sweep_failed")

    async def sweep_once(self, before: float, passed: float) -> None:
        """Visit every tenant; `before` and `passed` are seconds of the worker's life.

        A tenant that cannot be visited (its server is away, its database is not migrated) is
        told in the log and does not keep the others from being visited. Every other round goes
        backwards: connections are closed least recently used first, so with more tenants than
        connections each round begins where some are still open.
        """
        tenants = list(await self._tenants())
        self._backwards = not self._backwards
        if self._backwards:
            tenants.reverse()
        for tenant in tenants:
            try:
                await self._sweep_tenant(tenant, before, passed)
            except Refusal as error:
                log.warning("worker.sweep_skipped", tenant=tenant, error=error.code)
            except Exception:
                log.exception("worker.sweep_skipped", tenant=tenant)

    async def _sweep_tenant(self, tenant: TenantId, before: float, passed: float) -> None:
        kinds = []
        async with self._db.read(Job(tenant=tenant, on_behalf_of="sweeper")) as reader:
            state = await outbox.count_pending(reader)
            late = reader.now - timedelta(seconds=SWEEP_S)
            if state.troubled or (state.oldest_at is not None and state.oldest_at < late):
                kinds.append(OUTBOX)
            if before // SEAL_S != passed // SEAL_S and await audit.any_unsealed(reader):
                kinds.append(SEAL)
            if await anything_lapsed(reader):
                kinds.append(LAPSE)
            if before // WATCH_S != passed // WATCH_S and await any_feed(reader):
                kinds.append(WATCH)
        if before // TIDY_S != passed // TIDY_S:
            kinds.append(TIDY)
        if before // RECONCILE_S != passed // RECONCILE_S:
            kinds.append(RECONCILE)
        if not kinds:
            return
        async with self._db.control(_WORKER) as tx:
            for kind in kinds:
                await queue.wake(tx, tenant=tenant, kind=kind)


async def _wait(news: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(news.wait(), seconds)
    except TimeoutError:
        return
    news.clear()
