"""What the control plane knows: servers, tenants, placements, logins."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from entrepot.kernel.ids import TenantId

APP_LOGIN = "app"
SHOPPER_LOGIN = "shopper"
PROVISIONER = "entrepot_provisioner"
MIGRATOR = "entrepot_migrator"
CONTROL_LOGIN = "entrepot_control"
CONTROL_DATABASE = "entrepot_control"
TEMPLATE = "entrepot_template"
LOCAL_SERVER = "local"
"""The server that holds the control database; where it listens is found out, not stored."""


class Kind(StrEnum):
    """What trade a tenant is in."""

    FORWARDER = "forwarder"
    MERCHANT = "merchant"
    PARTNER = "partner"


class TenantState(StrEnum):
    """Where a tenant is in its life."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETING = "deleting"
    DELETED = "deleted"


class TenantSettings(msgspec.Struct, frozen=True):
    """What a tenant decides on its first day. `languages`: the first is the default."""

    base_currency: str = "CNY"
    zone: str = "Asia/Shanghai"
    languages: tuple[str, ...] = ("en", "zh-CN")
    units: str = "metric"


class Tenant(msgspec.Struct, frozen=True):
    """A tenant as the control plane sees it. `names` is JSON: language → name."""

    tenant: TenantId
    slug: str
    kind: str
    names: bytes
    base_currency: str
    zone: str
    languages: list[str]
    units: str
    state: str
    created_at: datetime
    state_since: datetime
    server: str
    database_name: str

    @property
    def name(self) -> str:
        """The name to show to operators: English if there is one."""
        names: dict[str, str] = msgspec.json.decode(self.names)
        return names.get("en") or next(iter(names.values()), self.slug)


class Server(msgspec.Struct, frozen=True):
    """A PostgreSQL server that tenants live on."""

    server_id: UUID
    name: str
    host: str
    port: int
    maintenance_database: str
    major: int
    open_for_new: bool
    tenants: int


class Placement(msgspec.Struct, frozen=True):
    """Where a tenant's database is."""

    tenant: TenantId
    server: str
    host: str
    port: int
    database_name: str
    connection_limit: int
    state: str


class SealedCredential(msgspec.Struct, frozen=True):
    """A password as it lies in the control database."""

    owner: str
    name: str
    version: int
    login: str
    sealed: bytes


class Entry(msgspec.Struct, frozen=True):
    """One row of the directory: all that is needed to enter a tenant's database."""

    tenant: TenantId
    slug: str
    state: str
    server: str
    host: str
    port: int
    database_name: str
    app_version: int
    app_sealed: bytes
    shopper_version: int
    shopper_sealed: bytes
