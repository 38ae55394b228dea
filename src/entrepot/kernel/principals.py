"""Who acts: the closed union of principals.

Only `access` (after proof), `jobs` and the log-in flows may build one; a test holds that wall.
A principal carries what it may do, so that every flow can decide without asking the database.
"""

from uuid import UUID

import msgspec

from entrepot.kernel.ids import TenantId


class Staff(msgspec.Struct, frozen=True):
    """A person who works for the tenant. `warehouses` None means every warehouse."""

    tenant: TenantId
    person_id: UUID
    permissions: frozenset[str]
    warehouses: frozenset[str] | None = None
    locale: str = "en"

    @property
    def actor(self) -> str:
        return f"person:{self.person_id}"


class Shopper(msgspec.Struct, frozen=True):
    """A customer's log-in: sees and changes what belongs to one customer."""

    tenant: TenantId
    person_id: UUID
    customer_id: UUID
    permissions: frozenset[str]
    locale: str = "en"

    @property
    def actor(self) -> str:
        return f"person:{self.person_id}"


class ApiKey(msgspec.Struct, frozen=True):
    """A program that proved itself by a signature. Version: of the key row that was verified."""

    tenant: TenantId
    key_id: str
    version: int
    permissions: frozenset[str]
    warehouses: frozenset[str] | None = None

    @property
    def actor(self) -> str:
        return f"key:{self.key_id}"


class Operator(msgspec.Struct, frozen=True):
    """Runs the platform: tenants, servers, migrations. `name` is for the audit trail."""

    name: str
    tenant: TenantId | None = None
    permissions: frozenset[str] = frozenset()

    @property
    def actor(self) -> str:
        return f"operator:{self.name}"


class Job(msgspec.Struct, frozen=True):
    """The worker, on behalf of whoever caused the event."""

    tenant: TenantId
    on_behalf_of: str
    event_id: UUID | None = None
    permissions: frozenset[str] = frozenset()

    @property
    def actor(self) -> str:
        return "job"


class Visitor(msgspec.Struct, frozen=True):
    """Nobody yet: sign-up, log-in, reset, public pages. The tenant comes from the host."""

    tenant: TenantId
    locale: str = "en"
    permissions: frozenset[str] = frozenset()

    @property
    def actor(self) -> str:
        return "visitor"


Principal = Staff | Shopper | ApiKey | Operator | Job | Visitor


def works_in(principal: Principal, warehouse: str) -> bool:
    """Whether the principal's scope includes this warehouse code."""
    if isinstance(principal, Staff | ApiKey):
        return principal.warehouses is None or warehouse in principal.warehouses
    return isinstance(principal, Job | Operator)


def credential(principal: Principal) -> str:
    """Scope of idempotency keys and nonces: one text for one credential.

    A shopper's is the customer's, which row security can check.
    """
    if isinstance(principal, Shopper):
        return f"customer:{principal.customer_id}"
    return principal.actor
