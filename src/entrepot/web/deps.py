"""What the pages need from the application: handed in once, never looked up."""

from typing import Protocol

import msgspec
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from entrepot.kernel.ids import TenantId
from entrepot.platform.clock import Clock
from entrepot.platform.database import Database
from entrepot.platform.live import Live
from entrepot.platform.secrets import SealingKey
from entrepot.platform.settings import Settings
from entrepot.web.assets import Assets
from entrepot.web.visits import Visit


class PageTenant(msgspec.Struct, frozen=True):
    """A tenant as its pages know it. `names` by language, `zone` an IANA time zone."""

    id: TenantId
    slug: str
    name: str
    names: dict[str, str]
    zone: str
    locales: list[str]
    kind: str


class PageTenants(Protocol):
    """Tells whose pages an address belongs to."""

    async def tenant_of_slug(self, slug: str) -> PageTenant:
        """The tenant whose pages are under `/t/<slug>/`; NotFound when there is none."""
        ...


class WebDeps(msgspec.Struct, frozen=True, eq=False):
    """The dependencies of every page. `key` seals the secrets of new API keys."""

    db: Database
    tenants: PageTenants
    clock: Clock
    live: Live
    settings: Settings
    key: SealingKey


class Site(msgspec.Struct, frozen=True, eq=False):
    """The dependencies together with the built assets, as handlers get them."""

    db: Database
    tenants: PageTenants
    clock: Clock
    live: Live
    settings: Settings
    key: SealingKey
    assets: Assets


Deps = NamedDependency[SkipValidation[Site]]
Visiting = NamedDependency[SkipValidation[Visit]]
