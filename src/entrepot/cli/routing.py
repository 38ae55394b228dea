"""`entrepot route`: a file to decide, or one of the words below about records and rules."""

import typer
from typer.core import TyperGroup

from entrepot.cli.handback import handback
from entrepot.cli.replay import card, replay_command, what_if
from entrepot.cli.route import route_command
from entrepot.cli.rules import rules, serve

FILE = "file"


class FileFirst(TyperGroup):
    """`entrepot route FILE …` is `entrepot route file FILE …`, unless FILE is one of the words."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put the word in front that is left out."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [FILE, *args]
        return super().parse_args(ctx, args)


route = typer.Typer(
    cls=FileFirst, no_args_is_help=True,
    help="Decide orders (`entrepot route FILE|-`, see `route file --help`), replay decisions.",
)  # fmt: skip
route.command(FILE)(route_command)
route.command("replay")(replay_command)
route.command("card")(card)
route.command("what-if")(what_if)
route.command("handback")(handback)
route.command("rules")(rules)
route.command("serve")(serve)
