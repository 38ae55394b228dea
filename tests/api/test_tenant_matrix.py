# ruff: noqa: E501 - the table of operations reads better in long lines
"""R4: every operation of the API with every foreign id, by every kind of wrong caller.

The table below holds one good request for each operation; a test asserts that it covers all of
the OpenAPI document, so a new operation cannot be forgotten. Tenant B is full of canaries: no
byte of them may reach tenant A.
"""

import asyncio
import copy
from typing import Any, NamedTuple

import httpx
import pytest

from entrepot.access.flow import Stamp
from entrepot.access.permissions import PERMISSIONS
from entrepot.flows.revoke_api_key import revoke_api_key
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import Operator, Staff
from entrepot.platform.clock import system_clock
from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.api.matrix_arrivals import ARRIVAL_OPERATIONS, add_arrivals
from tests.api.matrix_catalog import CATALOG_OPERATIONS, add_catalog
from tests.api.matrix_consolidations import CONSOLIDATION_OPERATIONS, add_consolidations
from tests.api.matrix_counts import COUNT_OPERATIONS, add_counts
from tests.api.matrix_feeds import FEED_OPERATIONS, add_feeds
from tests.api.matrix_lots import LOT_OPERATIONS, add_lots
from tests.api.matrix_operation import Operation
from tests.api.matrix_prices import PRICE_OPERATIONS, add_prices
from tests.api.matrix_reconciliation import RECONCILIATION_OPERATIONS, add_reconciliation
from tests.api.matrix_routing import ROUTING_OPERATIONS
from tests.api.matrix_stock import STOCK_OPERATIONS, add_stock
from tests.api.matrix_transfers import TRANSFER_OPERATIONS, add_transfers
from tests.postgres_fixture import InstalledServer

CANARY = "Kanarienvogel-B"


PARCEL = "/parcels/{parcel_id}"
OPERATIONS = [
    Operation("POST", "/customers", "/customers", {"name": "New"}, "customers:create", ()),
    Operation(
        "POST", "/pre-alerts", "/pre-alerts",
        {"customer_id": "{customer_id}", "tracking_number": "SF1111111111111", "warehouse": "{warehouse}"},
        "pre_alerts:create", ("customer_id", "warehouse"),
    ),
    Operation(
        "POST", "/pre-alerts", "/pre-alerts",
        {"suite_code": "{suite_code}", "tracking_number": "SF1111111111112"},
        "pre_alerts:create", ("suite_code",),
    ),
    Operation(
        "POST", "/pre-alerts/bulk", "/pre-alerts/bulk",
        {"suite_code": "{suite_code}", "text": "SF1111111111113\nSF1111111111114", "warehouse": "{warehouse}"},
        "pre_alerts:create", ("suite_code", "warehouse"),
    ),
    Operation(
        "POST", "/scans", "/scans", {"warehouse": "{warehouse}", "tracking_number": "SF1111111111115"},
        "parcels:receive", ("warehouse",),
    ),
    Operation("GET", "/parcels", "/parcels?tracking_number={number}", None, "parcels:read", ("number",), 200),
    Operation("GET", "/parcels", "/parcels?customer_id={customer_id}", None, "parcels:read", ("customer_id",), 200),
    Operation("GET", "/parcels/unclaimed", "/parcels/unclaimed?warehouse={warehouse}", None, "parcels:read", ("warehouse",), 200),
    Operation("GET", PARCEL, PARCEL, None, "parcels:read", ("parcel_id",)),
    Operation(
        "POST", PARCEL + "/assign", PARCEL + "/assign", {"customer_id": "{customer_id}"},
        "parcels:assign", ("parcel_id", "customer_id"),
    ),
    Operation(
        "POST", PARCEL + "/put-away", PARCEL + "/put-away", {"bin": "{bin}"},
        "parcels:put_away", ("parcel_id", "bin"),
    ),
    Operation(
        "POST", "/lookups", "/lookups", {"code": "{number}", "warehouse": "{warehouse}"},
        "parcels:read", ("warehouse",),
    ),
    Operation("POST", "/lookups", "/lookups", {"code": "{number}", "warehouse": "W-{side}"}, "parcels:read", ("number",), 200),
    Operation("POST", "/lookups", "/lookups", {"code": "{suite_code}", "warehouse": "W-{side}"}, "parcels:read", ("suite_code",), 200),
    Operation("POST", "/lookups", "/lookups", {"code": "{bin}", "warehouse": "W-{side}"}, "parcels:read", ("bin",), 200),
    Operation("POST", "/nodes", "/nodes", {"code": "W-NEW", "zone": "UTC"}, "nodes:create", ()),
    Operation(
        "POST", "/nodes/{code}/bins", "/nodes/{warehouse}/bins", {"bins": [{"code": "Z-1"}]},
        "bins:create", ("warehouse",),
    ),
    Operation(
        "POST", "/people", "/people",
        {"email": "new@x.example", "name": "N", "customer_id": "{customer_id}"},
        "people:create", ("customer_id",),
    ),
    Operation(
        "POST", "/people", "/people",
        {"email": "new2@x.example", "name": "N", "roles": ["receiver"], "warehouses": ["{warehouse}"]},
        "people:create", ("warehouse",),
    ),
    Operation("PUT", "/suite-rule", "/suite-rule", {"prefix": "AB", "first_number": 1}, "settings:change", ()),
    *PRICE_OPERATIONS,
    *CATALOG_OPERATIONS,
    *STOCK_OPERATIONS,
    *ROUTING_OPERATIONS,
    *ARRIVAL_OPERATIONS,
    *TRANSFER_OPERATIONS,
    *COUNT_OPERATIONS,
    *FEED_OPERATIONS,
    *LOT_OPERATIONS,
    *RECONCILIATION_OPERATIONS,
    *CONSOLIDATION_OPERATIONS,
]  # fmt: skip


class World(NamedTuple):
    """A tenant full of things."""

    key: ApiKeyInHand
    ids: dict[str, str]
    tenant: Any


async def build_world(server: InstalledServer, app: Any, side: str) -> World:
    tenant = await server.tenant(names={"en": f"{CANARY} {side}" if side == "B" else side})
    key = await key_for(server, app, tenant.tenant)
    name = f"{CANARY}-customer" if side == "B" else "A customer"
    warehouse, number = f"W-{side}", f"SF00000000{'77777' if side == 'B' else '11111'}"
    await key.post(
        "/nodes", {"code": warehouse, "zone": "UTC", "names": {"en": name}, "address": name}
    )
    await key.post(f"/nodes/{warehouse}/bins", {"bins": [{"code": f"BIN-{side}"}]})
    await key.ask("PUT", "/suite-rule", {"prefix": f"Q{side}", "first_number": 100})
    customer = await key.post(
        "/customers", {"name": name, "email": f"{name.replace(' ', '')}@x.example"}
    )
    item = {"description": name, "quantity": 1, "unit_price_minor": 1, "currency": "CNY"}
    await key.post(
        "/pre-alerts", {"customer_id": customer["id"], "tracking_number": number, "items": [item]}
    )
    label = {"recipient": name, "text": name}
    received = await key.post(
        "/scans", {"warehouse": warehouse, "tracking_number": number, "label": label}
    )
    await key.post(
        "/scans", {"warehouse": warehouse, "tracking_number": number + "9", "label": label}
    )
    ids = {
        "side": side, "warehouse": warehouse, "number": number, "bin": f"BIN-{side}",
        "customer_id": customer["id"], "suite_code": customer["suite_code"],
        "parcel_id": received["parcel"]["id"],
    }  # fmt: skip
    ids |= await add_prices(key, side, ids, secret=name)
    ids |= await add_counts(key, side, ids)
    ids |= await add_catalog(key, side, ids, secret=name)
    ids |= await add_stock(key, side, ids, secret=name)
    ids |= await add_arrivals(key, side, ids, secret=name)
    ids |= await add_transfers(key, side, ids, secret=name)
    ids |= await add_feeds(key, side, ids)
    by = Staff(tenant.tenant, new_id(system_clock()), PERMISSIONS)
    ids |= await add_lots(key, side, ids, secret=name, db=server.database, by=by)
    ids |= await add_consolidations(key, side, ids, secret=name)
    owner = await server.owner(tenant)
    db = server.database
    ids |= await add_reconciliation(db, owner, tenant.tenant, key, side, ids)
    await owner.close()
    return World(key, ids, tenant)


@pytest.fixture(scope="module")
async def app(server: InstalledServer) -> Any:
    return api_app(server)


@pytest.fixture(scope="module")
async def ours(server: InstalledServer, app: Any) -> World:
    return await build_world(server, app, "A")


@pytest.fixture(scope="module")
async def theirs(server: InstalledServer, app: Any) -> World:
    return await build_world(server, app, "B")


def filled(part: Any, ids: dict[str, str]) -> Any:
    """The request with its ids in place."""
    if isinstance(part, str):
        for name, value in ids.items():
            part = part.replace("{" + name + "}", value)
        return part
    if isinstance(part, dict):
        return {k: filled(v, ids) for k, v in part.items()}
    if isinstance(part, list):
        return [filled(v, ids) for v in part]
    return part


async def ask(key: ApiKeyInHand, operation: Operation, ids: dict[str, str]) -> httpx.Response:
    body = filled(copy.deepcopy(operation.body), ids)
    return await key.ask(operation.method, filled(operation.target, ids), body)


def named(operation: Operation) -> str:
    return f"{operation.method} {operation.target}"


async def test_the_table_covers_every_operation(ours: World) -> None:
    document = (await ours.key.client.get("/openapi.json")).json()
    known = {(o.method, f"/api/v1{o.path}") for o in OPERATIONS}
    served = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith("/api/")
    }
    assert served == known


FOREIGN = [(o, name) for o in OPERATIONS for name in o.ids]


@pytest.mark.parametrize(
    ("operation", "name"), FOREIGN, ids=lambda p: p if isinstance(p, str) else named(p)
)
async def test_a_foreign_id_is_not_there(
    ours: World, theirs: World, operation: Operation, name: str
) -> None:
    response = await ask(ours.key, operation, ours.ids | {name: theirs.ids[name]})
    assert response.status_code == operation.foreign, response.text
    assert CANARY.encode() not in response.content
    if operation.foreign == 200:
        document = response.json()
        assert not document.get("items")
        assert document.get("kind", "unknown") == "unknown"


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
async def test_without_proof_it_is_401(ours: World, operation: Operation) -> None:
    target = filled(operation.target, ours.ids)
    response = await ours.key.client.request(
        operation.method, f"/api/v1{target}", json=filled(operation.body, ours.ids)
    )
    assert (response.status_code, response.json()["code"]) == (401, "signature_missing")
    assert response.headers["date"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
async def test_without_the_permission_it_is_403(
    server: InstalledServer, app: Any, ours: World, operation: Operation
) -> None:
    key = await key_for(
        server, app, ours.tenant.tenant, scopes=set(PERMISSIONS) - {operation.permission}
    )
    response = await ask(key, operation, ours.ids)
    assert (response.status_code, response.json()["code"]) == (403, "permission_missing")


WAREHOUSED = [o for o in OPERATIONS if "warehouse" in o.ids or "parcel_id" in o.ids]


@pytest.mark.parametrize("operation", WAREHOUSED, ids=named)
async def test_outside_its_warehouses_there_is_nothing(
    server: InstalledServer, app: Any, ours: World, operation: Operation
) -> None:
    key = await key_for(server, app, ours.tenant.tenant, warehouses=["W-ELSEWHERE"])
    response = await ask(key, operation, ours.ids)
    if operation.foreign == 200:
        assert response.status_code == 200
        assert not response.json().get("items")
    else:
        assert response.status_code in (403, 404), response.text


OF_NO_WAREHOUSE = {
    ("POST", "/customers"), ("PUT", "/customers/{customer_id}/tier"), ("POST", "/people"),
    ("POST", "/pre-alerts"), ("POST", "/skus"), ("PUT", "/skus/{code}"), ("POST", "/skus/import"),
    ("POST", "/skus/import/preview"), ("POST", "/sku-attributes"), ("POST", "/node-attributes"),
    ("POST", "/routing/previews"), ("POST", "/reconciliations"),
}  # fmt: skip
"""What may be asked, beside looking, by who works in some warehouses only: customers, SKUs."""
OF_ALL_WAREHOUSES = {
    "all_warehouses_needed", "every_warehouse_needed", "whole_house_only", "stronger_grant"
}  # fmt: skip
"""How somebody of one warehouse is told that something concerns all of them."""


async def test_who_works_elsewhere_sees_and_moves_nothing(
    server: InstalledServer, app: Any, ours: World
) -> None:
    """Also where no warehouse is named, only what lies there: an order, a recall, a period."""
    elsewhere = "W-FAR-AWAY"
    await ours.key.post("/nodes", {"code": elsewhere, "zone": "UTC"})
    key = await key_for(server, app, ours.tenant.tenant, warehouses=[elsewhere])
    here = ours.ids["warehouse"]
    for operation in OPERATIONS:
        if (operation.method, operation.path) in OF_NO_WAREHOUSE:
            continue
        response = await ask(key, operation, ours.ids)
        if operation.method == "GET" or operation.path == "/lookups":
            shown = response.text if response.status_code == 200 else ""
            assert f'"{here}"' not in shown, (named(operation), shown)
            assert f",{here}," not in shown, (named(operation), shown)
        else:
            assert response.status_code in (403, 404), (named(operation), response.text)
            told = response.json()["code"]
            assert response.status_code == 404 or told in OF_ALL_WAREHOUSES, named(operation)


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
async def test_a_revoked_key_is_nobody(
    server: InstalledServer, app: Any, ours: World, operation: Operation
) -> None:
    """Immediately for writes, whatever this process has cached; within a second for reads."""
    key = await key_for(server, app, ours.tenant.tenant)
    assert (await key.ask("GET", "/parcels?tracking_number=X1234567890")).status_code == 200
    operator = Operator(name="tests", tenant=ours.tenant.tenant, permissions=PERMISSIONS)
    await revoke_api_key(server.database, operator, Stamp(), key_id=key.key_id)
    if operation.method == "GET" or operation.target.endswith(
        ("/lookups", "/preview", "/previews")
    ):
        await asyncio.sleep(1.05)
    response = await ask(key, operation, ours.ids)
    assert (response.status_code, response.json()["code"]) == (401, "signature_invalid")


async def test_a_key_that_names_another_tenant_is_nobody(ours: World, theirs: World) -> None:
    """The key id says whose it is; with a foreign id the signature is of another key."""
    stranger = copy.copy(ours.key)
    stranger.key_id = theirs.key.key_id
    response = await stranger.ask("GET", f"/parcels/{theirs.ids['parcel_id']}")
    assert response.status_code == 401
    stranger.key_id = f"ek_{theirs.tenant.tenant}_{ours.key.key_id[-16:]}"
    assert (await stranger.ask("GET", "/parcels?status=received")).status_code == 401


async def test_nothing_that_a_receives_holds_a_canary(ours: World, theirs: World) -> None:
    """Everything that A can ask for, asked with A's ids: lists, searches, errors."""
    for operation in OPERATIONS:
        response = await ask(ours.key, operation, ours.ids)
        assert response.status_code in (200, 201, 409), (named(operation), response.text)
        assert CANARY.encode() not in response.content
    for target in ("/parcels?status=received", "/parcels?status=expected", "/parcels/unclaimed"):
        assert CANARY.encode() not in (await ours.key.ask("GET", target)).content
    assert CANARY.encode() in (await theirs.key.ask("GET", "/parcels?status=received")).content


async def test_announcing_tells_nothing_of_another_warehouse(
    server: InstalledServer, app: Any, ours: World
) -> None:
    """The number lies at a warehouse that is not the key's: not there, and nothing is kept."""
    await ours.key.post("/nodes", {"code": "W-OTHER", "zone": "UTC"})
    key = await key_for(server, app, ours.tenant.tenant, warehouses=["W-OTHER"])
    known = {"customer_id": ours.ids["customer_id"], "tracking_number": ours.ids["number"]}
    response = await key.ask("POST", "/pre-alerts", known)
    assert response.status_code == 404, response.text
    fresh = await key.ask("POST", "/pre-alerts", known | {"tracking_number": "SF4444444444444"})
    assert fresh.status_code == 201


async def test_contacts_on_labels_are_for_whoever_may_read_contacts(
    server: InstalledServer, app: Any, ours: World
) -> None:
    label = {"recipient": "Somebody", "phone": "13800008888", "text": "call 13800008888"}
    scan = {"warehouse": ours.ids["warehouse"], "tracking_number": "SF5555555555551"}
    await ours.key.post("/scans", scan | {"label": label})
    narrow = await key_for(
        server, app, ours.tenant.tenant, scopes=set(PERMISSIONS) - {"customers:read_contact"}
    )
    assert "13800008888" in (await ours.key.ask("GET", "/parcels/unclaimed")).text
    masked = await narrow.ask("GET", "/parcels/unclaimed")
    assert "13800008888" not in masked.text
    assert "Somebody" in masked.text
