"""`entrepot reconcile`: do the books agree with all their copies?"""

from typing import Annotated

import typer

from entrepot.access.flow import Stamp
from entrepot.cli.control import Command, run
from entrepot.cli.keys import operator_in
from entrepot.flows.list_differences import list_differences
from entrepot.flows.reconcile import reconcile
from entrepot.reconciliation.types import Mode, NewRun, Run

SHOWN = 50
"""Differences that are listed; the rest by the API and on the page."""


async def _reconcile(command: Command, word: str, mode: Mode) -> Run:
    tenant = (await command.tenant(word)).tenant
    by = operator_in(tenant, command.operator)
    command.progress("adding up the ledger")
    made = await reconcile(command.plane.database, by, Stamp(), new=NewRun(mode))
    command.output.say(made)
    if made.found and not command.output.as_json:
        found = await list_differences(command.plane.database, by, state="open", most=SHOWN)
        for one in found:
            line = f"{one.kind} of {one.sku} at {one.place}: {one.found} instead of {one.told}"
            command.output.people.print(f"{line} ({one.cause})", highlight=False, markup=False)
    return made


def reconcile_command(
    context: typer.Context,
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="Slug or public id.")],
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Go on from where the last run ended.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Compare a tenant's ledger with every copy; exit 1 when something differs."""
    made: list[Run] = []

    async def work(command: Command) -> None:
        made.append(await _reconcile(command, tenant, "incremental" if incremental else "full"))

    run(context, work, as_json=as_json)
    if made[0].found or made[0].violations:
        raise typer.Exit(1)
