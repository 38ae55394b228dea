"""Reads of the control database."""

from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.kernel.ids import TenantId
from entrepot.kernel.refusals import NotFound
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.tenancy.types import Placement, SealedCredential, Server, Tenant

SQL = load_sql(__file__, "queries.sql")


class IsolationRun(msgspec.Struct, frozen=True):
    """One run of the isolation checks."""

    run_id: UUID
    started_at: datetime
    finished_at: datetime
    tenants: int
    checks: int
    open_count: int
    accepted_count: int


class IsolationLayer(msgspec.Struct, frozen=True):
    """What one layer said in a run."""

    layer: str
    checks: int
    open_count: int
    accepted_count: int


class IsolationFinding(msgspec.Struct, frozen=True):
    """One thing a run found open, or open and accepted (`detail` then gives the reason)."""

    layer: str
    tenant: str
    login: str
    test: str
    result: str
    detail: str


class _Host(msgspec.Struct, frozen=True):
    host: str


async def list_tenants(tx: ReadTx) -> list[Tenant]:
    """All tenants, deleted ones too, by slug."""
    return await tx.list(SQL["list_tenants"], Tenant)


async def find_tenant(tx: ReadTx, *, word: str) -> Tenant | None:
    """The tenant with this slug or public id."""
    return await tx.find(SQL["find_tenant"], Tenant, word=word)


async def get_tenant(tx: ReadTx, *, word: str) -> Tenant:
    """The tenant with this slug or public id, or NotFound."""
    found = await find_tenant(tx, word=word)
    if found is None:
        raise NotFound("there is no such tenant", code="no_such_tenant", word=word[:60])
    return found


async def list_servers(tx: ReadTx) -> list[Server]:
    """All servers with how many tenants each holds."""
    return await tx.list(SQL["list_servers"], Server)


async def list_placements(tx: ReadTx) -> list[Placement]:
    """Where every tenant's database is, oldest first."""
    return await tx.list(SQL["list_placements"], Placement)


async def list_hosts(tx: ReadTx, *, tenant: TenantId) -> list[str]:
    """The tenant's own host names."""
    rows = await tx.list(SQL["list_hosts"], _Host, tenant=tenant)
    return [row.host for row in rows]


async def find_credential(tx: ReadTx, *, owner: str, name: str) -> SealedCredential | None:
    """The newest version of a credential."""
    return await tx.find(SQL["find_credential"], SealedCredential, owner=owner, name=name)


async def last_isolation_run(tx: ReadTx) -> IsolationRun | None:
    """The latest run of the isolation checks."""
    return await tx.find(SQL["last_isolation_run"], IsolationRun)


async def list_isolation_layers(tx: ReadTx, *, run_id: UUID) -> list[IsolationLayer]:
    """Each layer of a run."""
    return await tx.list(SQL["list_isolation_layers"], IsolationLayer, run_id=run_id)


async def list_isolation_findings(
    tx: ReadTx, *, run_id: UUID, most: int = 500
) -> list[IsolationFinding]:
    """What a run did not find closed."""
    return await tx.list(SQL["list_isolation_findings"], IsolationFinding, run_id=run_id, most=most)
