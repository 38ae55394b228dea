"""`entrepot route rules|serve`: the rules there are; answering other systems."""

import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from entrepot.cli.complaints import BAD_INPUT, complain
from entrepot.kernel.refusals import Refusal
from entrepot.routing.allocators.listening import AllocatorServer
from entrepot.routing.engine.deciding import DEFAULT_BUDGET
from entrepot.routing.plugins.catalogue import installed
from entrepot.routing.plugins.runner import RuleRunner
from entrepot.routing.records.registry import Entry, entries, package_entry


class Offered(msgspec.Struct, frozen=True):
    """A rule of an installed package, and whether it can be loaded."""

    installed: Entry
    failure: str | None
    sealed: bool


def rules(
    folder: Annotated[
        str | None, typer.Argument(metavar="[DIR]", help="A folder of records.")
    ] = None,
) -> None:
    """List the rules that installed packages offer; with DIR, those that decided and when last.

    One JSON line per rule: name, source, version, owner, scope, orders it had a say on.
    """
    try:
        found: list[msgspec.Struct] = [*_offered()] if folder is None else [*entries(Path(folder))]
    except Refusal as refusal:
        complain(refusal)
        raise typer.Exit(BAD_INPUT) from None
    for entry in found:
        sys.stdout.buffer.write(msgspec.json.encode(entry) + b"\n")
    sys.stdout.buffer.flush()


def _offered() -> list[Offered]:
    offered = []
    for rule in installed():
        with RuleRunner(rule) as runner:
            card = runner.card()
        offered.append(Offered(package_entry(card), card.failure, card.sealed))
    return offered


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 0,
    budget: Annotated[int, typer.Option(min=1, help="Work units per order.")] = DEFAULT_BUDGET,
) -> None:
    """Answer POST /route on this machine: routing-problem/1 in, routing-plan/1 out."""
    with AllocatorServer(port, budget=budget) as server:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        typer.echo(f"http://127.0.0.1:{server.server_port}/route")
        sys.stdout.flush()
        server.serve_forever()
