"""A forwarder with prices, for tests: the demo's cards imported over the API, and nodes."""

import json
from typing import Any

import httpx
import msgspec

from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.carriers.rating_tables import demo
from tests.postgres_fixture import InstalledServer

CARD_KEYS = (
    "services", "pricing_rules", "fx", "insurance", "member_tiers", "value_added_services",
    "storage",
)  # fmt: skip
CALENDARS = {
    "CN": {"weekdays": [1, 2, 3, 4, 5, 6], "holidays": ["2026-11-23"]},
    "US": {"weekdays": [1, 2, 3, 4, 5], "holidays": ["2026-11-26"]},
}


def card_file() -> dict[str, Any]:
    """The demo's cards as an import takes them."""
    whole = demo()
    return {key: whole[key] for key in CARD_KEYS}


def node_of(service: str) -> str:
    """The code of the node that offers this one service only."""
    return f"N-{service}"


class PriceHouse(msgspec.Struct):
    """A tenant with prices. SZX1 offers everything."""

    server: InstalledServer
    app: Any
    tenant: Any
    key: ApiKeyInHand
    services: list[str]

    async def quote(self, **fields: Any) -> httpx.Response:
        """POST /quotes from SZX1 to Austin, one piece of 1.2 kg, unless said otherwise."""
        return await self.key.ask("POST", "/quotes", asked(**fields))

    async def quoted(self, **fields: Any) -> Any:
        """The same, which must succeed."""
        response = await self.quote(**fields)
        assert response.status_code == 201, response.text
        return response.json()

    async def customer(self, name: str = "Marisol Examplar") -> str:
        """A new customer's id."""
        return str((await self.key.post("/customers", {"name": name}))["id"])

    async def execute(self, statement: str, *arguments: object) -> str:
        """A statement as the owner of the tenant's database: what no program of ours may do."""
        owner = await self.server.owner(self.tenant)
        try:
            return str(await owner.execute(statement, *arguments))
        finally:
            await owner.close()

    async def rows(self, statement: str, *arguments: object) -> list[Any]:
        """Rows as the owner of the tenant's database sees them."""
        owner = await self.server.owner(self.tenant)
        try:
            return list(await owner.fetch(statement, *arguments))
        finally:
            await owner.close()


def asked(**fields: Any) -> dict[str, Any]:
    """A good request for a quote."""
    document: dict[str, Any] = {
        "warehouse": "SZX1",
        "country": "US",
        "postcode": "78704",
        "ship_date": "2026-11-22",
        "declared": {"minor": 28900, "currency": "CNY"},
        "hs6": ["610910"],
    }
    if "parcels" not in fields:
        document["pieces"] = [{"g": 1200, "mm": [300, 200, 100], "tags": ["general"]}]
    return {key: value for key, value in {**document, **fields}.items() if value is not None}


async def open_price_house(server: InstalledServer, *, each: bool = False) -> PriceHouse:
    """A fresh tenant with the demo's cards and calendars. `each`: with a node for each service."""
    app = api_app(server)
    tenant = await server.tenant()
    key = await key_for(server, app, tenant.tenant)
    document = {**card_file(), "calendars": CALENDARS}
    services = [service["id"] for service in document["services"]]
    own = {node_of(service): service for service in services} if each else {}
    for code in ("SZX1", *own):
        await key.post("/nodes", {"code": code, "zone": "Asia/Shanghai", "country": "CN"})
    await key.post("/rate-cards/imports", {"cards": document})
    await switch(key, "SZX1", *services)
    for code, service in own.items():
        await switch(key, code, service)
    return PriceHouse(server, app, tenant, key, services)


async def switch(key: ApiKeyInHand, node: str, *services: str, on: bool = True) -> Any:
    """Switch services at a node."""
    changes = [{"service": service, "offered": on} for service in services]
    response = await key.ask("PUT", f"/nodes/{node}/services", {"services": changes})
    assert response.status_code == 200, response.text
    return response.json()


def next_version(service: str, version: str = "2026-12", start: str = "2026-12-01") -> Any:
    """The demo's card of a service, a fen dearer everywhere, as its next version."""
    one = next(s for s in demo()["services"] if s["id"] == service)
    one = json.loads(json.dumps(one), object_hook=_dearer)
    one["rate"] |= {"version": version, "valid_from": start, "card": f"{service}@{version}"}
    return one


def _dearer(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value + 1 if key in ("first_minor", "per_kg_minor", "per_cbm_minor") else value
        for key, value in row.items()
    }
