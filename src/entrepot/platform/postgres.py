"""The embedded PostgreSQL server: a child process with its own data folder.

Listens on loopback over TCP only, asks everybody for a password (SCRAM), keeps checksums and
sorts by code point. It dies with its launcher, and the next start clears away what a crash
left over. Start it from the main thread: the kernel ties the death signal to the thread.
"""

import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import structlog

from entrepot.platform.binaries import (
    Account,
    Binaries,
    account_for_server,
    find_binaries,
    reachable_place,
)
from entrepot.platform.datafolder import (
    ServerTrouble,
    buffers_mb,
    clear_left_over,
    memory_mb,
    ready_port,
)
from entrepot.platform.pools import Login

log = structlog.get_logger()

HOST = "127.0.0.1"
SUPERUSER = "postgres"
_READY_WITHIN_S = 300.0
_RETRY_S = 1.0
_LOG_LIMIT_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1
_STAYS = "stays"
_SETTINGS = """
# Written once by Entrepot; changes made here are kept.
max_connections = 200
password_encryption = 'scram-sha-256'
fsync = on
full_page_writes = on
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %d '
# Errors of statements carry values, which may be personal; the app sees them itself.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
max_wal_size = '2GB'
min_wal_size = '1GB'
checkpoint_timeout = '15min'
wal_compression = off
"""
_ENTRANCE = """\
# Written by Entrepot at every start. A tenant's logins are members of the role that bears the
# name of their database, and get in by the last line; nobody else gets into it.
host all {superuser} 127.0.0.1/32 scram-sha-256
host all entrepot_provisioner 127.0.0.1/32 scram-sha-256
host all entrepot_migrator 127.0.0.1/32 scram-sha-256
host entrepot_control entrepot_control 127.0.0.1/32 scram-sha-256
host samerole all 127.0.0.1/32 scram-sha-256
"""


class ServerBusy(ServerTrouble):
    """Another program of ours holds this data folder."""


class Server:
    """One embedded PostgreSQL server over `home`; a context manager, or start() and stop().

    `stays` tells short commands that they may join this server: it will not go soon.
    """

    def __init__(
        self, home: Path, *, stays: bool = False, binaries: Binaries | None = None
    ) -> None:
        self._stays = stays
        self.home = home
        self._account = account_for_server()
        self._place = reachable_place(home, self._account)
        self._binaries = binaries or find_binaries(self._place, self._account)
        self.folder = self._place / "postgres"
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._not_before = 0.0
        self.port = 0

    @property
    def major(self) -> int:
        """The major version, 15 or later."""
        return self._binaries.major

    @property
    def programs(self) -> Path:
        """The folder of `postgres`, `pg_dump`, `pgbench` and the like."""
        return self._binaries.bin

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while we run one."""
        return None if self._child is None else self._child.pid

    @property
    def superuser(self) -> Login:
        """The login that may do everything; only to prepare the server."""
        return superuser_login(self.home, self.port)

    @property
    def dsn(self) -> str:
        """`superuser` as a URL."""
        return url_of(self.superuser)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *, wait_s: float = 30.0) -> None:
        """Make the data folder if there is none, start the server, return when it answers.

        Waits `wait_s` for another program of ours to let go of the folder, then ServerBusy.
        Raises ServerTrouble when the server does not come up.
        """
        self._take_lock(wait_s)
        try:
            if not (self.folder / "PG_VERSION").exists():
                self._initialise()
            self._link_from_home()
            self._check_version()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server, ending its connections, and wait until it is gone.

        `at_once` writes no checkpoint: the next start recovers, or the folder goes anyway.
        """
        child, self._child = self._child, None
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            try:
                child.wait(timeout=60)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGQUIT)
                child.wait()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def tend(self) -> bool:
        """Start the server again if it died; whether it did. Call it often, from the launcher.

        When it will not start (a full disk), that is logged and tried again a second later.
        """
        if self._child is None or self._child.poll() is None:
            return False
        if time.monotonic() < self._not_before:
            return False
        try:
            self._launch()
        except (ServerTrouble, OSError) as trouble:
            log.error("postgres.not_started", reason=str(trouble))
            self._not_before = time.monotonic() + _RETRY_S
            return False
        log.warning("postgres.started_again", port=self.port)
        return True

    def _take_lock(self, wait_s: float) -> None:
        lock = (self.home / "postgres.lock").open("a+")
        until = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    lock.close()
                    raise ServerBusy(f"another program runs the server of {self.home}") from None
                time.sleep(0.05)
            else:
                lock.truncate(0)
                lock.write(_STAYS if self._stays else "passing")
                lock.flush()
                self._lock = lock
                return

    def _initialise(self) -> None:
        """Run initdb in a folder of its own and move it into place when it is whole."""
        password = _kept_password(self.home)
        unfinished = self.folder.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(unfinished, self._account.uid, self._account.gid)
        self._run_initdb(unfinished, password)
        with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(_SETTINGS)
            conf.write(f"shared_buffers = '{buffers_mb(memory_mb())}MB'\n")
        unfinished.rename(self.folder)

    def _run_initdb(self, folder: Path, password: str) -> None:
        uid, gid, groups = _identity(self._account)
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.major < 17:
            locale = ["--locale=C.UTF-8"]
        reading, writing = os.pipe()
        try:
            if uid is not None:
                os.fchown(reading, uid, -1)
            os.write(writing, password.encode() + b"\n")
            os.close(writing)
            done = subprocess.run(
                [
                    self.programs / "initdb", "-D", folder, "-U", SUPERUSER, "-E", "UTF8",
                    "--auth=scram-sha-256", f"--pwfile=/dev/fd/{reading}", "--data-checksums",
                    *locale,
                ],
                capture_output=True, text=True, check=False, pass_fds=(reading,),
                cwd=folder, env=_environment(), user=uid,
                group=gid, extra_groups=groups,
            )  # fmt: skip
        finally:
            os.close(reading)
        if done.returncode != 0:
            raise ServerTrouble(f"initdb failed: {done.stdout}{done.stderr}")

    def _link_from_home(self) -> None:
        """`home/postgres` always leads to the data, wherever it had to go."""
        link = self.home / "postgres"
        if self.folder != link and not link.is_symlink():
            link.symlink_to(self.folder)

    def _check_version(self) -> None:
        made_by = int((self.folder / "PG_VERSION").read_text().strip())
        if made_by != self.major:
            raise ServerTrouble(
                f"the data in {self.folder} belongs to PostgreSQL {made_by}, "
                f"the programs in {self.programs} are {self.major}"
            )

    def _launch(self) -> None:
        clear_left_over(self.folder)
        entrance = self.folder / "pg_hba.conf"
        entrance.write_text(_ENTRANCE.format(superuser=SUPERUSER))
        log = self.folder.with_name("postgres.log")
        if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        for _ in range(5):
            self.port = _kept_port(self.home)
            log.touch(mode=0o600)
            with log.open("ab") as output:
                begins = output.tell()
                self._child = self._spawn(output)
            if self._wait_ready(log, begins):
                return
        raise ServerTrouble(f"no port of {HOST} could be had")

    def _spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        uid, gid, groups = _identity(self._account)
        options = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": "",
        }
        command = [str(self.programs / "postgres"), "-D", str(self.folder)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
            env=_environment(), start_new_session=True, preexec_fn=_die_with_launcher(),
            user=uid, group=gid,
            extra_groups=groups,
        )  # fmt: skip

    def _wait_ready(self, log: Path, log_begins: int) -> bool:
        """True when the server answers, False when its port was taken meanwhile."""
        assert self._child is not None
        until = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < until:
            if self._child.poll() is not None:
                said = log.read_bytes()[log_begins:].decode(errors="replace")
                if "could not bind" in said:
                    (self.home / "postgres.port").unlink(missing_ok=True)
                    return False
                raise ServerTrouble(f"PostgreSQL did not start: {said[-2000:]}")
            if ready_port(self.folder, self._child.pid) == self.port:
                return True
            time.sleep(0.01)
        raise ServerTrouble(f"PostgreSQL was not ready within {_READY_WITHIN_S:.0f} s")


def superuser_login(home: Path, port: int) -> Login:
    """The superuser's login of the server over `home`."""
    return Login(HOST, port, "postgres", SUPERUSER, _kept_password(home))


def url_of(login: Login) -> str:
    """The login as a `postgresql://` URL."""
    who = f"{quote(login.user, safe='')}:{quote(login.password, safe='')}"
    return f"postgresql://{who}@{login.host}:{login.port}/{login.database}"


@contextmanager
def server_for(home: Path) -> Iterator[Login]:
    """The superuser's login of the server over `home`: of the one that runs, or of our own.

    A short command uses this: it joins the server of a running installation and leaves it
    alone afterwards, or starts one and stops it at its end.
    """
    server = Server(home)
    until = time.monotonic() + 30.0
    while True:
        try:
            server.start(wait_s=0)
            break
        except ServerBusy:
            port = ready_port(server.folder, None)
            stays = (home / "postgres.lock").read_text() == _STAYS
            if port is not None and stays:
                yield superuser_login(home, port)
                return
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
    try:
        yield server.superuser
    finally:
        server.stop()


def _kept_password(home: Path) -> str:
    """The superuser's password, made on first use and readable only to us."""
    path = home / "postgres.password"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text().strip()


def _kept_port(home: Path) -> int:
    """The port of last time if it is free, else a new one, kept for the next time."""
    path = home / "postgres.port"
    kept = int(path.read_text()) if path.exists() else 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, kept))
        except OSError:
            probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    path.write_text(f"{port}\n")
    return port


def _environment() -> dict[str, str]:
    """Nothing of our environment reaches the server but what it needs."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _identity(account: Account | None) -> tuple[int | None, int | None, list[str | int] | None]:
    """User, group and further groups for a child process; None means our own."""
    return (None, None, None) if account is None else (account.uid, account.gid, [])


def _die_with_launcher() -> Callable[[], None] | None:
    """What the child does before it becomes PostgreSQL: ask to be stopped when we die."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    launcher = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != launcher:
            os._exit(1)

    return ask
