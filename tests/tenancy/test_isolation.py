"""The wall between tenants (SAFETY R5): three tenants by the recipe stand, a naive set-up falls."""

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Job, Principal
from entrepot.kernel.refusals import NotFound
from entrepot.platform.binaries import Binaries
from entrepot.platform.database import Database, ReadTx, WrongTenant
from entrepot.platform.pools import CONTROL, Login, Seat
from entrepot.platform.sqlfile import parse_statement
from entrepot.tenancy import queries
from entrepot.tenancy.entrances import at, connect
from entrepot.tenancy.isolation import Report, Target, examine, knock
from entrepot.tenancy.isolation_probes import PROBES
from entrepot.tenancy.provisioning import create_tenant
from entrepot.tenancy.types import Kind, Tenant, TenantSettings
from entrepot.tenancy.verification import IsolationOpen, verify, verify_tenant
from tests.postgres_fixture import OPERATOR, InstalledServer, installation

ACCEPTED = {
    "NOTIFY", "own_password", "pg_current_snapshot", "row headers", "regrole from a name",
    "regrole from a number", "set row_security", "set statement_timeout",
    "set synchronous_commit", "set work_mem",
}  # fmt: skip


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[InstalledServer]:
    """A server of its own: bricks are taken out of its walls."""
    async with installation() as own:
        yield own


@pytest.fixture(scope="module")
async def three(server: InstalledServer) -> list[Tenant]:
    return [await server.tenant() for _ in range(3)]


async def test_three_tenants_by_the_recipe_stand(
    server: InstalledServer, three: list[Tenant]
) -> None:
    report = await verify(server.plane, OPERATOR)
    assert [f"{f.layer} {f.login} {f.test}: {f.detail}" for f in report.open] == []
    assert report.tenants >= 3
    inside = {"row security", "functions"}
    assert {f.test for f in report.findings if f.layer not in inside} == ACCEPTED
    assert all(f.detail for f in report.findings)
    async with server.plane.database.control(OPERATOR) as tx:
        run = await queries.last_isolation_run(tx)
        assert run is not None
        layers = await queries.list_isolation_layers(tx, run_id=run.run_id)
        findings = await queries.list_isolation_findings(tx, run_id=run.run_id, most=100_000)
    assert run.open_count == 0
    assert run.checks == sum(layer.checks for layer in layers) == report.checks.total()
    assert len(findings) == run.accepted_count == len(report.findings)


def test_there_are_enough_probes_and_each_accepted_one_has_a_reason() -> None:
    assert len(PROBES) >= 50
    assert len({(probe.layer, probe.name) for probe in PROBES}) == len(PROBES)
    assert {probe.name for probe in PROBES if probe.accepted} == ACCEPTED


async def _naive(superuser: Login, name: str) -> Target:
    """What everybody writes first: CREATE ROLE, CREATE DATABASE, nothing else."""
    connection = await connect(superuser)
    try:
        await connection.execute(f"create role {name} login password '{name}'")
        await connection.execute(f"create database {name} owner {name}")
    finally:
        await connection.close()
    login = Login(superuser.host, superuser.port, name, name, name)
    return Target(name, login)


async def _examined(superuser: Login, targets: list[Target]) -> Report:
    return await examine(targets, overseer=superuser, inside=False, rng=random.Random(5))


async def test_a_naive_set_up_falls_and_is_told_what_is_open(server: InstalledServer) -> None:
    targets = [await _naive(server.superuser, name) for name in ("naive_one", "naive_two")]
    try:
        report = await _examined(server.superuser, targets)
    finally:
        connection = await connect(server.superuser)
        for target in targets:
            await connection.execute(f"drop database {target.app.database} with (force)")
            await connection.execute(f"drop role {target.app.user}")
        await connection.close()
    assert not report.passed
    opened = {finding.test for finding in report.open}
    assert {
        "connect_pairs", "open_databases", "possessions", "pg_database", "pg_roles",
        "pg_stat_activity", "pg_describe_object", "DO", "lo_create", "txid_current",
        "create_schema",
    } <= opened  # fmt: skip
    assert len(opened) >= 40
    # The embedded server's entrance still asks for membership; the catalogue says what is open
    # without it.
    pairs = {(f.login, f.detail) for f in report.open if f.test == "connect_pairs"}
    assert ("naive_one", "naive_two") in pairs


OLDER = sorted(Path("/").glob("usr/lib/postgresql/1[5-7]/bin"))


@pytest.mark.slow
@pytest.mark.parametrize("external", [False, True])
async def test_the_recipe_stands_elsewhere(external: bool) -> None:
    """On an older PostgreSQL if the machine has one, and on a server reached by a URL whose
    entrance asks for nothing but a password: there the naive set-up lets strangers in."""
    if not external and not OLDER:
        pytest.skip("this machine has no older PostgreSQL")
    older = Binaries(OLDER[0], int(OLDER[0].parent.name)) if not external else None
    async with installation(binaries=older, external=external) as own:
        for slug in ("one", "two", "three"):
            await create_tenant(
                own.plane, OPERATOR, slug=f"elsewhere-{slug}", kind=Kind.FORWARDER,
                names={"en": slug}, settings=TenantSettings(), verify=verify_tenant,
            )  # fmt: skip
        report = await verify(own.plane, OPERATOR)
        assert report.open == []
        assert report.checks["connections"] == 4
        if external:
            naive = [await _naive(own.superuser, name) for name in ("naive_one", "naive_two")]
            fallen = await _examined(own.superuser, naive)
            entered = {f.login for f in fallen.open if f.layer == "connections"}
            assert entered == {"naive_one", "naive_two"}


@pytest.mark.parametrize(
    ("undo", "redo", "test"),
    [
        (
            "grant connect on database {a} to {b}_a",
            "revoke connect on database {a} from {b}_a",
            "connect_pairs",
        ),
        (
            "grant connect on database {a} to public",
            "revoke connect on database {a} from public",
            "open_databases",
        ),
        ("grant entrepot_owner to {b}_a", "revoke entrepot_owner from {b}_a", "memberships"),
        ("grant entrepot_app to {b}_s", "revoke entrepot_app from {b}_s", "memberships"),
        ("grant {a}_a to {b}_a", "revoke {a}_a from {b}_a", "members"),
        ("alter role {b}_a bypassrls", "alter role {b}_a nobypassrls", "powers"),
        ("alter role {b}_a createdb", "alter role {b}_a nocreatedb", "powers"),
    ],
)
async def test_each_brick_taken_out_is_found(
    server: InstalledServer, three: list[Tenant], undo: str, redo: str, test: str
) -> None:
    names = {"a": three[0].database_name, "b": three[1].database_name}
    connection = await connect(server.superuser)
    try:
        await connection.execute(undo.format(**names))
        report = await verify(server.plane, OPERATOR, only=three[1].tenant)
    finally:
        await connection.execute(redo.format(**names))
        await connection.close()
    assert test in {finding.test for finding in report.open}
    assert (await verify(server.plane, OPERATOR, only=three[1].tenant)).passed


@pytest.mark.parametrize(
    ("undo", "redo", "test"),
    [
        ("grant select on pg_stat_activity to public; grant execute on function"
         " pg_stat_get_activity(int) to public",
         "revoke select on pg_stat_activity from public; revoke execute on function"
         " pg_stat_get_activity(int) from public", "pg_stat_get_activity"),
        ("grant usage on language plpgsql to public",
         "revoke usage on language plpgsql from public", "DO"),
        ("grant delete on platform.audit to entrepot_app",
         "revoke delete on platform.audit from entrepot_app", "delete_audit"),
        ("grant select on platform.outbox to entrepot_shopper",
         "revoke select on platform.outbox from entrepot_shopper",
         "shopper reads outbox"),
        ("create function platform.loose() returns int security definer language sql"
         " as 'select 1'", "drop function platform.loose()",
         "runs as owner: platform.loose()"),
    ],
)  # fmt: skip
async def test_each_brick_inside_is_found(
    server: InstalledServer, three: list[Tenant], undo: str, redo: str, test: str
) -> None:
    connection = await connect(at(server.superuser, three[2].database_name))
    try:
        await connection.execute(undo)
        report = await verify(server.plane, OPERATOR, only=three[2].tenant)
    finally:
        await connection.execute(redo)
        await connection.close()
    assert test in {finding.test for finding in report.open}
    assert not report.passed


async def test_a_tenant_whose_isolation_is_open_is_not_opened(server: InstalledServer) -> None:
    connection = await connect(server.superuser)
    try:
        await connection.execute("grant connect on database entrepot_control to public")
        with pytest.raises(IsolationOpen, match="connect_pairs"):
            await _create(server)
    finally:
        await connection.execute("revoke connect on database entrepot_control from public")
        await connection.close()
    async with server.plane.database.control(OPERATOR) as tx:
        waiting = await queries.get_tenant(tx, word="left-open")
    assert waiting.state == "provisioning"
    assert (await _create(server)).state == "active"


async def _create(server: InstalledServer) -> Tenant:
    return await create_tenant(
        server.plane, OPERATOR, slug="left-open", kind=Kind.PARTNER, names={"en": "Left Open"},
        settings=TenantSettings(), verify=verify_tenant, database_prefix="t_test_",
    )  # fmt: skip


async def test_a_login_reaches_no_other_database(
    server: InstalledServer, three: list[Tenant]
) -> None:
    mine, other, _ = three
    for shopper in (False, True):
        login = await server.login(mine, shopper=shopper)
        for database in (other.database_name, "entrepot_control", "postgres", "entrepot_template"):
            with pytest.raises(
                (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError)
            ):
                await connect(at(login, database))


async def test_one_wall_down_a_wrong_connection_is_refused(
    server: InstalledServer, three: list[Tenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SAFETY R6: the database wall off (another tenant's way in is handed out)."""
    mine, other, _ = three
    right_login = server.directory.login

    async def wrong_login(tenant: TenantId, *, shopper: bool) -> Login:
        assert tenant == mine.tenant
        return await right_login(other.tenant, shopper=shopper)

    server.pools.forget(mine.tenant)
    monkeypatch.setattr(server.directory, "login", wrong_login)
    with pytest.raises(WrongTenant):
        async with server.database.begin(Job(mine.tenant, "test")):
            pytest.fail("a connection of another tenant was handed out")
    monkeypatch.undo()
    server.pools.forget(mine.tenant)
    async with server.database.read(Job(mine.tenant, "test")):
        pass


async def test_the_other_wall_down_no_foreign_row_is_seen(
    server: InstalledServer, three: list[Tenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SAFETY R6: the application's wall off. B's connections hold nothing of A, whatever is
    asked for, and cannot be pointed at A's database."""
    mine, other, _ = three
    canary = f"canary-{uuid4().hex}"
    connection = await server.owner(other)
    await connection.execute("insert into platform.counter (name, value) values ($1, 1)", canary)
    await connection.close()
    monkeypatch.setattr(Database, "_seat", _unchecked_seat)
    found = []
    for tenant in (mine, other):
        async with server.database.read(Job(tenant.tenant, "test")) as tx:
            found.append(await _tables_with(tx, canary))
    assert found == [[], ["platform.counter"]]


TABLES = parse_statement(
    "tables",
    "select array_agg(c.oid::regclass::text) from pg_class as c"
    " where c.relkind = 'r' and c.relnamespace >= 16384",
)


async def _tables_with(tx: ReadTx, canary: str) -> list[str]:
    """Which of our tables hold the text anywhere."""
    tables = await tx.value(TABLES)
    assert isinstance(tables, list)
    assert len(tables) > 20
    found = []
    for table in tables:
        any_row = parse_statement(
            "any_row", f"select exists (select 1 from {table} as t where t::text like :text)"
        )
        if await tx.value(any_row, text=f"%{canary}%"):
            found.append(table)
    return found


@asynccontextmanager
async def _unchecked_seat(self: Database, principal: Principal) -> AsyncIterator[Seat]:
    """`Database._seat` without asking whose the connection is."""
    assert principal.tenant is not None
    async with self._taken(principal.tenant, shopper=False) as seat:
        yield seat


async def test_an_unknown_tenant_is_not_found(server: InstalledServer) -> None:
    for nobody in ("aaaaaaaaaaaa", "not-an-id", "x' or true --"):
        with pytest.raises(NotFound):
            await server.directory.login(TenantId(nobody), shopper=False)
    assert TenantId("") == CONTROL


async def test_the_migrator_can_dump_a_hardened_database(
    server: InstalledServer, three: list[Tenant]
) -> None:
    async with server.plane.database.control(OPERATOR) as tx:
        here = (await queries.list_servers(tx))[0]
    login = await server.plane.migrator(here, OPERATOR)
    dump = await asyncio.create_subprocess_exec(
        server.postgres.programs / "pg_dump", "--role=entrepot_owner", "-h", login.host,
        "-p", str(login.port), "-U", login.user, three[0].database_name,
        env={"PGPASSWORD": login.password}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, trouble = await dump.communicate()
    assert dump.returncode == 0, trouble.decode()
    assert three[0].tenant in out.decode()


@pytest.mark.drill
async def test_thirty_tenants_stand_and_every_door_is_tried() -> None:
    """SAFETY R5 in full: all probes in 30 databases, every login knocking at every database."""
    async with installation() as own:
        made = [await own.tenant() for _ in range(30)]
        report = await verify(own.plane, OPERATOR)
        assert report.open == []
        opened = []
        for mine in made:
            for shopper in (False, True):
                login = await own.login(mine, shopper=shopper)
                for other in made:
                    if other is not mine:
                        said = await knock(at(login, other.database_name))
                        opened += [] if said is None else [said]
        assert opened == []
