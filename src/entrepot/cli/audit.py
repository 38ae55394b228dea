"""`entrepot audit …`: is the record of who did what still the one that was written?"""

from typing import Annotated

import typer

from entrepot.cli.control import Command, run
from entrepot.cli.keys import operator_in
from entrepot.platform.audit import ChainReport, check_chain, find_kept_head, seal_key
from entrepot.tenancy.types import Tenant

audit = typer.Typer(help="The audit trail.", no_args_is_help=True)


async def check_tenant(command: Command, tenant: Tenant) -> ChainReport:
    """The whole chain of a tenant, recomputed."""
    plane = command.plane
    async with plane.database.control(command.operator) as control:
        head = await find_kept_head(control, tenant=tenant.tenant)
    async with plane.database.read(operator_in(tenant.tenant, command.operator)) as tx:
        return await check_chain(tx, key=seal_key(plane.key, tenant.tenant), head=head)


@audit.command("verify")
def verify(
    context: typer.Context,
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="Slug or public id.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Recompute a tenant's chain; exit 1 when a sealed row was edited, deleted or inserted."""
    reports: list[ChainReport] = []

    async def work(command: Command) -> None:
        command.progress("recomputing the chain")
        reports.append(await check_tenant(command, await command.tenant(tenant)))
        command.output.say(reports[0])

    run(context, work, as_json=as_json)
    if reports[0].faults:
        raise typer.Exit(1)
