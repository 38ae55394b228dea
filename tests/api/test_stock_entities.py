"""The entities of stock over the API, and a store that is a source like any other."""

from typing import Any

import pytest

from entrepot.kernel.ids import new_token
from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.flows.trade import Trade, open_trade
from tests.postgres_fixture import InstalledServer

ENTITIES = {
    "node": {("post", "/nodes"), ("get", "/nodes"), ("get", "/nodes/{code}"),
             ("patch", "/nodes/{code}")},
    "stock pool and sales channel": {("post", "/channels"), ("get", "/channels"),
                                     ("get", "/channels/{code}"), ("put", "/channels/{code}")},
    "stock item": {("get", "/stock"), ("put", "/stock/levels"), ("post", "/stock/movements")},
    "reservation and allocation": {
        ("post", "/reservations"), ("get", "/reservations/{reservation_id}"),
        ("put", "/reservations/{reservation_id}"),
        ("post", "/reservations/{reservation_id}/release"),
        ("post", "/reservations/{reservation_id}/fulfil"),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(scope="module")
def app(server: InstalledServer) -> Any:
    return api_app(server)


@pytest.fixture(scope="module")
async def key(server: InstalledServer, app: Any, trade: Trade) -> ApiKeyInHand:
    return await key_for(server, app, trade.tenant.tenant)


async def stocked(key: ApiKeyInHand, units: dict[str, int]) -> str:
    """A new SKU with so many units in the receiving bins of nodes."""
    code = "E" + new_token(6).upper().replace("_", "X").replace("-", "Y")
    await key.post("/skus", {"code": code, "names": {"en": code}})
    lines = [
        {"sku": code, "qty": qty, "reason": "receipt", "to": {"node": node}}
        for node, qty in units.items()
    ]
    if lines:
        await key.post("/stock/movements", {"reference": "entities", "lines": lines})
    return code


async def open_channel(key: ApiKeyInHand, code: str, *nodes: str) -> None:
    pool = [{"node": node, "priority": n} for n, node in enumerate(nodes, 1)]
    await key.post("/channels", {"code": code, "names": {"en": code}, "pool": pool})


async def available(key: ApiKeyInHand, channel: str, sku: str) -> int:
    found = await key.get(f"/availability?channel={channel}&sku={sku}")
    number = found["items"][0]["available"]
    assert isinstance(number, int)
    return number


async def test_every_entity_of_multi_warehouse_stock_has_its_operations(key: ApiKeyInHand) -> None:
    """T2.41: what the API describes of itself."""
    found = await key.client.get("/openapi.json")
    paths = found.json()["paths"]
    there = {(method, path.removeprefix("/api/v1")) for path, item in paths.items()
             for method in item}  # fmt: skip
    missing = {name: sorted(wanted - there) for name, wanted in ENTITIES.items() if wanted - there}
    assert missing == {}


async def test_an_order_s_stock_goes_through_every_entity(key: ApiKeyInHand) -> None:
    """T2.41: node, pool, channel, stock item, reservation, allocation, one after the other.

    An allocation is the lines of a reservation, which name their nodes; naming others under the
    same reference moves it.
    """
    await open_channel(key, "ENTITY", "SZX1", "YIW1")
    shown = await key.get("/channels/ENTITY")
    assert [node["node"] for node in shown["pool"]] == ["SZX1", "YIW1"]
    sku = await stocked(key, {"SZX1": 5, "YIW1": 5})
    items = (await key.get(f"/stock?sku={sku}"))["items"]
    assert {(one["node"], one["on_hand"]) for one in items} == {("SZX1", 5), ("YIW1", 5)}
    order = {"reference": "O-1", "channel": "ENTITY"}
    made = await key.post("/reservations", order | {"lines": [{"sku": sku, "qty": 4}]})
    assert [(line["node"], line["qty"]) for line in made["lines"]] == [("SZX1", 4)]
    moved = await key.post(
        "/reservations", order | {"lines": [{"sku": sku, "qty": 4, "node": "YIW1"}]}
    )
    assert [(line["node"], line["qty"]) for line in moved["lines"]] == [("YIW1", 4)]
    assert (await key.get(f"/reservations/{made['id']}"))["state"] == "released"
    one = f"/reservations/{moved['id']}"
    allocated = await key.ask("PUT", one, {"strength": "allocated"})
    assert allocated.json()["strength"] == "allocated"
    assert await available(key, "ENTITY", sku) == 6
    done = await key.ask("POST", f"{one}/fulfil")
    assert done.json()["state"] == "fulfilled"
    items = (await key.get(f"/stock?sku={sku}"))["items"]
    assert {(one["node"], one["on_hand"]) for one in items} == {("SZX1", 5), ("YIW1", 1)}


async def test_a_store_is_a_source_of_its_own(
    server: InstalledServer, app: Any, trade: Trade, key: ApiKeyInHand
) -> None:
    """T2.118: its own stock, its own counts, its own reservations; its people see it alone."""
    await key.post("/nodes", {"code": "STORE1", "kind": "store", "zone": "Asia/Shanghai"})
    await key.post("/nodes/STORE1/bins", {"bins": [{"code": "SALES-FLOOR"}]})
    await open_channel(key, "TOWN", "STORE1", "SZX1")
    sku = await stocked(key, {"STORE1": 6, "SZX1": 10})
    store = await key_for(server, app, trade.tenant.tenant, warehouses=["STORE1"])
    floor = {"node": "STORE1", "bin": "SALES-FLOOR"}
    shift = {"sku": sku, "qty": 6, "reason": "put_away", "from": {"node": "STORE1"}, "to": floor}
    await store.post("/stock/movements", {"reference": "shelf", "lines": [shift]})
    own = (await store.get(f"/stock?sku={sku}"))["items"]
    assert [(one["place"], one["on_hand"]) for one in own] == [("STORE1/SALES-FLOOR", 6)]
    assert await available(store, "TOWN", sku) == 6
    assert await available(key, "TOWN", sku) == 16
    wanted = {"channel": "TOWN", "lines": [{"sku": sku, "qty": 7}]}
    refused = await store.ask("POST", "/reservations", {"reference": "S-1", **wanted})
    assert refused.status_code == 409, "the store sells what is in the store"
    wanted["lines"] = [{"sku": sku, "qty": 4}]
    held = await store.post("/reservations", {"reference": "S-1", **wanted})
    assert [(line["node"], line["qty"]) for line in held["lines"]] == [("STORE1", 4)]
    limits = {"free_units": 0, "four_eyes_units": 50}
    assert (await key.ask("PUT", "/nodes/STORE1/count-limits", limits)).status_code == 200
    asked = {"what": "stock", "warehouse": "STORE1", "bin": "SALES-FLOOR", "sku": sku}
    count = (await store.post("/counts", asked))["id"]
    await store.post(f"/counts/{count}/begin", {})
    for _ in range(2):
        await store.post(f"/counts/{count}/sheet", {"goods": [{"sku": sku, "counted": 5}]})
    await store.post(f"/counts/{count}/approve", {})
    shown = await key.get(f"/availability?channel=TOWN&sku={sku}&by_node=true")
    by_node = {row["node"]: row for row in shown["items"][0]["nodes"]}
    assert (by_node["STORE1"]["on_hand"], by_node["STORE1"]["reserved"]) == (5, 4)
    assert (by_node["SZX1"]["on_hand"], by_node["SZX1"]["reserved"]) == (10, 0)
    assert (await key.get("/counts?warehouse=SZX1"))["items"] == []
    warehouse = await key_for(server, app, trade.tenant.tenant, warehouses=["SZX1"])
    assert (await warehouse.ask("GET", f"/counts/{count}")).status_code == 404
    assert (await warehouse.ask("GET", f"/reservations/{held['id']}")).status_code == 404
    assert await trade.violations() == {}
