"""The fleet runner: brings databases to the newest revision of their history.

Two linear histories, control and tenant: `.sql` files in order of name, then the files of
functions that changed, lower floors first. One database changes in one transaction, so it is
exactly old or new whenever we are killed; the next run takes up the rest.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

import asyncpg
import msgspec

from entrepot.platform.pools import DRIVER_ERRORS, Login

_PAUSES_S = (0.3, 0.6, 1.2, 2.4, 4.8)
_LOCK = 0x456E7472
_SOURCES = Path(__file__).parent.parent
_ROOMS = (  # lower floors first
    "platform", "tenancy", "notices", "access", "catalog", "media", "nodes", "parties",
    "carriers", "papers", "parcels", "payments", "stock", "counts", "shipments", "consolidation",
    "integrations", "orders", "partners", "routing", "reconciliation", "reports",
)  # fmt: skip
_BOOKS = "create schema if not exists revisions;" + "".join(
    f"create table if not exists revisions.{book} (name text primary key, checksum text not null,"
    " applied_at timestamptz not null default now());"
    for book in ("applied", "functions")
)
_NOTE = (
    "insert into revisions.{book} (name, checksum) values ($1, $2)"
    " on conflict (name) do update set checksum = excluded.checksum, applied_at = default"
)


class RevisionChanged(Exception):
    """A revision was edited after it had been applied; write a new one instead."""


class Script(msgspec.Struct, frozen=True):
    """One `.sql` file: its name in the books, its text and the SHA-256 of it."""

    name: str
    text: str
    checksum: str


class History(msgspec.Struct, frozen=True):
    """What a database of one kind has to have: revisions, then functions, both in order."""

    revisions: tuple[Script, ...]
    functions: tuple[Script, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What the run did to one database; `trouble` is empty when it is up to date now."""

    database: str
    applied: tuple[str, ...]
    trouble: str = ""


def read_history(kind: Literal["control", "tenant"], sources: Path = _SOURCES) -> History:
    """The history of one kind of database, from the package's files."""
    prefix = "control_" if kind == "control" else ""
    functions = [p for r in _ROOMS for p in sorted((sources / r).glob(f"{prefix}functions*.sql"))]
    if kind == "tenant":
        functions += sorted((sources / "flows").glob("*.sql"))
    revisions = sorted((sources / "revisions" / kind).glob("*.sql"))

    def script(path: Path, name: str) -> Script:
        text = path.read_bytes()
        return Script(name, text.decode(), hashlib.sha256(text).hexdigest())

    return History(
        tuple(script(path, path.stem) for path in revisions),
        tuple(script(path, f"{path.parent.name}/{path.name}") for path in functions),
    )


async def migrate(login: Login, history: History) -> Outcome:
    """Bring one database up to date as its owner; waits 2 s at most for any lock, then retries.

    Raises RevisionChanged, and whatever PostgreSQL says of a wrong revision.
    """
    for pause_s in _PAUSES_S:
        try:
            return await _migrate_once(login, history)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(pause_s)
    return await _migrate_once(login, history)


async def migrate_fleet(
    logins: Sequence[Login], history: History, *, at_once: int = 4
) -> AsyncIterator[Outcome]:
    """Bring many databases up to date, `at_once` at a time; yields each as it is done.

    A database that fails is told in its outcome and does not stop the others.
    """
    places = asyncio.Semaphore(at_once)

    async def one(login: Login) -> Outcome:
        async with places:
            try:
                return await migrate(login, history)
            except (RevisionChanged, *DRIVER_ERRORS) as error:
                return Outcome(login.database, (), f"{type(error).__name__}: {error}")

    tasks = [asyncio.create_task(one(login)) for login in logins]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()


async def _migrate_once(login: Login, history: History) -> Outcome:
    connection = await asyncpg.connect(
        host=login.host, port=login.port, database=login.database, user=login.user,
        password=login.password, statement_cache_size=0,
        server_settings={"role": "entrepot_owner", "lock_timeout": "2s"},
    )  # fmt: skip
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
            await connection.execute(_BOOKS)
            applied = await _apply(connection, history.revisions, "applied")
            applied += await _apply(connection, history.functions, "functions")
        return Outcome(login.database, tuple(applied))
    finally:
        await connection.close(timeout=5)


async def _apply(
    connection: "asyncpg.Connection[asyncpg.Record]", wanted: Sequence[Script], book: str
) -> list[str]:
    """Run the scripts that the book lacks; functions (and only they) also when they changed."""
    rows = await connection.fetch(f"select name, checksum from revisions.{book}")
    known: dict[str, str] = {row[0]: row[1] for row in rows}
    changed = [s.name for s in wanted if known.get(s.name, s.checksum) != s.checksum]
    if changed and book == "applied":
        raise RevisionChanged(f"edited after it was applied: {', '.join(changed)}")
    pending = [s for s in wanted if s.name not in known or s.name in changed]
    for script in pending:
        try:
            await connection.execute(script.text)
        except asyncpg.PostgresError as error:
            error.add_note(f"in {script.name}")
            raise
        await connection.execute(_NOTE.format(book=book), script.name, script.checksum)
    return [script.name for script in pending]
