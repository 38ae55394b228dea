"""How a command gets its control plane, says how it goes, and ends when it is refused."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import typer
from rich.console import Console
from rich.status import Status

from entrepot.kernel.principals import Operator
from entrepot.kernel.refusals import Refusal
from entrepot.platform.binaries import NoPostgres
from entrepot.platform.clock import clock_from
from entrepot.platform.datafolder import ServerTrouble
from entrepot.platform.revisions import RevisionChanged
from entrepot.platform.secrets import KeyTrouble
from entrepot.platform.settings import SettingsError, read_settings
from entrepot.tenancy import queries
from entrepot.tenancy.bootstrap import prepare
from entrepot.tenancy.entrances import StartupRefused, superuser_of
from entrepot.tenancy.plane import Plane, open_plane
from entrepot.tenancy.types import Tenant
from entrepot.tenancy.verification import IsolationOpen

TROUBLE = (
    SettingsError, StartupRefused, KeyTrouble, ServerTrouble, NoPostgres, IsolationOpen,
    RevisionChanged,
)  # fmt: skip
"""What an operator can do something about: told in a line, without a traceback."""


class OwnerLink(Protocol):
    """Makes a tenant's first person, who may do everything, and a one-time log-in link."""

    async def __call__(
        self, plane: Plane, operator: Operator, *, tenant: Tenant, email: str
    ) -> str: ...


class Wiring(msgspec.Struct, frozen=True):
    """What higher floors hand to the commands: `app(obj=Wiring(owner_link=…))`."""

    owner_link: OwnerLink


class Output:
    """Where results go: a JSON document or something for people; progress goes to stderr."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.people = Console()

    def say(self, result: object) -> None:
        """One result: JSON as it is, or `name: value` lines."""
        if self.as_json:
            sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
            sys.stdout.flush()
            return
        for name, value in msgspec.to_builtins(result).items():
            self.people.print(f"{name}: {value}", highlight=False, markup=False)


class Command:
    """What a command works with."""

    def __init__(self, plane: Plane, operator: Operator, output: Output, status: Status) -> None:
        self.plane = plane
        self.operator = operator
        self.output = output
        self._status = status
        self._owner_link: OwnerLink | None = None

    def progress(self, step: str) -> None:
        """Say on stderr what is being done."""
        self._status.update(step)

    async def tenant(self, word: str) -> Tenant:
        """The tenant with this slug or public id. Raises NotFound."""
        async with self.plane.database.control(self.operator) as tx:
            return await queries.get_tenant(tx, word=word)

    async def owner_link(self, tenant: Tenant, email: str) -> str:
        """The first person's one-time log-in link."""
        if self._owner_link is None:
            raise StartupRefused("this command line cannot make log-in links")
        self.progress("inviting the owner")
        return await self._owner_link(self.plane, self.operator, tenant=tenant, email=email)

    def wire(self, wiring: Wiring | None) -> None:
        """Take what the higher floors handed in."""
        self._owner_link = None if wiring is None else wiring.owner_link


def run(
    context: typer.Context, work: Callable[[Command], Awaitable[None]], *, as_json: bool
) -> None:
    """Run one command on the control plane, with the embedded server running meanwhile.

    A refusal ends with status 1 and its reasons on stderr (with --json: as JSON on stdout).
    """
    output = Output(as_json=as_json)
    operator = Operator(name=_login_name())
    try:
        with Status("starting", console=Console(stderr=True)) as status:
            _run(context, work, output, operator, status)
    except Refusal as refusal:
        _end(
            output,
            refusal.code,
            [refusal.message, *(f"{e.path}: {e.message}" for e in refusal.errors)],
        )
    except TROUBLE as trouble:
        _end(output, type(trouble).__name__, [str(trouble)])


def _run(
    context: typer.Context,
    work: Callable[[Command], Awaitable[None]],
    output: Output,
    operator: Operator,
    status: Status,
) -> None:
    settings = read_settings()
    with superuser_of(settings) as superuser:

        async def main() -> None:
            await prepare(settings, superuser, clock_from(settings)())
            async with open_plane(settings) as plane:
                command = Command(plane, operator, output, status)
                command.wire(context.find_object(Wiring))
                await work(command)

        asyncio.run(main())


def _end(output: Output, code: str, reasons: list[str]) -> None:
    if output.as_json:
        output.say({"error": code, "reasons": reasons})
    else:
        Console(stderr=True).print("\n".join(reasons), style="red", highlight=False, markup=False)
    raise typer.Exit(1)


def _login_name() -> str:
    """Who runs the command, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
