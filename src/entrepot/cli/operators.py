"""`entrepot operators …`: people who run the platform; they log in by links made on the server."""

from typing import Annotated

import msgspec
import typer

from entrepot.access.operators import make_operator_link
from entrepot.cli.control import Command, run

operators = typer.Typer(help="People who run the platform.", no_args_is_help=True)


class OperatorLink(msgspec.Struct, frozen=True):
    """A one-time link to the operator's pages, shown once."""

    operator: str
    path: str


@operators.command("link")
def link(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who shall enter; added when unknown.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Make a one-time link to `/platform` for an operator."""

    async def work(command: Command) -> None:
        token = await make_operator_link(command.plane.database, name=name)
        command.output.say(OperatorLink(name, f"/platform/enter/{token}"))

    run(context, work, as_json=as_json)
