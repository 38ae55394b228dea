"""Isolation verified: what one tenant's logins can see or do of anything that is not theirs.

Four layers for every tenant: the catalogue of the server (all pairs of login and database by
one query), probes tried under both logins in the tenant's own database, what that database
says of its own tables and functions, and real connections of the newest tenant's logins to
others and back. Anything that is neither closed nor on the accept
list fails; an answer we do not understand counts as open.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import asyncpg
import msgspec

from entrepot.platform.pools import DRIVER_ERRORS, Login
from entrepot.platform.sqlfile import load_sql
from entrepot.tenancy.entrances import Connection, at, connect
from entrepot.tenancy.isolation_probes import PROBES, Probe
from entrepot.tenancy.types import PROVISIONER

SQL = load_sql(__file__, "isolation.sql")

OPEN = "open"
ACCEPTED = "accepted"
_AT_ONCE = 4
_OTHERS = 5
_CATALOGUE = (
    "connect_pairs", "open_databases", "powers", "memberships", "members",
    "owners",
    "possessions", "grants_elsewhere",
)  # fmt: skip
_INSIDE = {
    "row security": "inside_shopper_tables",
    "own tables": "inside_writable_records",
    "functions": "inside_functions",
    "public": "inside_public",
}
# Privilege, no such function or relation here, feature or extension not there, no such role.
_REFUSED = frozenset({"42501", "42883", "42P01", "0A000", "58P01", "22023", "42704"})
_NO_ENTRY = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InsufficientPrivilegeError,
)


class Target(msgspec.Struct, frozen=True):
    """A tenant to examine, by the two logins of its database."""

    tenant: str
    app: Login
    shopper: Login | None = None

    @property
    def logins(self) -> list[Login]:
        """Both logins, or the one there is."""
        return [self.app] if self.shopper is None else [self.app, self.shopper]


class Finding(msgspec.Struct, frozen=True):
    """Something not closed: `result` is open or accepted, `detail` says more or why."""

    layer: str
    tenant: str
    login: str
    test: str
    result: str
    detail: str


class Report(msgspec.Struct):
    """What an examination found. `checks` counts per layer."""

    tenants: int
    checks: Counter[str]
    findings: list[Finding]

    @property
    def open(self) -> list[Finding]:
        """What must be closed and is not."""
        return [finding for finding in self.findings if finding.result == OPEN]

    @property
    def passed(self) -> bool:
        """Whether nothing is open."""
        return not self.open

    def add(self, layer: str, checks: int, findings: Sequence[Finding]) -> None:
        """Take in what one check said."""
        self.checks[layer] += checks
        self.findings.extend(findings)


class _Stranger(msgspec.Struct, frozen=True):
    other: str
    other_oid: int
    other_database: str
    other_database_oid: int


async def examine(
    targets: Sequence[Target],
    *,
    overseer: Login,
    probed: Sequence[Target] | None = None,
    inside: bool = True,
    rng: random.Random,
) -> Report:
    """Examine the tenants of one server.

    `targets` are all of them, newest last; `probed` those whose databases are entered (all by
    default). `overseer` logs in to the maintenance database and, when `inside`, to the
    tenants' (it is the migrator). The newest login's real connections are tried against five
    others chosen by `rng`, and back.
    """
    probed = targets if probed is None else probed
    report = Report(len(probed), Counter(), [])
    connection = await connect(overseer)
    try:
        await _ask_catalogue(connection, targets, report)
        strangers = {
            target.tenant: await _stranger(connection, targets, target) for target in probed
        }
    finally:
        await connection.close(timeout=5)
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(target: Target) -> None:
        async with places:
            await _probe_target(target, strangers[target.tenant], report)
            if inside:
                await _look_inside(at(overseer, target.app.database), target, report)

    await asyncio.gather(*(one(target) for target in probed))
    if probed:
        await _try_doors(probed[-1], targets, report, rng)
    return report


def _both(targets: Sequence[Target]) -> dict[str, object]:
    logins = [login for target in targets for login in target.logins]
    return {"logins": [login.user for login in logins], "own": [login.database for login in logins]}


async def _ask_catalogue(connection: Connection, targets: Sequence[Target], report: Report) -> None:
    given = _both(targets)
    owners = {login.user: target.tenant for target in targets for login in target.logins}
    databases = await connection.fetchval("select count(*) from pg_database")
    major = connection.get_server_version().major
    for name in _CATALOGUE:
        statement = SQL[name]
        wanted = {param: given[param] for param in statement.params}
        rows = await connection.fetch(statement.sql, *statement.arguments(wanted))
        found = [
            _listed(name, owners.get(login, ""), login, detail, major) for login, detail in rows
        ]
        checks = len(owners) * databases if name == "connect_pairs" else max(len(owners), 1)
        report.add("catalogue", checks, found)


def _listed(name: str, tenant: str, login: str, detail: str, major: int) -> Finding:
    if name in ("owners", "connect_pairs") and login == PROVISIONER and major < 16:
        reason = "PostgreSQL 15 cannot grant a role without its rights; it is no tenant's login"
        return Finding("catalogue", tenant, login, name, ACCEPTED, reason)
    return Finding("catalogue", tenant, login, name, OPEN, detail)


async def _stranger(connection: Connection, targets: Sequence[Target], target: Target) -> _Stranger:
    others = [login.user for t in targets if t is not target for login in t.logins]
    statement = SQL["strangers"]
    row = await connection.fetchrow(
        statement.sql, *statement.arguments({"logins": others, "own": target.app.database})
    )
    if row is None:
        raise LookupError("the server has no other role to try")
    return _Stranger(*row)


async def _probe_target(target: Target, stranger: _Stranger, report: Report) -> None:
    results = await asyncio.gather(
        *(_probe_login(target, login, stranger) for login in target.logins)
    )
    for checks, findings in results:
        for layer, count in checks.items():
            report.add(layer, count, [f for f in findings if f.layer == layer])


async def _probe_login(
    target: Target, login: Login, stranger: _Stranger
) -> tuple[Counter[str], list[Finding]]:
    """Try every probe under one login; a refusal is what we hope for."""
    words = msgspec.structs.asdict(stranger) | {"own": login.user, "database": login.database}
    kind = "shopper" if login is target.shopper else "app"
    checks: Counter[str] = Counter()
    findings: list[Finding] = []
    connection = await connect(login)
    try:
        for probe in PROBES:
            if probe.only not in ("", kind):
                continue
            checks[probe.layer] += 1
            said = await _try(connection, probe, words)
            if said is None:
                continue
            result, detail = (ACCEPTED, probe.accepted) if probe.accepted else (OPEN, said)
            findings.append(
                Finding(probe.layer, target.tenant, login.user, probe.name, result, detail)
            )
    finally:
        connection.terminate()
    return checks, findings


async def _try(connection: Connection, probe: Probe, words: dict[str, str]) -> str | None:
    """None when the probe is closed, else what happened."""
    sql = probe.sql.format(**words)
    try:
        if probe.effect:
            await connection.execute(f"begin; {sql}; rollback")
            return "works"
        tag = await connection.execute(sql)
        if probe.undo:
            await connection.execute(probe.undo.format(**words))
    except asyncpg.PostgresError as error:
        if connection.is_in_transaction():
            await connection.execute("rollback")
        refused = error.sqlstate in _REFUSED
        return None if refused else f"unclear: {error.sqlstate} {error}"
    return None if probe.needs_rows and tag == "SELECT 0" else f"works: {tag}"


async def _look_inside(login: Login, target: Target, report: Report) -> None:
    """What the tenant's own database says of its tables and functions."""
    connection = await connect(login)
    try:
        for layer, name in _INSIDE.items():
            rows = await connection.fetch(SQL[name].sql)
            found = [
                Finding(layer, target.tenant, "", test, result, detail)
                for test, result, detail in rows
            ]
            report.add(layer, 1, found)
    finally:
        await connection.close(timeout=5)


async def _try_doors(
    newest: Target, targets: Sequence[Target], report: Report, rng: random.Random
) -> None:
    """Real connections: the newest tenant's logins into others' databases, and back."""
    others = [target for target in targets if target.tenant != newest.tenant]
    chosen = rng.sample(others, min(_OTHERS, len(others)))
    attempts = [
        (source, source.logins[number % len(source.logins)], door)
        for number, other in enumerate(chosen)
        for source, door in ((newest, other), (other, newest))
    ]
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(source: Target, login: Login, door: Target) -> list[Finding]:
        async with places:
            said = await knock(at(login, door.app.database))
        if said is None:
            return []
        return [Finding("connections", source.tenant, login.user, "connects", OPEN, said)]

    for found in await asyncio.gather(*(one(*attempt) for attempt in attempts)):
        report.add("connections", 1, found)


async def knock(login: Login) -> str | None:
    """None when the server does not let this login in, else what happened."""
    try:
        connection = await connect(login)
    except _NO_ENTRY:
        return None
    except DRIVER_ERRORS as error:
        return f"unclear: {type(error).__name__} {error}"
    connection.terminate()
    return f"enters {login.database}"
