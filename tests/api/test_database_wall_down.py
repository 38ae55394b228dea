"""S1.30: the database's wall is torn down; permission checks of the application hold alone.

One login may enter every tenant's database, and the app uses it for everybody. Then every call
of tenant A that names something of tenant B is asked again: 404, or an empty search. Calls
without their permission are 403 and keys of one house open no other, as with the wall up.
"""

import copy
import secrets
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import asyncpg
import msgspec
import pytest

from entrepot.access.permissions import PERMISSIONS
from entrepot.kernel.ids import TenantId
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database
from entrepot.platform.pools import Login, Pools
from entrepot.tenancy.directory import Directory
from entrepot.tenancy.entrances import at, connect
from entrepot.tenancy.types import Tenant
from tests.api.harness import api_app, key_for
from tests.api.test_tenant_matrix import (
    CANARY,
    FOREIGN,
    OPERATIONS,
    Operation,
    World,
    ask,
    build_world,
    named,
)
from tests.postgres_fixture import InstalledServer, installation

EVERYWHERE = "everywhere"


class OneLogin:
    """A directory that hands out the same login for everybody."""

    def __init__(self, directory: Directory, password: str) -> None:
        self._directory = directory
        self._password = password

    async def login(self, tenant: TenantId, *, shopper: bool) -> Login:
        found = await self._directory.login(tenant, shopper=shopper)
        return msgspec.structs.replace(found, user=EVERYWHERE, password=self._password)

    async def control_login(self) -> Login:
        return await self._directory.control_login()

    def forget(self, tenant: TenantId) -> None:
        self._directory.forget(tenant)


class Loose(NamedTuple):
    """Two tenants behind one login."""

    server: InstalledServer
    app: Any
    ours: World
    theirs: World
    login: Login


async def let_in_everywhere(own: InstalledServer, tenant: Tenant) -> None:
    """Give the one login what the tenant's own logins have."""
    superuser = await connect(own.superuser)
    name = tenant.database_name
    await superuser.execute(f"grant {name} to {EVERYWHERE}")
    await superuser.execute(f"grant connect on database {name} to {EVERYWHERE}")
    await superuser.close()


@pytest.fixture(scope="module")
async def loose() -> AsyncIterator[Loose]:
    async with installation() as own:
        password = secrets.token_urlsafe(18)
        superuser = await connect(own.superuser)
        await superuser.execute(
            f"create role {EVERYWHERE} login inherit password '{password}' in role entrepot_app"
        )
        await superuser.close()
        server = copy.copy(own)
        server.pools = Pools(OneLogin(own.directory, password), budget=20)
        server.database = Database(server.pools, system_clock)

        async def tenant(*args: Any, **kwargs: Any) -> Tenant:
            made = await own.tenant(*args, **kwargs)
            await let_in_everywhere(own, made)
            return made

        server.tenant = tenant  # type: ignore[method-assign]
        app = api_app(server)
        ours = await build_world(server, app, "A")
        theirs = await build_world(server, app, "B")
        login = msgspec.structs.replace(
            at(own.superuser, theirs.tenant.database_name), user=EVERYWHERE, password=password
        )
        yield Loose(server, app, ours, theirs, login)
        await server.pools.close()


async def test_the_wall_is_really_down(loose: Loose) -> None:
    """The login that serves tenant A reads tenant B's parcels; A's own login may not."""
    connection = await connect(loose.login)
    try:
        assert await connection.fetchval("select count(*) from parcels.parcel") >= 1
        names = await connection.fetchval("select string_agg(name, ' ') from parties.customer")
        assert CANARY in names
    finally:
        await connection.close()
    proper = await loose.server.directory.login(loose.ours.tenant.tenant, shopper=False)
    with pytest.raises(
        (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError)
    ):
        await connect(at(proper, loose.theirs.tenant.database_name))


async def test_every_call_across_tenants_is_404(loose: Loose) -> None:
    ours, theirs = loose.ours, loose.theirs
    wrong = []
    for operation, name in FOREIGN:
        await theirs.key.get("/parcels?status=received")  # B's connections are warm and idle
        response = await ask(ours.key, operation, ours.ids | {name: theirs.ids[name]})
        if response.status_code != operation.foreign or CANARY.encode() in response.content:
            wrong.append((named(operation), name, response.status_code, response.text[:200]))
        elif operation.foreign == 200:
            document = response.json()
            if document.get("items") or document.get("kind", "unknown") != "unknown":
                wrong.append((named(operation), name, 200, response.text[:200]))
    assert wrong == []
    assert len(FOREIGN) > 15


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
async def test_without_the_permission_it_is_403(loose: Loose, operation: Operation) -> None:
    ours = loose.ours
    key = await key_for(
        loose.server,
        loose.app,
        ours.tenant.tenant,
        scopes=set(PERMISSIONS) - {operation.permission},
    )
    response = await ask(key, operation, ours.ids)
    assert (response.status_code, response.json()["code"]) == (403, "permission_missing")


async def test_no_key_opens_another_house(loose: Loose) -> None:
    """B's id in the key's name, A's secret: nobody. And B's parcels are B's alone."""
    ours, theirs = loose.ours, loose.theirs
    stranger = copy.copy(ours.key)
    for key_id in (
        theirs.key.key_id,
        f"ek_{theirs.tenant.tenant}_{ours.key.key_id[-16:]}",
    ):
        stranger.key_id = key_id
        assert (await stranger.ask("GET", f"/parcels/{theirs.ids['parcel_id']}")).status_code == 401
    assert CANARY not in (await ours.key.ask("GET", "/parcels?status=received")).text
    assert CANARY in (await theirs.key.ask("GET", "/parcels?status=received")).text
