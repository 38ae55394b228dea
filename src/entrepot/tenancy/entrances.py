"""Ways in: the superuser's, the control login's, and the maintenance logins of each server.

The server with the control database is found through the settings: the embedded one over
`home`, or the external one that `ENTREPOT_DATABASE_URL` names. The control login's password
lies in a file of `home`; all other passwords are sealed in the control database.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import asyncpg

from entrepot.platform.pools import Login
from entrepot.platform.postgres import HOST, Server, server_for
from entrepot.platform.settings import Settings
from entrepot.tenancy.scram import new_password
from entrepot.tenancy.types import CONTROL_DATABASE, CONTROL_LOGIN

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection  # generic only in the stubs


class StartupRefused(Exception):
    """The installation must not serve; the message lists every reason at once."""


@contextmanager
def superuser_of(settings: Settings) -> Iterator[Login]:
    """The superuser's login, with the embedded server running meanwhile (for a command)."""
    if settings.database_url is not None:
        yield parse_url(settings.database_url)
        return
    with server_for(settings.home) as login:
        yield login


@contextmanager
def kept_server(settings: Settings) -> Iterator[tuple[Login, Server | None]]:
    """The same for a launcher that stays: others may join; call `tend()` on the server often."""
    if settings.database_url is not None:
        yield parse_url(settings.database_url), None
        return
    with Server(settings.home, stays=True) as server:
        yield server.superuser, server


def parse_url(url: str) -> Login:
    """A `postgresql://` URL as a login."""
    parts = urlsplit(url)
    return Login(
        host=parts.hostname or HOST,
        port=parts.port or 5432,
        database=unquote(parts.path.lstrip("/")) or "postgres",
        user=unquote(parts.username or "postgres"),
        password=unquote(parts.password or ""),
    )


def control_login(settings: Settings) -> Login:
    """The login of the control database.

    Raises StartupRefused when the installation was never prepared.
    """
    password = _password_file(settings)
    if not password.exists():
        raise StartupRefused(f"{settings.home} holds no installation yet: start the server first")
    host, port = control_address(settings)
    return Login(host, port, CONTROL_DATABASE, CONTROL_LOGIN, password.read_text().strip())


def control_address(settings: Settings) -> tuple[str, int]:
    """Host and port of the server with the control database."""
    if settings.database_url is not None:
        login = parse_url(settings.database_url)
        return login.host, login.port
    port = settings.home / "postgres.port"
    return HOST, int(port.read_text()) if port.exists() else 0


def make_control_password(settings: Settings) -> tuple[str, bool]:
    """The control login's password, and whether it was made just now."""
    path = _password_file(settings)
    if path.exists():
        return path.read_text().strip(), False
    settings.home.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(new_password())
    unfinished.rename(path)
    return path.read_text().strip(), True


def _password_file(settings: Settings) -> Path:
    return settings.home / "control.password"


async def connect(login: Login, *, role: str | None = None) -> Connection:
    """One connection without a statement cache, for administration; close it yourself."""
    return await asyncpg.connect(
        host=login.host,
        port=login.port,
        database=login.database,
        user=login.user,
        password=login.password,
        timeout=10,
        statement_cache_size=0,
        server_settings={"application_name": "entrepot-control"}
        | ({"role": role} if role is not None else {}),
    )


def at(login: Login, database: str) -> Login:
    """The same login in another database of its server."""
    return Login(login.host, login.port, database, login.user, login.password)


_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


async def refuse_unless_durable(login: Login) -> None:
    """Raise StartupRefused when the server may lose what it has acknowledged (SAFETY R19)."""
    connection = await connect(login)
    try:
        rows = await connection.fetch(
            "select s, current_setting(s) from unnest($1::text[]) as s", list(_DURABLE)
        )
    finally:
        await connection.close(timeout=5)
    off = [f"{name} is {value}" for name, value in rows if value == "off"]
    if off:
        raise StartupRefused(f"PostgreSQL may lose acknowledged work: {', '.join(off)}")
