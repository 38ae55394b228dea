"""Tells the pages whose house an address belongs to."""

import time

import msgspec

from entrepot.app.wiring import House
from entrepot.kernel.principals import Operator
from entrepot.kernel.refusals import NotFound, Unavailable
from entrepot.tenancy.queries import get_tenant
from entrepot.tenancy.types import TenantState
from entrepot.web.deps import PageTenant

KEEP_S = 5.0
_MOST_KEPT = 5_000
_OPERATOR = Operator(name="pages")


class KnownTenants:
    """Looks tenants up by slug in the control database and believes it for a few seconds."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._kept: dict[str, tuple[float, PageTenant]] = {}

    async def tenant_of_slug(self, slug: str) -> PageTenant:
        """The open tenant of a slug. Raises NotFound; Unavailable while it is being made."""
        kept = self._kept.get(slug)
        if kept is not None and time.monotonic() - kept[0] < KEEP_S:
            return kept[1]
        async with self._house.database.control(_OPERATOR) as tx:
            found = await get_tenant(tx, word=slug)
        if found.slug != slug or found.state in (TenantState.DELETING, TenantState.DELETED):
            raise NotFound("there is no such tenant", code="no_such_tenant")
        if found.state != TenantState.ACTIVE:
            raise Unavailable("this tenant is not open", code="tenant_not_open")
        tenant = PageTenant(
            id=found.tenant,
            slug=found.slug,
            name=found.name,
            names=msgspec.json.decode(found.names, type=dict[str, str]),
            zone=found.zone,
            locales=list(found.languages),
            kind=found.kind,
        )
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[slug] = (time.monotonic(), tenant)
        return tenant


def page_tenants(house: House) -> KnownTenants:
    """The tenants as the pages see them."""
    return KnownTenants(house)
