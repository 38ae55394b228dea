"""Writes of the control database."""

from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.kernel.ids import TenantId, new_id
from entrepot.kernel.refusals import Conflict
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.tenancy.types import TenantSettings, TenantState

SQL = load_sql(__file__, "operations.sql")


async def add_tenant(
    tx: Tx,
    *,
    tenant: TenantId,
    slug: str,
    kind: str,
    names: dict[str, str],
    settings: TenantSettings,
    now: datetime,
) -> None:
    """Write down a new tenant, `provisioning`. Raises Conflict when the slug was ever taken."""
    added = await tx.execute(
        SQL["add_tenant"],
        tenant=tenant,
        slug=slug,
        kind=kind,
        names=msgspec.json.encode(names),
        base_currency=settings.base_currency,
        zone=settings.zone,
        languages=list(settings.languages),
        units=settings.units,
        now=now,
    )
    if not added:
        raise Conflict("this slug is taken", code="slug_taken", slug=slug)


async def place_tenant(
    tx: Tx,
    *,
    tenant: TenantId,
    server_id: UUID,
    database_name: str,
    connection_limit: int,
    now: datetime,
) -> None:
    """Decide where the tenant's database will be."""
    await tx.execute(
        SQL["place_tenant"],
        tenant=tenant,
        server_id=server_id,
        database_name=database_name,
        connection_limit=connection_limit,
        now=now,
    )


async def set_state(
    tx: Tx,
    *,
    tenant: TenantId,
    state: TenantState,
    from_states: tuple[TenantState, ...],
    now: datetime,
) -> None:
    """Move a tenant along its life. Raises Conflict unless it is in one of `from_states`."""
    moved = await tx.execute(
        SQL["set_state"],
        tenant=tenant,
        state=state.value,
        from_states=[s.value for s in from_states],
        now=now,
    )
    if not moved:
        raise Conflict(
            f"a tenant can become {state} only from {', '.join(from_states)}",
            code="wrong_tenant_state",
            wanted=state.value,
        )


async def remove_tenant(tx: Tx, *, tenant: TenantId, now: datetime) -> None:
    """Take away all but the public id and the slug, which are never given again."""
    await tx.execute(SQL["remove_hosts"], tenant=tenant)
    await tx.execute(SQL["remove_placement"], tenant=tenant)
    await tx.execute(SQL["remove_credentials"], owner=tenant)
    await tx.execute(SQL["forget_names"], tenant=tenant, now=now)


async def add_host(tx: Tx, *, tenant: TenantId, host: str) -> None:
    """Let a host name lead to the tenant. Raises Conflict when it already leads somewhere."""
    if not await tx.execute(SQL["add_host"], host=host, tenant=tenant):
        raise Conflict("this host name is taken", code="host_taken", host=host)


async def add_credential(
    tx: Tx, *, owner: str, name: str, version: int, login: str, sealed: bytes, now: datetime
) -> None:
    """Keep a sealed password; older versions of it go."""
    await tx.execute(
        SQL["add_credential"],
        owner=owner, name=name, version=version, login=login, sealed=sealed, now=now,
    )  # fmt: skip
    await tx.execute(SQL["remove_old_credentials"], owner=owner, name=name, version=version)


async def note_operation(
    tx: Tx, *, verb: str, subject: str, now: datetime, **facts: str | int
) -> None:
    """Write down what an operator did, in the same transaction."""
    await tx.execute(
        SQL["note_operation"],
        operation_id=new_id(now),
        at=now,
        actor=tx.principal.actor,
        verb=verb,
        subject=subject,
        facts=msgspec.json.encode(facts),
    )
