"""Goods coming in over signed HTTP: what no request may say, and lists page by page."""

from typing import Any

import pytest

from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.postgres_fixture import InstalledServer

ASN: dict[str, Any] = {
    "reference": "A-1", "node": "N1", "expected_at": "2027-01-01T00:00:00Z",
    "lines": [{"code": "TEA", "qty": 2}],
}  # fmt: skip


@pytest.fixture(scope="module")
async def key(server: InstalledServer) -> ApiKeyInHand:
    tenant = await server.tenant()
    made = await key_for(server, api_app(server), tenant.tenant)
    await made.post("/nodes", {"code": "N1", "zone": "UTC"})
    await made.post("/skus", {"code": "TEA", "names": {"en": "Tea"}})
    return made


@pytest.mark.parametrize("qty", [0, -1, 1.5, 10**18, "NaN", None])
async def test_quantities_that_are_none_are_422(key: ApiKeyInHand, qty: object) -> None:
    line = {"code": "TEA", "qty": qty}
    for target, document in (
        ("/asns", ASN | {"lines": [line]}),
        ("/receipts", {"node": "N1", "reference": "R", "lines": [line]}),
        ("/goods-returns", {"node": "N1", "reference": "R", "lines": [line]}),
    ):
        if qty is None and target != "/asns":
            continue  # it may be left out there
        answer = await key.ask("POST", target, document)
        assert answer.status_code == 422, (target, answer.text)
        assert answer.json()["errors"][0]["path"] == "lines[0].qty"


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": []}, {"expected_at": "2027-01-01"}, {"expected_at": "9999-01-01T00:00:00Z"},
        {"reference": ""}, {"over_permille": 1001}, {"colour": "blue"},
        {"lines": [{"code": "TEA", "qty": 1, "colour": "blue"}]}, {"reference": "a\0b"},
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_422(key: ApiKeyInHand, wrong: dict[str, Any]) -> None:
    answer = await key.ask("POST", "/asns", ASN | wrong)
    assert answer.status_code == 422, answer.text


async def test_lists_are_paged(key: ApiKeyInHand) -> None:
    made = [(await key.post("/asns", ASN | {"reference": f"P-{n}"}))["id"] for n in range(3)]
    found, after = [], ""
    while True:
        page = (await key.ask("GET", f"/asns?limit=2&unfinished=true{after}")).json()
        found += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == made[::-1]
    assert (await key.ask("GET", "/asns?state=received")).json()["items"] == []
    assert (await key.ask("GET", "/asns?state=nonsense")).status_code in (400, 422)
    await key.post("/receipts", {"node": "N1", "asn": made[0], "lines": [{"code": "TEA"}]})
    await key.post("/skus", {"code": "CUP", "names": {"en": "Cup"}})
    taken = {"node": "N1", "reference": "R", "lines": [{"code": "CUP"}]}
    await key.post("/receipts", taken)
    first = (await key.ask("GET", "/dock?node=N1&limit=1")).json()
    rest = (await key.ask("GET", f"/dock?node=N1&limit=5&after={first['next']}")).json()
    assert [row["sku"] for row in first["items"] + rest["items"]] == ["CUP", "TEA"]
    assert (await key.ask("GET", "/dock?node=N1&after=nonsense")).status_code == 422
