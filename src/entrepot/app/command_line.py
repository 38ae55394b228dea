"""`entrepot`: all commands, wired."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from entrepot.app.launcher import NotReady
from entrepot.app.logs import configure_logs
from entrepot.app.serve import serve
from entrepot.app.work import work
from entrepot.cli.audit import audit
from entrepot.cli.commands import Wiring, app
from entrepot.cli.control import TROUBLE
from entrepot.cli.keys import keys, make_owner_link
from entrepot.cli.operators import operators
from entrepot.cli.policy import policy
from entrepot.cli.reconcile import reconcile_command
from entrepot.cli.routing import route
from entrepot.platform.settings import read_settings

app.add_typer(keys, name="keys")
app.add_typer(route, name="route")
app.add_typer(policy, name="policy")
app.add_typer(audit, name="audit")
app.add_typer(operators, name="operators")
app.command("reconcile")(reconcile_command)


@contextmanager
def _told() -> Iterator[None]:
    """What stands in the way of starting is told in a line; anything else is a bug."""
    try:
        yield
    except (NotReady, *TROUBLE) as trouble:
        sys.exit(str(trouble))


@app.command("serve")
def serve_command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(help="Processes.")] = 1,
) -> None:
    """Serve pages and API (the database must run; `entrepot up` starts all)."""
    with _told():
        serve(read_settings(), host=host, workers=workers)


@app.command("worker")
def worker_command() -> None:
    """Carry events, seal the audit trail, tidy up."""
    with _told():
        settings = read_settings()
        configure_logs(readable=settings.env in ("development", "demo"))
        asyncio.run(work(settings))


@app.command("up")
def up_command() -> None:
    """Start database, app and worker, and stay; Ctrl-C stops all of it."""
    from entrepot.app.demo_run import up

    with _told():
        up(read_settings())


@app.command("demo")
def demo_command() -> None:
    """The same with three demo tenants, and a table of addresses and log-ins."""
    from entrepot.app.demo_run import demo

    with _told():
        demo(read_settings())


def main() -> None:
    """The entry point."""
    app(obj=Wiring(owner_link=make_owner_link))


if __name__ == "__main__":
    main()
