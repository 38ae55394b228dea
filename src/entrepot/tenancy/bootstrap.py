"""Prepares a PostgreSQL server for tenants, as its superuser, once: roles, control database,
the hardened template. Running it again changes nothing that stands."""

from datetime import datetime
from pathlib import Path

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.platform.pools import Login
from entrepot.platform.revisions import History, read_history
from entrepot.platform.revisions import migrate as migrate_database
from entrepot.platform.secrets import SealingKey, read_key
from entrepot.platform.settings import Settings
from entrepot.tenancy.entrances import (
    Connection,
    StartupRefused,
    at,
    connect,
    control_login,
    make_control_password,
    refuse_unless_durable,
)
from entrepot.tenancy.scram import new_password, verifier
from entrepot.tenancy.types import (
    CONTROL_DATABASE,
    CONTROL_LOGIN,
    LOCAL_SERVER,
    MIGRATOR,
    PROVISIONER,
    TEMPLATE,
)

_LOCK = 0x456E7473
_OLDEST_MAJOR = 15
_ROLES = {
    "entrepot_owner": "nologin",
    "entrepot_app": "nologin",
    "entrepot_shopper": "nologin",
    MIGRATOR: "login connection limit 40",
    PROVISIONER: "login createrole createdb connection limit 40",
    CONTROL_LOGIN: "login",
}


class Prepared(msgspec.Struct, frozen=True):
    """What preparing did: nothing new when the server was ready."""

    major: int
    made: tuple[str, ...]


async def prepare(settings: Settings, superuser: Login, now: datetime) -> Prepared:
    """Make the server ready: durable, roles, control database and template, both migrated.

    Raises StartupRefused when the server is not durable, too old, or sealed by another key;
    platform.secrets.KeyTrouble when the key-encryption key may not be used.
    """
    await refuse_unless_durable(superuser)
    key = read_key(settings.key_file, env=settings.env)
    connection = await connect(superuser)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        major = connection.get_server_version().major
        if major < _OLDEST_MAJOR:
            raise StartupRefused(f"PostgreSQL {major} is too old: {_OLDEST_MAJOR} is the oldest")
        made = await _make_roles(connection, major)
        made += await _make_control_login(connection, settings, new_role=CONTROL_LOGIN in made)
        made += await _make_database(connection, superuser, CONTROL_DATABASE)
        made += await _make_database(connection, superuser, TEMPLATE)
        await _keep_books(connection, settings, key, superuser, major, now)
    finally:
        await connection.close(timeout=5)
    return Prepared(major, tuple(made))


async def _make_roles(connection: Connection, major: int) -> list[str]:
    known = {row[0] for row in await connection.fetch("select rolname from pg_roles")}
    new = [role for role in _ROLES if role not in known]
    if not new:
        return []
    # From 16 on the provisioner can act as owner only when it says so, and hand out the groups
    # without using them; 15 knows neither, there it inherits (told by the isolation report).
    careful = " with inherit false, set true" if major >= 16 else ""
    hand_out = " with admin true, inherit false, set false" if major >= 16 else ""
    statements = [f"create role {role} {_ROLES[role]}" for role in new]
    statements += [
        f"grant entrepot_owner to {MIGRATOR}",
        f"grant entrepot_owner to {PROVISIONER}{careful}",
        f"grant pg_signal_backend to {PROVISIONER}",
    ]
    if major >= 16:
        statements.append(f"grant entrepot_app, entrepot_shopper to {PROVISIONER}{hand_out}")
    statements += [f"revoke all on database {await _here(connection)}, template1 from public"]
    statements += [
        f"grant connect on database {await _here(connection)} to {MIGRATOR}, {PROVISIONER}"
    ]
    async with connection.transaction():
        await connection.execute(";".join(statements))
    return new


async def _here(connection: Connection) -> str:
    return str(await connection.fetchval("select quote_ident(current_database())"))


async def _make_control_login(
    connection: Connection, settings: Settings, *, new_role: bool
) -> list[str]:
    password, new_password_file = make_control_password(settings)
    if not (new_role or new_password_file):
        return []
    await connection.execute(f"alter role {CONTROL_LOGIN} password '{verifier(password)}'")
    return ["control.password"]


async def _make_database(connection: Connection, superuser: Login, name: str) -> list[str]:
    """Create and harden one of our own databases; a half-made one is made again."""
    marked = await connection.fetchval(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = $1", name
    )
    if marked is not None:
        return []
    await connection.execute(f"drop database if exists {name}")
    await connection.execute(
        f"create database {name} template template0 owner entrepot_owner encoding 'UTF8'"
    )
    await connection.execute(f"revoke all on database {name} from public")
    file = "control_hardening.sql" if name == CONTROL_DATABASE else "hardening.sql"
    inside = await connect(at(superuser, name))
    try:
        await inside.execute((Path(__file__).parent / file).read_text(encoding="utf-8"))
    finally:
        await inside.close(timeout=5)
    if name == CONTROL_DATABASE:
        await connection.execute(f"grant connect on database {name} to {CONTROL_LOGIN}")
    await connection.execute(f"comment on database {name} is 'made and hardened by Entrepot'")
    return [name]


async def _keep_books(
    connection: Connection,
    settings: Settings,
    key: SealingKey,
    superuser: Login,
    major: int,
    now: datetime,
) -> None:
    """Migrate the control database, register this server, seal its maintenance passwords."""
    passwords = {MIGRATOR: new_password(), PROVISIONER: new_password()}
    control = control_login(settings)
    books = await _open_books(control)
    if books is not None:
        try:
            await _check_key(books, key)
            known = await _known_passwords(books, key)
        finally:
            await books.close(timeout=5)
        if known is not None:
            passwords = known
    if books is None or known is None:
        for role, password in passwords.items():
            await connection.execute(f"alter role {role} password '{verifier(password)}'")
    here = Login(superuser.host, superuser.port, superuser.database, MIGRATOR, passwords[MIGRATOR])
    await migrate_database(at(here, CONTROL_DATABASE), read_history("control"))
    await _register(control, key, here, passwords, major, now)
    await migrate_template(here)


async def _open_books(control: Login) -> Connection | None:
    """The control database, or None when it has no tenancy tables yet."""
    connection = await connect(control)
    if await connection.fetchval("select to_regclass('tenancy.sealing_key') is not null"):
        return connection
    await connection.close(timeout=5)
    return None


async def _check_key(books: Connection, key: SealingKey) -> None:
    marks = [row[0] for row in await books.fetch("select fingerprint from tenancy.sealing_key")]
    if marks and key.fingerprint not in marks:
        raise StartupRefused(
            f"the credentials were sealed by key {', '.join(marks)}, this key is {key.fingerprint}"
        )


async def _known_passwords(books: Connection, key: SealingKey) -> dict[str, str] | None:
    rows = await books.fetch(
        "select name, version, sealed from tenancy.credential where owner = $1 and name = any($2)",
        LOCAL_SERVER, [MIGRATOR, PROVISIONER],
    )  # fmt: skip
    found = {
        name: key.unseal(sealed, owner=LOCAL_SERVER, name=name, version=version).decode()
        for name, version, sealed in rows
    }
    return found if len(found) == 2 else None


async def _register(
    control: Login,
    key: SealingKey,
    here: Login,
    passwords: dict[str, str],
    major: int,
    now: datetime,
) -> None:
    books = await connect(control)
    try:
        async with books.transaction():
            await books.execute(
                "insert into tenancy.sealing_key (fingerprint, demo, since) values ($1, $2, $3)"
                " on conflict do nothing",
                key.fingerprint, key.demo, now,
            )  # fmt: skip
            await books.execute(
                "insert into tenancy.server (server_id, name, host, port, maintenance_database,"
                " major, open_for_new, added_at) values ($1, $2, $3, $4, $5, $6, true, $7)"
                " on conflict (name) do update"
                " set host = excluded.host, port = excluded.port, major = excluded.major",
                new_id(now), LOCAL_SERVER, here.host, here.port, here.database, major, now,
            )  # fmt: skip
            for role, password in passwords.items():
                sealed = key.seal(password.encode(), owner=LOCAL_SERVER, name=role, version=1)
                await books.execute(
                    "delete from tenancy.credential where owner = $1 and name = $2",
                    LOCAL_SERVER, role,
                )  # fmt: skip
                await books.execute(
                    "insert into tenancy.credential (owner, name, version, login, sealed, made_at)"
                    " values ($1, $2, 1, $2, $3, $4)",
                    LOCAL_SERVER, role, sealed, now,
                )  # fmt: skip
    finally:
        await books.close(timeout=5)


async def migrate_template(migrator: Login, history: History | None = None) -> tuple[str, ...]:
    """Bring the template up to date, keeping provisioning away meanwhile.

    Returns the names applied. Between calls nobody can connect to the template.
    """
    history = read_history("tenant") if history is None else history
    connection = await connect(migrator, role="entrepot_owner")
    try:
        await connection.execute("select pg_advisory_lock($1)", TEMPLATE_LOCK)
        await connection.execute(f"alter database {TEMPLATE} allow_connections true")
        try:
            outcome = await migrate_database(at(migrator, TEMPLATE), history)
        finally:
            await connection.execute(
                f"alter database {TEMPLATE} allow_connections false;"
                f"alter database {TEMPLATE} is_template true"
            )
        return outcome.applied
    finally:
        await connection.close(timeout=5)


TEMPLATE_LOCK = 0x456E7474
"""Advisory lock of the maintenance database: provisioning shares it, migrating has it alone."""
