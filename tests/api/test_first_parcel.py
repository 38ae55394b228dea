"""The first parcel by API: from pre-alert to the timeline that a customer may read."""

from typing import Any

import pytest

from entrepot.access.keys import tenant_of
from entrepot.access.types import KeyAlgorithm
from entrepot.api import log_ins
from tests.api.harness import AUTHORITY, ApiKeyInHand, api_app, key_for
from tests.postgres_fixture import InstalledServer

NODE = {
    "code": "SZX1",
    "zone": "Asia/Shanghai",
    "names": {"en": "Shenzhen", "zh-CN": "深圳仓"},
    "country": "CN",
    "receiving_address": {"en": "{suite_code}, Example Park", "zh-CN": "示例园 {suite_code}"},
    "receiving_phone": "0755-0000-0188",
}


@pytest.fixture(scope="module")
async def app(server: InstalledServer) -> Any:
    return api_app(server)


@pytest.fixture(scope="module")
async def key(server: InstalledServer, app: Any) -> ApiKeyInHand:
    tenant = await server.tenant()
    key = await key_for(server, app, tenant.tenant)
    await key.post("/nodes", NODE)
    await key.post("/nodes/SZX1/bins", {"bins": [{"code": "A-01-01-1"}]})
    return key


async def test_a_pre_alerted_parcel_is_received_for_its_owner(key: ApiKeyInHand) -> None:
    customer = await key.post(
        "/customers", {"name": "Marisol Examplar", "phone": "+1 512-555-0142"}
    )
    assert customer["suite_code"]
    await key.post(
        "/pre-alerts",
        {
            "suite_code": customer["suite_code"],
            "tracking_number": "SF 0000 0000 00142",
            "warehouse": "SZX1",
            "items": [
                {"description": "耳机", "category": "electronics_bi", "quantity": 1,
                 "unit_price_minor": 15900, "currency": "CNY"}
            ],
        },
    )  # fmt: skip
    scan = {"warehouse": "SZX1", "tracking_number": "sf000000000０142", "weight_g": 800}
    received = await key.post("/scans", scan)
    parcel = received["parcel"]
    assert parcel["customer"]["id"] == customer["id"]
    assert (parcel["tracking_number"], parcel["status"]) == ("SF0000000000142", "received")
    assert received["match"] == {"by": "pre_alert", "certainty": "sure", "candidates": 1}
    assert received["next"]["step"] == "put_away"
    assert received["already"] is None
    again = await key.post("/scans", scan)
    assert again["next"]["step"] == "already_done"
    assert again["already"]["by"] == f"key:{key.key_id}"
    done = await key.post(f"/parcels/{parcel['id']}/put-away", {"bin": "A-01-01-1"})
    assert done["bin"] == "A-01-01-1"
    shown = await key.get(f"/parcels/{parcel['id']}")
    assert [entry["verb"] for entry in shown["timeline"]][:2] == ["announced", "received"]
    assert shown["status"] == "stored"
    found = await key.get("/parcels?tracking_number=SF0000000000142")
    assert [row["id"] for row in found["items"]] == [parcel["id"]]


async def test_the_same_key_gives_the_same_answer_and_one_effect(key: ApiKeyInHand) -> None:
    scan = {"warehouse": "SZX1", "tracking_number": "YT0000000000142"}
    first = await key.ask("POST", "/scans", scan, key="once")
    second = await key.ask("POST", "/scans", scan, key="once")
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    other = await key.ask("POST", "/scans", scan | {"weight_g": 5}, key="once")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await key.get("/parcels?tracking_number=YT0000000000142"))["items"]) == 1


async def test_a_refusal_is_kept_under_its_key(key: ApiKeyInHand) -> None:
    scan = {"warehouse": "NOWHERE", "tracking_number": "YT0000000000999"}
    first = await key.ask("POST", "/scans", scan, key="refused")
    second = await key.ask("POST", "/scans", scan, key="refused")
    assert first.status_code == second.status_code == 404
    assert first.json()["code"] == second.json()["code"] == "unknown_warehouse"


async def test_every_fault_is_named_at_once(key: ApiKeyInHand) -> None:
    bad = {
        "suite_code": 7,
        "tracking_number": "",
        "colour": "red",
        "items": [
            {"description": "x", "quantity": 0, "unit_price_minor": -1, "currency": "cny"},
            {"quantity": 1.5, "unit_price_minor": 1, "currency": "CNY"},
        ],
    }
    response = await key.ask("POST", "/pre-alerts", bad)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert {e["path"] for e in response.json()["errors"]} == {
        "suite_code", "tracking_number", "colour", "items[0].quantity",
        "items[0].unit_price_minor", "items[0].currency", "items[1].description",
        "items[1].quantity",
    }  # fmt: skip


@pytest.mark.parametrize("thin", [True, False])
async def test_the_thin_way_answers_as_the_documented_one(
    server: InstalledServer, thin: bool
) -> None:
    """The same requests both ways: same status, same fields, same problem codes."""
    app = api_app(server, thin=thin)
    tenant = await server.tenant()
    key = await key_for(server, app, tenant.tenant)
    await key.post("/nodes", NODE)
    seen = []
    for body in (
        b'{"warehouse":"SZX1","tracking_number":"75000000000142"}',
        b'{"warehouse":"SZX1","tracking_number":"75000000000142"}',
        b'{"warehouse":"SZX1"}',
        b'{"warehouse":"SZX1","tracking_number":"1","weight_g":-3,"x":1}',
        b"{",
        b"",
        b'{"warehouse":"ZZZ","tracking_number":"75000000000143"}',
        b'{"warehouse":"SZX1","tracking_number":"a\\u0000b123456789"}',
    ):
        response = await key.send("POST", "/api/v1/scans", body)
        document = response.json()
        seen.append((response.status_code, document.get("code"), sorted(document)))
    unsigned = await key.client.post("/api/v1/scans", content=b"{")
    large = await key.client.post(
        "/api/v1/scans", content=b" " * 1_200_000, headers={"content-type": "application/json"}
    )
    form = await key.client.post(
        "/api/v1/scans", content=b"a=1",
        headers=key.signed("POST", "/api/v1/scans", b"a=1", content_type="text/plain"),
    )  # fmt: skip
    seen += [(r.status_code, r.json()["code"], []) for r in (unsigned, large, form)]
    assert [status for status, _, _ in seen] == [
        200, 200, 422, 422, 400, 415, 404, 422, 401, 413, 415,
    ]  # fmt: skip
    assert unsigned.headers["date"]


async def test_an_ed25519_key_signs_too(server: InstalledServer, app: Any) -> None:
    tenant = await server.tenant()
    key = await key_for(server, app, tenant.tenant, algorithm=KeyAlgorithm.ED25519)
    assert (await key.post("/customers", {"name": "Ed"}))["suite_code"]


async def test_openapi_is_complete_and_closed(key: ApiKeyInHand) -> None:
    document = (await key.client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert {"/api/v1/scans", "/api/v1/customers", "/api/v1/people"} <= set(document["paths"])
    scan = document["components"]["schemas"]["NewScan"]
    assert scan["additionalProperties"] is False
    assert "401" in document["paths"]["/api/v1/scans"]["post"]["responses"]


async def test_health_and_metrics_answer_without_a_signature(key: ApiKeyInHand) -> None:
    assert (await key.client.get("/healthz")).json() == {"status": "ok"}
    assert (await key.client.get("/readyz")).json() == {"status": "ready"}
    assert "entrepot_jobs_waiting" in (await key.client.get("/metrics")).text
    missing = await key.client.get("/api/v1/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_route")


DOCUMENTED = (
    "/scans", "/customers", "/pre-alerts", "/pre-alerts/bulk", "/nodes", "/nodes/SZX1/bins",
    "/people", "/lookups",
)  # fmt: skip
UNREADABLE = {
    "no UTF-8": b'{"name": "\xed\xa0\x80"}',
    "nesting without end": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "half a document": b'{"name": ',
    "no number": b'{"quantity": 1e999}',
}


@pytest.mark.parametrize("what", UNREADABLE)
@pytest.mark.parametrize("target", DOCUMENTED)
async def test_an_unreadable_body_is_refused_everywhere(
    key: ApiKeyInHand, target: str, what: str
) -> None:
    answer = await key.send("POST", f"/api/v1{target}", UNREADABLE[what])
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_invented_methods_do_not_make_figures_grow(key: ApiKeyInHand) -> None:
    for n in range(5):
        await key.client.request(f"BREW{n}", "/api/v1/scans")
    figures = (await key.client.get("/metrics")).text
    assert "BREW" not in figures
    assert 'method="other"' in figures


@pytest.mark.parametrize("target", ["/api/v1/scans", "/api/v1/customers"])
async def test_a_caller_who_goes_away_is_no_mistake_of_ours(
    app: Any, key: ApiKeyInHand, target: str
) -> None:
    headers = key.signed("POST", target, b"{}") | {"host": AUTHORITY}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": target, "raw_path": target.encode(), "query_string": b"", "root_path": "",
        "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080),
        "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
    }  # fmt: skip
    half = [{"type": "http.request", "body": b"{", "more_body": True}]
    sent: list[Any] = []

    async def receive() -> Any:
        return half.pop() if half else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 499


async def test_no_password_is_hashed_for_who_may_not_create_people(
    server: InstalledServer, app: Any, key: ApiKeyInHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hashed(_: str) -> str:
        raise AssertionError("costly work for somebody who may not ask for it")

    monkeypatch.setattr(log_ins, "hash_password", hashed)
    reader = await key_for(server, app, tenant_of(key.key_id), scopes={"parcels:read"})
    new = {"email": "a@b.example", "name": "A", "roles": ["packer"], "password": "long enough 12"}
    answer = await reader.ask("POST", "/people", new)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
