"""The queue in the control database: tokens that say which tenant has what kind of work.

A token carries no data. It is leased for a time; attempts are counted at the lease, so work
that kills its worker counts too, and after the fifth the token is a dead letter that people
see. Tenants take turns: ten thousand tokens of one do not delay the next one of another.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from entrepot.kernel.ids import TenantId, new_id
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "queue.sql")

LEASE_S = 30
"""How long a worker may hold a token before another takes it (R15: within 60 s)."""

RETRY_S = (1, 5, 30, 120)
"""Waiting time after the first, second … failure."""

POSTPONED_S = 5
"""How soon a token is tried again whose tenant's database is away."""

CHANNEL = "entrepot"
"""The one NOTIFY channel of the control database; payload `<tenant> <topic>`."""

JOB_TOPIC = "jobs"


class Lease(msgspec.Struct, frozen=True):
    """One leased token. `attempts` counts this one."""

    job_id: UUID
    tenant: TenantId
    kind: str
    attempts: int


class DeadJob(msgspec.Struct, frozen=True):
    """A token given up after five tries."""

    job_id: UUID
    tenant: TenantId
    kind: str
    attempts: int
    dead_at: datetime
    last_error: str


class QueueState(msgspec.Struct, frozen=True):
    """How much waits, how much is dead, and since when the oldest due token waits."""

    waiting: int
    dead: int
    oldest_due_at: datetime | None


async def wake(tx: Tx, *, tenant: TenantId, kind: str) -> None:
    """Put the token for this tenant and kind, or ask a running one for another round."""
    await tx.value(SQL["wake"], job_id=new_id(tx.now), tenant=tenant, kind=kind, now=tx.now)


async def lease(tx: Tx, *, worker: str) -> Lease | None:
    """Lease the next due token, tenants in turn; None when nothing is due."""
    until = tx.now + timedelta(seconds=LEASE_S)
    return await tx.find(SQL["lease"], Lease, worker=worker, now=tx.now, until=until)


async def finish(tx: Tx, *, job_id: UUID, worker: str, more: bool) -> bool:
    """The work is done; `more` puts the token back at the end of its tenant's row.

    False when the lease was lost meanwhile.
    """
    return bool(await tx.value(SQL["finish"], job_id=job_id, worker=worker, more=more, now=tx.now))


async def fail(tx: Tx, *, leased: Lease, worker: str, error: str) -> bool:
    """The work failed; True when that was the last try and the token is dead now."""
    wait_s = RETRY_S[min(leased.attempts, len(RETRY_S)) - 1]
    again_at = tx.now + timedelta(seconds=wait_s)
    return bool(
        await tx.value(
            SQL["fail"],
            job_id=leased.job_id,
            worker=worker,
            error=error[:500],
            again_at=again_at,
            now=tx.now,
        )
    )


async def postpone(tx: Tx, *, leased: Lease, worker: str, error: str) -> None:
    """Its database is away or shut: the work is not wrong. Later, and no try is counted."""
    await tx.value(
        SQL["postpone"],
        job_id=leased.job_id,
        worker=worker,
        error=error[:500],
        again_at=tx.now + timedelta(seconds=POSTPONED_S),
    )


async def list_dead(tx: Tx, *, most: int = 100) -> list[DeadJob]:
    """The dead letters, newest first."""
    return await tx.list(SQL["list_dead"], DeadJob, most=most)


async def retry_dead(tx: Tx, *, job_id: UUID) -> bool:
    """Give a dead letter five new tries; False when it is not dead or a live twin exists."""
    return await tx.execute(SQL["retry_dead"], job_id=job_id, now=tx.now) == 1


async def count_jobs(tx: Tx) -> QueueState:
    """Figures for /metrics and the operator's page."""
    return await tx.one(SQL["count_jobs"], QueueState, now=tx.now)


async def notify(tx: Tx, *, tenant: TenantId, topic: str) -> None:
    """Tell every listening process that something of this tenant changed."""
    await tx.value(SQL["notify"], channel=CHANNEL, payload=f"{tenant} {topic}")
