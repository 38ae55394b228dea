"""Fleet migration (SAFETY R18, small): killed at random, each database is exactly old or new."""

import asyncio
import os
import random
import shutil
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from entrepot.kernel.principals import Job
from entrepot.platform import revisions
from entrepot.platform.pools import Login
from entrepot.platform.revisions import (
    History,
    Outcome,
    RevisionChanged,
    migrate,
    migrate_fleet,
    read_history,
)
from entrepot.platform.sqlfile import parse_statement
from entrepot.tenancy import queries
from entrepot.tenancy.entrances import at, connect
from entrepot.tenancy.fleet import migrate_tenants
from entrepot.tenancy.types import Tenant
from tests.postgres_fixture import OPERATOR, InstalledServer, installation

SOURCES = Path(revisions.__file__).parent.parent
BUMP = parse_statement("bump", "select platform.bump_epoch_v1('fleet')")
NEW = {
    "revisions/tenant/209901010000_platform_one.sql": (
        "alter table platform.epoch add column fleet_one integer not null default 0;"
        " select pg_sleep(0.1);"
    ),
    "revisions/tenant/209901010001_platform_two.sql": (
        "create table platform.fleet_two (x integer primary key);"
        " insert into platform.fleet_two select g from generate_series(1, 100) as g;"
        " select pg_sleep(0.1);"
    ),
    "flows/zz_fleet.sql": (
        "create or replace function platform.fleet_v1() returns integer language sql as"
        " 'select count(*)::integer from platform.fleet_two'"
    ),
}
RUNNER = """
    import asyncio, sys
    from pathlib import Path
    from entrepot.kernel.principals import Operator
    from entrepot.platform.revisions import read_history
    from entrepot.platform.settings import Settings
    from entrepot.tenancy.fleet import migrate_tenants
    from entrepot.tenancy.plane import open_plane

    async def main():
        history = read_history("tenant", Path(sys.argv[2]))
        async with open_plane(Settings(home=Path(sys.argv[1]), env="test")) as plane:
            print("begins", flush=True)
            async for outcome in migrate_tenants(plane, Operator(name="runner"), history=history):
                assert not outcome.trouble, outcome
                if outcome.applied:
                    print(outcome.database, flush=True)

    asyncio.run(main())
"""


@pytest.fixture(scope="module")
async def own() -> AsyncIterator[InstalledServer]:
    async with installation() as installed:
        yield installed


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The package's SQL with two revisions and a function more."""
    shutil.copytree(
        SOURCES, tmp_path / "sources",
        ignore=lambda folder, names: [
            n for n in names if not n.endswith(".sql") and not (Path(folder) / n).is_dir()
        ],
    )  # fmt: skip
    for name, text in NEW.items():
        (tmp_path / "sources" / name).write_text(text)
    return tmp_path / "sources"


async def _state(own: InstalledServer, database: str) -> str:
    """old, new, or what is wrong about it."""
    connection = await connect(at(own.superuser, database))
    try:
        found = await connection.fetchrow(
            "select (select count(*) from revisions.applied where name like '2099%'),"
            " (select count(*) from revisions.functions where name = 'flows/zz_fleet.sql'),"
            " (select count(*) from information_schema.columns where column_name = 'fleet_one'),"
            " (to_regclass('platform.fleet_two') is not null)::integer,"
            " (to_regproc('platform.fleet_v1') is not null)::integer"
        )
    finally:
        await connection.close()
    assert found is not None
    return {(0, 0, 0, 0, 0): "old", (2, 1, 1, 1, 1): "new"}.get(tuple(found), str(tuple(found)))


async def _keep_asking(
    own: InstalledServer, tenants: list[Tenant], failures: list[str], stop: asyncio.Event
) -> int:
    """Requests that go on meanwhile; none may fail."""
    asked = 0
    while not stop.is_set():
        for tenant in tenants:
            try:
                async with own.database.begin(Job(tenant.tenant, "test")) as tx:
                    await tx.value(BUMP)
                asked += 1
            except Exception as error:  # noqa: BLE001  every failure is what we look for
                failures.append(f"{type(error).__name__}: {error}")
        await asyncio.sleep(0.05)
    return asked


async def _run(
    own: InstalledServer, sources: Path, *, kill_after: int | None, then_s: float = 0.0
) -> int:
    """Run the runner; kill it `then_s` after it has told of `kill_after` changed databases."""
    runner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(RUNNER), str(own.settings.home), str(sources),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert runner.stdout is not None
    assert await runner.stdout.readline() == b"begins\n"
    told = 0
    while kill_after is None or told < kill_after:
        if not await runner.stdout.readline():
            return await runner.wait()
        told += 1
    await asyncio.sleep(then_s)
    if runner.returncode is None:
        runner.kill()
    return await runner.wait()


@pytest.mark.parametrize("error", [
    asyncpg.InternalClientError("cannot switch to state 12; another operation is in progress"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    ConnectionResetError(),
])  # fmt: skip
async def test_a_database_cut_off_on_its_way_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def cut(login: Login, history: History) -> Outcome:
        if login.database == "cut":
            raise error
        return Outcome(login.database, ("one",))

    monkeypatch.setattr(revisions, "migrate", cut)
    logins = [Login("", 0, name, "", "") for name in ("first", "cut", "last")]
    told = {o.database: o async for o in migrate_fleet(logins, History((), ()), at_once=1)}
    assert {name for name, o in told.items() if o.applied} == {"first", "last"}
    assert type(error).__name__ in told["cut"].trouble


@pytest.mark.crash
async def test_a_fleet_killed_on_its_way_arrives(own: InstalledServer, newer: Path) -> None:
    await _kill_on_the_way(own, newer, tenants=10, kills=4)


@pytest.mark.drill
async def test_a_large_fleet_killed_often_arrives(newer: Path) -> None:
    async with installation() as own:
        await _kill_on_the_way(own, newer, tenants=50, kills=20)


async def _kill_on_the_way(own: InstalledServer, newer: Path, *, tenants: int, kills: int) -> None:
    seed = int(os.environ.get("ENTREPOT_SEED", time.time_ns() % 1_000_000))
    print(f"seed {seed}")
    rng = random.Random(seed)
    made = [await own.tenant() for _ in range(tenants)]
    names = [tenant.database_name for tenant in made]
    failures: list[str] = []
    stop = asyncio.Event()
    asking = asyncio.create_task(_keep_asking(own, made, failures, stop))
    seen: list[list[str]] = []
    left = tenants
    for kill in range(kills):
        share = rng.randint(0, left // (kills - kill))
        await _run(own, newer, kill_after=share, then_s=rng.uniform(0.0, 0.25))
        await asyncio.sleep(0.3)
        seen.append([await _state(own, name) for name in names])
        left = seen[-1].count("old")
    assert await _run(own, newer, kill_after=None) == 0
    stop.set()
    assert await asking > 0
    assert failures == []
    print([f"{states.count('new')} of {tenants} new" for states in seen])
    assert "old" in seen[0], "the first kill came too late to show anything"
    assert {state for states in seen for state in states} <= {"old", "new"}
    assert [await _state(own, name) for name in names] == ["new"] * tenants
    fresh = await own.tenant()
    assert await _state(own, fresh.database_name) == "new"


@pytest.mark.slow
async def test_a_lock_that_is_held_is_waited_for_and_then_told(own: InstalledServer) -> None:
    tenant = await own.tenant()
    history = read_history("tenant")
    extra = revisions.Script(
        "209902010000_platform_locked", "alter table platform.counter add x int", "c"
    )
    longer = revisions.History((*history.revisions, extra), history.functions)
    async with own.plane.database.control(OPERATOR) as tx:
        here = (await queries.list_servers(tx))[0]
    login = at(await own.plane.migrator(here, OPERATOR), tenant.database_name)
    holder = await own.owner(tenant)
    await holder.execute("begin; lock table platform.counter in access share mode")
    waiting = asyncio.create_task(migrate(login, longer))
    await asyncio.sleep(2.6)
    assert not waiting.done()
    await holder.execute("commit")
    await holder.close()
    assert "209902010000_platform_locked" in (await waiting).applied
    assert (await migrate(login, longer)).applied == ()


async def test_an_edited_revision_is_refused_and_nothing_is_half_done(
    own: InstalledServer,
) -> None:
    tenant = await own.tenant()
    history = read_history("tenant")
    first = history.revisions[0]
    edited = revisions.Script(first.name, first.text + " ", "another checksum")
    extra = revisions.Script(
        "209903010000_platform_more", "create table platform.more (x int)", "c"
    )
    async with own.plane.database.control(OPERATOR) as tx:
        here = (await queries.list_servers(tx))[0]
    login = at(await own.plane.migrator(here, OPERATOR), tenant.database_name)
    wrong = revisions.History((edited, *history.revisions[1:], extra), history.functions)
    with pytest.raises(RevisionChanged, match=first.name):
        await migrate(login, wrong)
    broken = revisions.Script("209903010001_platform_broken", "create tabel x", "c")
    half = revisions.History((*history.revisions, extra, broken), history.functions)
    with pytest.raises(asyncpg.PostgresSyntaxError) as refused:
        await migrate(login, half)
    assert "209903010001_platform_broken" in str(refused.value.__notes__)
    connection = await own.owner(tenant)
    try:
        assert await connection.fetchval("select to_regclass('platform.more')") is None
    finally:
        await connection.close()


async def test_one_tenant_in_trouble_does_not_stop_the_others(own: InstalledServer) -> None:
    tenants = [await own.tenant() for _ in range(3)]
    history = read_history("tenant")
    connection = await own.owner(tenants[1])
    await connection.execute("create table platform.in_the_way (x int)")
    await connection.close()
    extra = revisions.Script(
        "209904010000_platform_in_the_way", "create table platform.in_the_way (x int)", "c"
    )
    longer = revisions.History((*history.revisions, extra), history.functions)
    outcomes = {
        outcome.database: outcome
        async for outcome in migrate_tenants(own.plane, OPERATOR, history=longer)
    }
    assert "DuplicateTableError" in outcomes[tenants[1].database_name].trouble
    for fine in (tenants[0], tenants[2]):
        assert outcomes[fine.database_name].trouble == ""
        assert extra.name in outcomes[fine.database_name].applied
