"""Transfers and picking over HTTP: bad input is 422, what is foreign 404, lists come in pages."""

from typing import Any

import pytest

from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock
from tests.stock.picking import with_pack_bins


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    house = await open_stock(server)
    await with_pack_bins(house)
    return house


@pytest.fixture(scope="module")
async def key(server: InstalledServer, stock: Stock) -> ApiKeyInHand:
    return await key_for(server, api_app(server), stock.tenant.tenant)


def transfer(sku: str, **fields: object) -> dict[str, Any]:
    lines = [{"sku": sku, "qty": 2}]
    return {"from": "N1", "to": "N2", "reference": "http", "lines": lines, **fields}


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": []}, {"lines": [{"sku": "ANY", "qty": 0}]},
        {"lines": [{"sku": "ANY", "qty": 1.5}]}, {"lines": [{"sku": "ANY", "qty": 10**10}]},
        {"lines": [{"sku": "ANY", "qty": "NaN"}]},
        {"reference": ""}, {"reference": "x" * 81}, {"state": "sent"},
        {"expected_at": "0001-01-01T00:00:00+14:00"}, {"expected_at": "tomorrow"},
        {"lines": [{"sku": "ANY", "qty": 1, "status": "lovely"}]}, {"from": "N2"},
    ],
    ids=str,
)  # fmt: skip
async def test_no_such_transfer_can_be_meant(key: ApiKeyInHand, wrong: dict[str, Any]) -> None:
    answer = await key.ask("POST", "/transfers", transfer("ANY") | wrong)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_transfer_and_its_pages(key: ApiKeyInHand, stock: Stock) -> None:
    sku = await stock.stocked(9)
    made = [await key.post("/transfers", transfer(sku)) for _ in range(3)]
    assert (made[0]["from"], made[0]["to"], made[0]["state"]) == ("N1", "N2", "draft")
    first = await key.get("/transfers?limit=2&state=draft&node=N1")
    rest = await key.get(f"/transfers?limit=2&state=draft&before={first['next']}")
    assert [row["id"] for row in (*first["items"], *rest["items"])] == [
        one["id"] for one in reversed(made)
    ]
    one = f"/transfers/{made[0]['id']}"
    assert (await key.post(f"{one}/send", {}))["state"] == "sent"
    assert (await key.ask("POST", f"{one}/send", {"bin": "A-1"})).status_code == 422
    over = await key.ask("POST", f"{one}/receive", {"goods": [{"sku": sku, "qty": 3}]})
    assert (over.status_code, over.json()["code"]) == (409, "more_than_sent")
    assert (await key.ask("POST", f"{one}/close", {"reason": "mood"})).status_code == 422
    assert (await key.post(f"{one}/close", {"reason": "stolen"}))["short_reason"] == "stolen"
    large = await stock.stocked(30)
    line = {"sku": large, "qty": 30}
    two = f"/transfers/{(await key.post('/transfers', transfer(sku) | {'lines': [line]}))['id']}"
    await key.post(f"{two}/send", {})
    waits = await key.post(f"{two}/close", {"reason": "lost"})
    assert (waits["state"], waits["short_reason"]) == ("sent", None)
    request = await key.get(f"/adjustments/{waits['short_asked']}")
    assert (request["state"], request["units"], request["short_reason"]) == (
        "requested",
        30,
        "lost",
    )
    assert f"/transfers/{request['transfer_id']}" == two
    own = await key.ask("POST", f"/adjustments/{request['id']}/approve", {})
    assert (own.status_code, own.json()["code"]) == (403, "other_eyes_needed")
    lost = {"sku": large, "qty": 1, "reason": "transfer_lost"}
    plain = await key.ask("POST", "/stock/movements", {"reference": "R", "lines": [lost]})
    assert (plain.status_code, plain.json()["code"]) == (409, "needs_adjustment")
    cancelled = await key.post(f"/transfers/{made[1]['id']}/cancel", None)
    assert cancelled["state"] == "cancelled"


async def test_a_pick_from_the_list_to_the_customer(key: ApiKeyInHand, stock: Stock) -> None:
    sku = await stock.stocked(5)
    wanted = {"reference": "SO-1", "channel": "WEB", "lines": [{"sku": sku, "qty": 3}]}
    order = (await key.post("/reservations", wanted))["id"]
    listed = await key.get("/picks?node=N1")
    assert order in {row["id"] for row in listed["items"]}
    at = f"/reservations/{order}/picks"
    task = (await key.get(f"{at}?node=N1"))["tasks"][0]
    assert (task["bin"], task["sku"], task["qty"]) == ("R", sku, 3)
    goods = {"node": "N1", "bin": "R", "sku": sku, "qty": 2}
    for wrong in ({"qty": 0}, {"qty": True}, {"lot": ""}, {"colour": "red"}, {"sku": "\x00"}):
        answer = await key.ask("POST", at, goods | wrong)
        assert answer.status_code in (404, 422), (wrong, answer.text)
    once = await key.ask("POST", at, goods, key="the-same-tap")
    again = await key.ask("POST", at, goods, key="the-same-tap")
    assert once.json() == again.json()
    assert once.json()["lines"][0]["picked"] == 2
    other = await key.ask("POST", at, goods | {"qty": 1}, key="the-same-tap")
    assert other.status_code == 422
    back = {"node": "N1", "sku": sku, "qty": 1}
    assert (await key.post(f"/reservations/{order}/unpick", back))["lines"][0]["picked"] == 1
    short = await key.post(f"/reservations/{order}/short", {"node": "N1", "bin": "R", "sku": sku})
    assert (short["held"], short["backordered"]) == (4, 2)
    waits = await key.ask("POST", f"/reservations/{order}/fulfil")
    assert (waits.status_code, waits.json()["code"]) == (409, "backordered")
    await stock.receive(sku, 2)
    assert (await key.post(f"/reservations/{order}/fulfil", None))["state"] == "fulfilled"
    assert await stock.violations() == {}
