"""Tenants are made, found, suspended, turned and deleted; whatever is cut off can be repeated."""

import asyncio
import base64
import hashlib
import hmac
from datetime import UTC, datetime

import asyncpg
import pytest

from entrepot.kernel.ids import is_tenant_id
from entrepot.kernel.principals import Job
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database
from entrepot.platform.pools import DRIVER_ERRORS, Pools
from entrepot.platform.secrets import Unsealable
from entrepot.platform.sqlfile import parse_statement
from entrepot.tenancy import provisioning, queries
from entrepot.tenancy.bootstrap import prepare
from entrepot.tenancy.directory import Directory
from entrepot.tenancy.entrances import StartupRefused, connect
from entrepot.tenancy.plane import Plane
from entrepot.tenancy.scram import verifier
from entrepot.tenancy.types import Kind, Tenant, TenantSettings
from tests.postgres_fixture import OPERATOR, InstalledServer

WHO = parse_statement("who", "select session_user::text")


async def _session_user(server: InstalledServer, tenant: Tenant) -> object:
    async with server.database.read(Job(tenant.tenant, "test")) as tx:
        return await tx.value(WHO)


async def test_a_tenant_gets_what_it_was_made_with(server: InstalledServer) -> None:
    settings = TenantSettings("JPY", "Asia/Tokyo", ("zh-TW", "en"), "metric")
    names = {"en": "Harbour", "zh-CN": "青港集运"}
    tenant = await server.tenant("harbour", kind=Kind.MERCHANT, names=names, settings=settings)
    assert is_tenant_id(tenant.tenant)
    assert tenant.state == "active"
    assert tenant.name == "Harbour"
    assert tenant.tenant not in tenant.database_name
    assert "harbour" not in tenant.database_name
    assert await _session_user(server, tenant) == f"{tenant.database_name}_a"
    connection = await server.owner(tenant)
    try:
        row = await connection.fetchrow(
            "select i.tenant, s.kind, s.slug, s.names::jsonb ->> 'zh-CN', s.base_currency, s.zone,"
            " s.languages, s.units from platform.tenant_identity as i, platform.tenant_setting as s"
        )
    finally:
        await connection.close()
    assert row is not None
    assert tuple(row) == (
        tenant.tenant, "merchant", "harbour", "青港集运", "JPY", "Asia/Tokyo", ["zh-TW", "en"],
        "metric",
    )  # fmt: skip


async def test_everything_wrong_is_said_at_once(server: InstalledServer) -> None:
    with pytest.raises(Invalid) as refused:
        await server.tenant(
            "Bad Slug", names={"en": " "}, settings=TenantSettings("yen", "Mars/Base", (), "cubits")
        )
    assert [error.path for error in refused.value.errors] == [
        "slug", "name", "base_currency", "zone", "languages", "units",
    ]  # fmt: skip


async def test_a_slug_is_given_once(server: InstalledServer) -> None:
    await server.tenant("only-once")
    with pytest.raises(Conflict) as refused:
        await server.tenant("only-once")
    assert refused.value.code == "slug_taken"


async def test_many_are_made_at_the_same_time(server: InstalledServer) -> None:
    made = await asyncio.gather(*(server.tenant() for _ in range(4)))
    assert len({tenant.database_name for tenant in made}) == 4
    assert len({await _session_user(server, tenant) for tenant in made}) == 4


@pytest.mark.parametrize("step", ["_make_roles", "_make", "_introduce", "_open"])
async def test_one_cut_off_while_made_is_finished_by_making_it_again(
    server: InstalledServer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    slug = f"cut-at{step.replace('_', '-')}"
    right = getattr(provisioning, step)

    async def cut(*given: object) -> None:
        if step == "_make":
            await right(*given)
        raise ConnectionAbortedError(step)

    monkeypatch.setattr(provisioning, step, cut)
    with pytest.raises(ConnectionAbortedError):
        await server.tenant(slug)
    monkeypatch.undo()
    tenant = await server.tenant(slug)
    assert tenant.state == "active"
    assert await _session_user(server, tenant) == f"{tenant.database_name}_a"


async def test_a_copy_nobody_could_enter_is_made_anew(
    server: InstalledServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(*_: object) -> None:
        raise ConnectionAbortedError

    monkeypatch.setattr(provisioning, "_introduce", cut)
    with pytest.raises(ConnectionAbortedError):
        await server.tenant("half-copied")
    monkeypatch.undo()
    async with server.plane.database.control(OPERATOR) as tx:
        half = await queries.get_tenant(tx, word="half-copied")
    connection = await connect(server.superuser)
    try:
        number = "select oid from pg_database where datname = $1"
        before = await connection.fetchval(number, half.database_name)
        await connection.execute(f"alter database {half.database_name} allow_connections false")
        tenant = await server.tenant("half-copied")
        assert await connection.fetchval(number, half.database_name) != before
    finally:
        await connection.close()
    assert await _session_user(server, tenant) == f"{tenant.database_name}_a"


async def test_slug_prefix_and_host_lead_to_the_tenant(server: InstalledServer) -> None:
    tenant = await server.tenant("by-many-ways")
    await provisioning.add_host(
        server.plane, OPERATOR, tenant=tenant.tenant, host="Parcels.Example.COM."
    )
    directory = server.directory
    assert await directory.tenant_of_slug("by-many-ways") == tenant.tenant
    assert await directory.tenant_of_host("parcels.example.com") == tenant.tenant
    found = await directory.tenant_from(host="whatever:8080", path="/t/by-many-ways/staff")
    assert found == tenant.tenant
    found = await directory.tenant_from(host="PARCELS.example.com:8443", path="/portal")
    assert found == tenant.tenant
    for host, path in (("unknown.example.com", "/"), ("x", "/t/nobody/"), ("x", "/t/\0/")):
        with pytest.raises(NotFound):
            await directory.tenant_from(host=host, path=path)
    other = await server.tenant()
    with pytest.raises(Conflict):
        await provisioning.add_host(
            server.plane, OPERATOR, tenant=other.tenant, host="parcels.example.com"
        )
    for wrong in ("127.0.0.1", "localhost", "a b.com", "x" * 300 + ".com", "-a.com"):
        with pytest.raises(Invalid):
            await provisioning.add_host(server.plane, OPERATOR, tenant=other.tenant, host=wrong)


async def test_a_process_that_knew_a_tenant_before_says_why_it_is_shut_out(
    server: InstalledServer,
) -> None:
    """Its directory still believes what it saw seconds ago; the server knows better."""
    directory = Directory(server.settings, server.plane.key)
    elsewhere = Database(Pools(directory, budget=4), system_clock)
    tenant = await server.tenant()
    job = Job(tenant=tenant.tenant, on_behalf_of="test")
    try:
        async with elsewhere.read(job):
            pass
        await provisioning.suspend_tenant(server.plane, OPERATOR, tenant=tenant.tenant)
        with pytest.raises(Forbidden) as refusal:
            async with elsewhere.read(job):
                pass
        assert refusal.value.code == "tenant_suspended"
        await provisioning.resume_tenant(server.plane, OPERATOR, tenant=tenant.tenant)
        directory.forget_all()
        async with elsewhere.read(job):
            pass
        await provisioning.suspend_tenant(server.plane, OPERATOR, tenant=tenant.tenant)
        await provisioning.delete_tenant(server.plane, OPERATOR, tenant=tenant.tenant)
        with pytest.raises(NotFound):
            async with elsewhere.read(job):
                pass
    finally:
        await elsewhere.pools.close()
        await directory.close()


async def test_a_suspended_tenant_is_out_at_once_and_comes_back(server: InstalledServer) -> None:
    tenant, other = await server.tenant(), await server.tenant()
    await _session_user(server, other)
    open_one = await connect(await server.login(tenant))
    await provisioning.suspend_tenant(server.plane, OPERATOR, tenant=tenant.tenant)
    with pytest.raises(DRIVER_ERRORS):
        await open_one.fetchval("select 1")
    with pytest.raises(Forbidden):
        await server.login(tenant)
    entry = await server.directory.entry(tenant.tenant)
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await connect(server.directory.login_of(entry, shopper=False))
    assert await _session_user(server, other) == f"{other.database_name}_a"
    await provisioning.resume_tenant(server.plane, OPERATOR, tenant=tenant.tenant)
    server.pools.forget(tenant.tenant)
    assert await _session_user(server, tenant) == f"{tenant.database_name}_a"


async def test_a_turned_password_touches_nobody_else(server: InstalledServer) -> None:
    tenant, other = await server.tenant(), await server.tenant()
    before = [await server.login(tenant, shopper=shopper) for shopper in (False, True)]
    others = await server.login(other)
    kept = await connect(before[0])
    version = await provisioning.rotate_password(server.plane, OPERATOR, tenant=tenant.tenant)
    assert version == 2
    for old in before:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await connect(old)
    for shopper in (False, True):
        await (await connect(await server.login(tenant, shopper=shopper))).close()
    assert await kept.fetchval("select 1") == 1
    await kept.close()
    await (await connect(others)).close()


async def test_another_process_notices_a_turned_password(server: InstalledServer) -> None:
    tenant = await server.tenant()
    directory = Directory(server.settings, server.plane.key)
    pools = Pools(directory, budget=4)
    elsewhere = Database(pools, system_clock)
    try:
        async with elsewhere.read(Job(tenant.tenant, "test")) as tx:
            await tx.value(WHO)
        pools.forget(tenant.tenant)
        await provisioning.rotate_password(server.plane, OPERATOR, tenant=tenant.tenant)
        async with elsewhere.read(Job(tenant.tenant, "test")) as tx:
            assert await tx.value(WHO) == f"{tenant.database_name}_a"
    finally:
        await pools.close()
        await directory.close()


async def test_a_credential_copied_to_another_tenant_does_not_open(
    server: InstalledServer,
) -> None:
    tenant, other = await server.tenant(), await server.tenant()
    connection = await connect(await server.directory.control_login())
    try:
        sealed = await connection.fetchval(
            "select sealed from tenancy.credential where owner = $1 and name = 'app'", other.tenant
        )
        await connection.execute(
            "insert into tenancy.credential (owner, name, version, login, sealed, made_at)"
            " values ($1, 'app', 9, 'x', $2, now())", tenant.tenant, sealed,
        )  # fmt: skip
        server.directory.forget(tenant.tenant)
        with pytest.raises(Unsealable):
            await server.directory.login(tenant.tenant, shopper=False)
    finally:
        await connection.execute(
            "delete from tenancy.credential where owner = $1 and version = 9", tenant.tenant
        )
        await connection.close()
    server.directory.forget(tenant.tenant)
    await server.directory.login(tenant.tenant, shopper=False)


async def test_a_deleted_tenant_leaves_nothing_but_its_slug(server: InstalledServer) -> None:
    tenant = await server.tenant("gone-for-good", names={"en": "Secret Name"})
    with pytest.raises(Conflict):
        await provisioning.delete_tenant(server.plane, OPERATOR, tenant=tenant.tenant)
    held = await connect(await server.login(tenant))
    await provisioning.suspend_tenant(server.plane, OPERATOR, tenant=tenant.tenant)
    await provisioning.delete_tenant(server.plane, OPERATOR, tenant=tenant.tenant)
    held.terminate()
    connection = await connect(server.superuser)
    try:
        left = await connection.fetchval(
            "select count(*) from (select datname from pg_database union all"
            " select rolname from pg_roles) as x (name) where name like $1",
            tenant.database_name + "%",
        )
    finally:
        await connection.close()
    assert left == 0
    async with server.plane.database.control(OPERATOR) as tx:
        row = await queries.get_tenant(tx, word="gone-for-good")
    assert (row.state, row.names, row.database_name) == ("deleted", b"{}", "")
    with pytest.raises(NotFound):
        await server.directory.entry(tenant.tenant)
    with pytest.raises(Conflict):
        await server.tenant("gone-for-good")


async def test_preparing_again_changes_nothing(server: InstalledServer) -> None:
    login = await server.directory.control_login()
    again = await prepare(server.settings, server.superuser, datetime.now(UTC))
    assert again.made == ()
    assert await server.directory.control_login() == login
    await server.tenant()


async def test_another_sealing_key_is_found_out_at_the_start(server: InstalledServer) -> None:
    path = server.settings.key_file
    right = path.read_bytes()
    try:
        path.write_bytes(bytes(reversed(right)))
        with pytest.raises(StartupRefused, match="sealed by key"):
            await prepare(server.settings, server.superuser, datetime.now(UTC))
    finally:
        path.write_bytes(right)


async def test_the_directory_outlives_a_cut_connection(server: InstalledServer) -> None:
    tenant = await server.tenant()
    plane: Plane = server.plane
    directory = Directory(server.settings, plane.key)
    try:
        await directory.entry(tenant.tenant)
        superuser = await connect(server.superuser)
        await superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'entrepot_control' and application_name = 'entrepot-control'"
        )
        await superuser.close()
        directory.forget_all()
        assert (await directory.entry(tenant.tenant)).slug == tenant.slug
    finally:
        await directory.close()


async def test_the_directory_outlives_a_driver_that_lost_its_place(
    server: InstalledServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut that is heard of while a question is on its way: what asyncpg raised in a CI run."""
    tenant = await server.tenant()
    plane: Plane = server.plane
    directory = Directory(server.settings, plane.key)
    asked = 0

    async def lost(connection: object, query: str, *args: object) -> object:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise asyncpg.InternalClientError("another operation (2) is in progress")
        return await right(connection, query, *args)

    right = asyncpg.Connection.fetchrow
    monkeypatch.setattr(asyncpg.Connection, "fetchrow", lost)
    try:
        assert (await directory.entry(tenant.tenant)).slug == tenant.slug
        assert asked == 2
    finally:
        await directory.close()


async def test_passwords_travel_as_verifiers(server: InstalledServer) -> None:
    """RFC 7677 gives a vector: user, pencil, 4096 rounds, this salt; server signature in it."""
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    made = verifier("pencil", salt=salt)
    stored, server_key = (base64.b64decode(part) for part in made.split("$")[2].split(":"))
    said = (
        b"n=user,r=rOprNGfwEbeRWgbNEkqO,"
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    signature = hmac.digest(server_key, said, "sha256")
    assert base64.b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    client_key = bytes(
        a ^ b for a, b in zip(proof, hmac.digest(stored, said, "sha256"), strict=True)
    )
    assert hashlib.sha256(client_key).digest() == stored
