"""A tenant for the access tests: its owner, its clock, its sealing key."""

from datetime import datetime, timedelta

import msgspec

from entrepot.access.flow import Stamp
from entrepot.access.keys import new_material
from entrepot.access.permissions import PERMISSIONS
from entrepot.access.sessions import enter_by_link
from entrepot.access.tokens import new_token_of
from entrepot.access.types import (
    ApiKeyRecord,
    Entered,
    KeyAlgorithm,
    KeyMaterial,
    NewApiKey,
    NewPerson,
    Person,
)
from entrepot.flows.create_api_key import create_api_key
from entrepot.flows.create_node import create_node
from entrepot.flows.create_person import create_person
from entrepot.kernel.ids import TenantId, new_id, new_token
from entrepot.kernel.principals import ApiKey, Operator, Principal, Staff
from entrepot.nodes.types import NewNode
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database
from entrepot.platform.secrets import SealingKey
from entrepot.tenancy.types import Tenant
from tests.postgres_fixture import InstalledServer

PASSWORD = "correct horse battery"


def stamp(**changes: object) -> Stamp:
    """A fresh request."""
    fresh = Stamp(new_token(6), new_token(16), new_token(12), new_token(24).encode())
    return msgspec.structs.replace(fresh, **changes)


class House(msgspec.Struct):
    """One tenant and how to act in it; `turned_s` moves the clock."""

    server: InstalledServer
    tenant: Tenant
    db: Database
    owner: Staff
    turned_s: list[float]

    @property
    def id(self) -> TenantId:
        return self.tenant.tenant

    @property
    def sealing(self) -> SealingKey:
        return self.server.plane.key

    def operator(self) -> Operator:
        return Operator("tests", self.id, PERMISSIONS)

    def staff(self, *permissions: str, warehouses: set[str] | None = None) -> Staff:
        held = None if warehouses is None else frozenset(warehouses)
        return Staff(self.id, new_id(system_clock()), frozenset(permissions), held)

    async def key(
        self, *scopes: str, by: Principal | None = None,
        algorithm: KeyAlgorithm = KeyAlgorithm.HMAC_SHA256, warehouses: list[str] | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKeyRecord, KeyMaterial]:  # fmt: skip
        """A new key and its material."""
        new = NewApiKey("test", list(scopes), algorithm, warehouses, expires_at)
        material = new_material(self.id, algorithm)
        record = await create_api_key(
            self.db, by or self.owner, stamp(), new=new, material=material, sealing=self.sealing
        )
        return record, material

    async def person(self, email: str | None = None, **fields: object) -> tuple[Person, str]:
        """Somebody new and the token of their one-time link."""
        token = new_token_of(self.id)
        given: dict[str, object] = {"roles": ["receiver"], "name": "Test Worker", **fields}
        new = NewPerson(email=email or f"{new_token(6)}@example.com".lower(), **given)  # type: ignore[arg-type]
        person = await create_person(self.db, self.owner, stamp(), new=new, link_token=token)
        return person, token

    async def entered(self, email: str | None = None, **fields: object) -> Entered:
        """Somebody new, logged in by their link."""
        _, token = await self.person(email, **fields)
        return await enter_by_link(self.db, self.id, token=token, password=PASSWORD)

    async def sql(self, text: str, *arguments: object) -> object:
        """Run something as the owner of the tenant's objects; the first value of the last row."""
        connection = await self.server.owner(self.tenant)
        try:
            return await connection.fetchval(text, *arguments)
        finally:
            await connection.close()

    def principal(self, record: ApiKeyRecord) -> ApiKey:
        """The principal of a key, as it would be after proof."""
        held = None if record.warehouses is None else frozenset(record.warehouses)
        return ApiKey(self.id, record.key_id, record.version, frozenset(record.scopes), held)


async def open_house(server: InstalledServer) -> House:
    """A fresh tenant."""
    tenant = await server.tenant()
    turned = [0.0]
    db = Database(server.pools, lambda: system_clock() + timedelta(seconds=turned[0]))
    owner = Staff(tenant.tenant, new_id(system_clock()), PERMISSIONS)
    for code in ("SZX1", "YIW1"):
        node = NewNode(code=code, zone="Asia/Shanghai", receiving_address={"en": "{suite_code}"})
        await create_node(db, owner, stamp(), new=node)
    return House(server, tenant, db, owner, turned)
