"""`entrepot isolation verify`: examines tenants and keeps the result in the control database."""

import random
import secrets
from collections.abc import Sequence

from entrepot.kernel.ids import TenantId, new_id
from entrepot.kernel.principals import Operator
from entrepot.tenancy import queries
from entrepot.tenancy.isolation import ACCEPTED, OPEN, Report, Target, examine
from entrepot.tenancy.operations import SQL
from entrepot.tenancy.plane import Plane
from entrepot.tenancy.types import Placement, Server, TenantState

_ENTERABLE = (TenantState.ACTIVE, TenantState.PROVISIONING)


class IsolationOpen(Exception):
    """Something that must be closed is open; `report` says what."""

    def __init__(self, report: Report) -> None:
        worst = "; ".join(f"{f.login} {f.test}: {f.detail}" for f in report.open[:5])
        super().__init__(f"{len(report.open)} things are open between tenants: {worst}")
        self.report = report


async def verify_tenant(plane: Plane, operator: Operator, tenant: TenantId) -> None:
    """Verify one tenant against all others of its server. Raises IsolationOpen."""
    report = await verify(plane, operator, only=tenant)
    if not report.passed:
        raise IsolationOpen(report)


async def verify(plane: Plane, operator: Operator, *, only: TenantId | None = None) -> Report:
    """Verify all tenants, or one; the run and what it found are kept.

    Suspended tenants take part in the catalogue's checks, but nobody can enter them.
    """
    started = plane.clock()
    async with plane.database.control(operator) as tx:
        servers = await queries.list_servers(tx)
        placements = await queries.list_placements(tx)
    report: Report | None = None
    for server in servers:
        here = [p for p in placements if p.server == server.name]
        if only is not None and all(p.tenant != only for p in here):
            continue
        found = await _verify_server(plane, operator, server, here, only)
        if report is None:
            report = found
        else:
            report.tenants += found.tenants
            report.checks.update(found.checks)
            report.findings.extend(found.findings)
    if report is None:
        raise LookupError("there is no server to verify")
    await _keep(plane, operator, report, started)
    return report


async def _verify_server(
    plane: Plane,
    operator: Operator,
    server: Server,
    placements: Sequence[Placement],
    only: TenantId | None,
) -> Report:
    states = {placement.tenant: placement.state for placement in placements}
    targets = [await _target(plane, placement.tenant) for placement in placements]
    enterable = [t for t in targets if states[TenantId(t.tenant)] in _ENTERABLE]
    return await examine(
        targets,
        overseer=await plane.migrator(server, operator),
        probed=[t for t in enterable if only is None or t.tenant == only],
        rng=random.Random(secrets.randbits(64)),
    )


async def _target(plane: Plane, tenant: TenantId) -> Target:
    entry = await plane.directory.entry(tenant)
    return Target(
        tenant,
        plane.directory.login_of(entry, shopper=False),
        plane.directory.login_of(entry, shopper=True),
    )


async def _keep(plane: Plane, operator: Operator, report: Report, started: object) -> None:
    """Write the run down: what each layer said, and everything not closed."""
    finished = plane.clock()
    run_id = new_id(finished)
    async with plane.database.control(operator) as tx:
        await tx.execute(
            SQL["add_isolation_run"],
            run_id=run_id,
            started_at=started,
            finished_at=finished,
            tenants=report.tenants,
            checks=report.checks.total(),
            open_count=len(report.open),
            accepted_count=len(report.findings) - len(report.open),
        )
        for layer in sorted(report.checks):
            mine = [f.result for f in report.findings if f.layer == layer]
            await tx.execute(
                SQL["add_isolation_layer"],
                run_id=run_id,
                layer=layer,
                checks=report.checks[layer],
                open_count=mine.count(OPEN),
                accepted_count=mine.count(ACCEPTED),
            )
        found = report.findings
        await tx.execute(
            SQL["add_isolation_findings"],
            run_id=run_id,
            layers=[finding.layer for finding in found],
            tenants=[finding.tenant for finding in found],
            logins=[finding.login for finding in found],
            tests=[finding.test for finding in found],
            results=[finding.result for finding in found],
            details=[finding.detail[:500] for finding in found],
        )
