"""The launcher: database, app and worker as one thing that starts, is watched and stops.

Ctrl-C stops the app first, then the worker, then the database; nothing is left behind. If the
launcher itself is killed, the kernel ends its children.
"""

import asyncio
import errno
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

import msgspec
import structlog

from entrepot.app.children import Child
from entrepot.kernel.principals import Operator
from entrepot.platform.pools import Login
from entrepot.platform.postgres import HOST, Server
from entrepot.platform.settings import Settings
from entrepot.tenancy.bootstrap import prepare
from entrepot.tenancy.entrances import kept_server
from entrepot.tenancy.fleet import bring_up_to_date

log = structlog.get_logger()

READY_WITHIN_S = 60.0
PORT_WITHIN_S = 5.0
_TEND_S = 0.2

Say = Callable[[str], None]


class NotReady(Exception):
    """It cannot be started here, or did not answer in time; the message says why."""


class Running(msgspec.Struct, eq=False):
    """What runs."""

    settings: Settings
    server: Server | None
    children: list[Child]
    stopping: bool = False

    @property
    def base_url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.settings.port}"

    def tend(self) -> None:
        """One look: start again what died."""
        if self.server is not None:
            self.server.tend()
        for child in self.children:
            child.tend()

    def stay(self) -> None:
        """Look after everything until Ctrl-C or SIGTERM."""
        while not self.stopping:
            self.tend()
            time.sleep(_TEND_S)


@contextmanager
def launched(settings: Settings, say: Say) -> Iterator[Running]:
    """Database, app and worker, ready to be used; stopped in order at the end.

    Raises NotReady when the port is in use or `home` cannot be written, before anything starts.
    """
    check_place(settings)
    say("database")
    with kept_server(settings) as (superuser, server):
        say("revisions")
        asyncio.run(_bring_up_to_date(settings, superuser))
        running = Running(settings, server, _children(settings))
        with _stopped_by_signals(running):
            try:
                say("app and worker")
                for child in running.children:
                    child.start()
                wait_until_ready(running)
                yield running
            finally:
                for child in running.children:
                    child.stop()


def check_place(settings: Settings) -> None:
    """Raises NotReady when somebody else listens on the port, or `home` is not ours to write.

    Whoever listens there would answer /readyz in our place: another installation, perhaps. One
    that is just ending gets a few seconds to let go.
    """
    until = time.monotonic() + PORT_WITHIN_S
    while (trouble := _trouble_of_port(settings.port)) is not None:
        if time.monotonic() > until:
            raise NotReady(f"port {settings.port} {trouble}; choose another by ENTREPOT_PORT")
        time.sleep(0.1)
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotReady(f"{settings.home} cannot be made: {error.strerror}") from None
    if not os.access(settings.home, os.W_OK | os.X_OK):
        raise NotReady(f"{settings.home} cannot be written; choose another by ENTREPOT_HOME")


def _trouble_of_port(port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            return "is in use" if in_use else f"cannot be had ({error.strerror})"
    return None


async def _bring_up_to_date(settings: Settings, superuser: Login) -> None:
    """Prepare the server and migrate every tenant; one that fails is told and left as it is."""
    await prepare(settings, superuser, datetime.now(UTC))
    for outcome in await bring_up_to_date(settings, Operator(name="launcher")):
        if outcome.trouble:
            log.error("tenant.not_migrated", database=outcome.database, reason=outcome.trouble)


def _children(settings: Settings) -> list[Child]:
    environment = {
        "ENTREPOT_HOME": str(settings.home),
        "ENTREPOT_PORT": str(settings.port),
        "ENTREPOT_ENV": settings.env,
    }
    entrepot = [sys.executable, "-m", "entrepot.app.command_line"]
    return [
        Child("app", [*entrepot, "serve"], environment),
        Child("worker", [*entrepot, "worker"], environment),
    ]


def wait_until_ready(running: Running) -> None:
    """Wait for /readyz. Raises NotReady, or KeyboardInterrupt when asked to stop."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        if running.stopping:
            raise KeyboardInterrupt
        if _answers(running.settings.port):
            return
        running.tend()
        time.sleep(0.05)
    raise NotReady(f"nothing answers on port {running.settings.port}; the log above says why")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def _stopped_by_signals(running: Running) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        running.stopping = True

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
