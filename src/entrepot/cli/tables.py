"""Results of commands as tables for people, or as the same content in JSON."""

from collections.abc import Sequence

import msgspec
from rich.table import Table

from entrepot.cli.control import Output
from entrepot.platform.revisions import Outcome
from entrepot.tenancy.isolation import Report
from entrepot.tenancy.types import Server, Tenant


def _tenant(tenant: Tenant) -> dict[str, object]:
    return {
        "id": tenant.tenant,
        "slug": tenant.slug,
        "kind": tenant.kind,
        "names": msgspec.json.decode(tenant.names),
        "state": tenant.state,
        "state_since": tenant.state_since,
        "base_currency": tenant.base_currency,
        "zone": tenant.zone,
        "languages": tenant.languages,
        "units": tenant.units,
        "server": tenant.server,
        "database": tenant.database_name,
        "path": f"/t/{tenant.slug}/",
    }


def show_tenant(
    output: Output,
    tenant: Tenant,
    *,
    hosts: Sequence[str] | None = None,
    owner_link: str | None = None,
) -> None:
    """One tenant; the owner's link is shown this once."""
    facts = _tenant(tenant)
    if hosts is not None:
        facts["hosts"] = list(hosts)
    if owner_link is not None:
        facts["owner_link"] = owner_link
    output.say(facts)


def show_tenants(output: Output, tenants: Sequence[Tenant]) -> None:
    """All tenants."""
    if output.as_json:
        output.say({"items": [_tenant(tenant) for tenant in tenants]})
        return
    table = Table("slug", "name", "kind", "state", "id", "server")
    for one in tenants:
        table.add_row(one.slug, one.name, one.kind, one.state, one.tenant, one.server)
    output.people.print(table)


def show_servers(output: Output, servers: Sequence[Server]) -> None:
    """All servers."""
    if output.as_json:
        output.say({"items": servers})
        return
    table = Table("name", "address", "PostgreSQL", "tenants", "takes new")
    for one in servers:
        takes = "yes" if one.open_for_new else "no"
        table.add_row(one.name, f"{one.host}:{one.port}", str(one.major), str(one.tenants), takes)
    output.people.print(table)


def show_outcome(output: Output, outcomes: Sequence[Outcome]) -> bool:
    """What a migration did; whether every database is up to date."""
    failed = [outcome for outcome in outcomes if outcome.trouble]
    if output.as_json:
        output.say({"items": outcomes, "failed": len(failed)})
    else:
        changed = sum(1 for outcome in outcomes if outcome.applied)
        output.people.print(f"{len(outcomes)} databases, {changed} changed, {len(failed)} failed")
        for outcome in failed:
            output.people.print(f"{outcome.database}: {outcome.trouble}", markup=False)
    return not failed


def show_findings(output: Output, report: Report) -> None:
    """What is open between tenants, and what is accepted and why."""
    accepted = [finding for finding in report.findings if finding.result == "accepted"]
    if output.as_json:
        output.say(
            {
                "passed": report.passed,
                "tenants": report.tenants,
                "checks": dict(report.checks),
                "open": report.open,
                "accepted": accepted,
            }
        )
        return
    table = Table("layer", "checks", "open", "accepted")
    for layer, checks in sorted(report.checks.items()):
        mine = [finding.result for finding in report.findings if finding.layer == layer]
        table.add_row(layer, str(checks), str(mine.count("open")), str(mine.count("accepted")))
    output.people.print(table)
    for finding in report.open:
        output.people.print(
            f"OPEN {finding.login or finding.tenant} {finding.test}: {finding.detail}",
            style="red",
            markup=False,
        )
    for reason in sorted({f"{finding.test}: {finding.detail}" for finding in accepted}):
        output.people.print(f"accepted {reason}", markup=False)
    verdict = "closed" if report.passed else f"{len(report.open)} OPEN"
    output.people.print(f"{report.tenants} tenants, {report.checks.total()} checks: {verdict}")
