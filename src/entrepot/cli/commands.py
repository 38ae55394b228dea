"""The command line for operators: tenants, servers, migration, isolation.

Every command opens the control plane, does one thing and says what came of it: tables and
progress for people, `--json` for programs (one document on standard output, nothing else).
"""

from enum import StrEnum
from typing import Annotated

import typer

from entrepot.cli.control import Command, OwnerLink, Wiring, run
from entrepot.cli.pack import pack
from entrepot.cli.rate import rate
from entrepot.cli.tables import show_findings, show_outcome, show_servers, show_tenant, show_tenants
from entrepot.tenancy import provisioning, queries
from entrepot.tenancy.fleet import migrate_tenants
from entrepot.tenancy.types import Kind, TenantSettings
from entrepot.tenancy.verification import verify, verify_tenant

__all__ = ["OwnerLink", "Wiring", "app"]

app = typer.Typer(
    help="Entrepot: forwarding and fulfilment, many tenants.", no_args_is_help=True,
    pretty_exceptions_enable=False,
)  # fmt: skip
tenants = typer.Typer(help="Make, list, suspend and turn tenants.", no_args_is_help=True)
servers = typer.Typer(help="PostgreSQL servers that tenants live on.", no_args_is_help=True)
isolation = typer.Typer(help="The wall between tenants.", no_args_is_help=True)
app.add_typer(tenants, name="tenants")
app.add_typer(servers, name="servers")
app.add_typer(isolation, name="isolation")
app.command("rate")(rate)
app.command("pack")(pack)

Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]
Word = Annotated[str, typer.Argument(metavar="TENANT", help="Slug or public id.")]


class Units(StrEnum):
    """Which measures pages show first."""

    METRIC = "metric"
    IMPERIAL = "imperial"


@tenants.command("create")
def create(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(help="3 to 40 of a-z, 0-9 and hyphen.")],
    kind: Annotated[Kind, typer.Option(help="The tenant's trade.")] = Kind.FORWARDER,
    name: Annotated[
        list[str] | None, typer.Option(help="Its name; for a language: zh-CN=青港集运. Repeatable.")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="E-mail of the first person to log in.")] = None,
    currency: Annotated[str, typer.Option(help="Base currency, ISO 4217.")] = "CNY",
    zone: Annotated[str, typer.Option(help="IANA time zone.")] = "Asia/Shanghai",
    language: Annotated[
        list[str] | None, typer.Option(help="BCP 47 tag, the default first. Repeatable.")
    ] = None,
    units: Annotated[Units, typer.Option(help="Measures to show.")] = Units.METRIC,
    host: Annotated[
        list[str] | None, typer.Option(help="A host name that leads to it. Repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a tenant, verify its isolation, open it, print the owner's one-time log-in link."""
    settings = TenantSettings(
        currency, zone, tuple(language or TenantSettings().languages), units.value
    )

    async def work(command: Command) -> None:
        made = await provisioning.create_tenant(
            command.plane,
            command.operator,
            slug=slug,
            kind=kind,
            names=_names(name or [slug]),
            settings=settings,
            verify=verify_tenant,
            progress=command.progress,
        )
        for one in host or []:
            await provisioning.add_host(
                command.plane, command.operator, tenant=made.tenant, host=one
            )
        link = await command.owner_link(made, owner) if owner is not None else None
        show_tenant(command.output, made, owner_link=link)

    run(context, work, as_json=as_json)


def _names(given: list[str]) -> dict[str, str]:
    """`zh-CN=青港集运` names it in a language; a bare name is English."""
    parts = [text.partition("=") for text in given]
    return {tag if equals else "en": word if equals else tag for tag, equals, word in parts}


@tenants.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All tenants."""

    async def work(command: Command) -> None:
        async with command.plane.database.control(command.operator) as tx:
            show_tenants(command.output, await queries.list_tenants(tx))

    run(context, work, as_json=as_json)


@tenants.command("show")
def show(context: typer.Context, tenant: Word, as_json: Json = False) -> None:
    """One tenant with its hosts."""

    async def work(command: Command) -> None:
        async with command.plane.database.control(command.operator) as tx:
            found = await queries.get_tenant(tx, word=tenant)
            hosts = await queries.list_hosts(tx, tenant=found.tenant)
        show_tenant(command.output, found, hosts=hosts)

    run(context, work, as_json=as_json)


@tenants.command("suspend")
def suspend(context: typer.Context, tenant: Word, as_json: Json = False) -> None:
    """Shut a tenant out: its connections end, nobody logs in."""

    async def work(command: Command) -> None:
        found = await command.tenant(tenant)
        await provisioning.suspend_tenant(command.plane, command.operator, tenant=found.tenant)
        show_tenant(command.output, await command.tenant(tenant))

    run(context, work, as_json=as_json)


@tenants.command("resume")
def resume(context: typer.Context, tenant: Word, as_json: Json = False) -> None:
    """Let a suspended tenant in again."""

    async def work(command: Command) -> None:
        found = await command.tenant(tenant)
        await provisioning.resume_tenant(command.plane, command.operator, tenant=found.tenant)
        show_tenant(command.output, await command.tenant(tenant))

    run(context, work, as_json=as_json)


@tenants.command("delete")
def delete(
    context: typer.Context,
    tenant: Word,
    slug_again: Annotated[str, typer.Option("--yes-delete", help="The slug, to be sure.")],
    as_json: Json = False,
) -> None:
    """Delete a suspended tenant's database and logins for good."""

    async def work(command: Command) -> None:
        found = await command.tenant(tenant)
        if found.slug != slug_again:
            raise typer.BadParameter(f"--yes-delete must say {found.slug}")
        await provisioning.delete_tenant(command.plane, command.operator, tenant=found.tenant)
        show_tenant(command.output, await command.tenant(found.tenant))

    run(context, work, as_json=as_json)


@tenants.command("rotate")
def rotate(context: typer.Context, tenant: Word, as_json: Json = False) -> None:
    """Give a tenant's two database logins new passwords; no other tenant is touched."""

    async def work(command: Command) -> None:
        found = await command.tenant(tenant)
        version = await provisioning.rotate_password(
            command.plane, command.operator, tenant=found.tenant
        )
        command.output.say({"tenant": found.tenant, "slug": found.slug, "version": version})

    run(context, work, as_json=as_json)


@servers.command("list")
def list_servers(context: typer.Context, as_json: Json = False) -> None:
    """All PostgreSQL servers with how many tenants each holds."""

    async def work(command: Command) -> None:
        async with command.plane.database.control(command.operator) as tx:
            show_servers(command.output, await queries.list_servers(tx))

    run(context, work, as_json=as_json)


@app.command("migrate")
def migrate(
    context: typer.Context,
    at_once: Annotated[int, typer.Option(min=1, max=16, help="Databases at the same time.")] = 4,
    as_json: Json = False,
) -> None:
    """Bring control database, templates and all tenants to the newest revision."""

    async def work(command: Command) -> None:
        outcomes = []
        async for outcome in migrate_tenants(command.plane, command.operator, at_once=at_once):
            command.progress(f"{outcome.database}: {len(outcome.applied)} applied")
            outcomes.append(outcome)
        if not show_outcome(command.output, outcomes):
            raise typer.Exit(1)

    run(context, work, as_json=as_json)


@isolation.command("verify")
def verify_isolation(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Argument(help="Only this one; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Try what one tenant could see or do of another; fails when anything is open."""

    async def work(command: Command) -> None:
        only = None if tenant is None else (await command.tenant(tenant)).tenant
        command.progress("trying")
        report = await verify(command.plane, command.operator, only=only)
        show_findings(command.output, report)
        if not report.passed:
            raise typer.Exit(1)

    run(context, work, as_json=as_json)
