"""The demo merchant's goods and places go in over the API, twice without a difference."""

from typing import Any

from entrepot.demo.catalogue import seed_catalogue
from entrepot.demo.deliveries import seed_deliveries
from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.flows.trade import open_trade
from tests.postgres_fixture import InstalledServer


class Recorder:
    """What the seed would send, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, object]] = []

    def post(self, target: str, document: object) -> None:
        self.sent.append(("POST", target, document))

    def put(self, target: str, document: object) -> None:
        self.sent.append(("PUT", target, document))


async def send(key: ApiKeyInHand, sent: list[tuple[str, str, object]]) -> None:
    for method, target, document in sent:
        answer = await key.ask(method, target, document)
        assert answer.status_code in (200, 201, 409), (target, answer.text)


async def test_the_demo_merchant_sells_from_its_pools(server: InstalledServer) -> None:
    trade = await open_trade(server)
    key = await key_for(server, api_app(server), trade.tenant.tenant)
    for code in ("GZ-DC", "SH-RDC", "LAX-3PL", "HAM-3PL"):
        await key.post("/nodes", {"code": code, "zone": "UTC"})
    recorder: Any = Recorder()
    seed_catalogue(recorder, lambda _: None)
    await send(key, recorder.sent)
    first = [await key.get(target) for target in ("/skus?limit=200", "/channels", "/node-groups")]
    await send(key, recorder.sent)
    again = [await key.get(target) for target in ("/skus?limit=200", "/channels", "/node-groups")]
    assert first == again
    assert len(first[0]["items"]) == 12
    pools = {one["code"]: [link["node"] for link in one["pool"]] for one in first[1]["items"]}
    assert pools["WEB-EU"] == ["HAM-3PL", "SH-RDC"]
    assert (await key.get("/nodes/HAM-3PL"))["position_from"] == "city"
    await _tries_an_order(key)
    assert await trade.violations() == {}


async def _tries_an_order(key: ApiKeyInHand) -> None:
    """With the demo's carriers an order of the demo's goods finds its way, from every channel."""
    recorder: Any = Recorder()
    seed_deliveries(recorder, lambda _: None)
    await send(key, recorder.sent)
    for node in ("GZ-DC", "HAM-3PL"):
        line = {"sku": "LAMP-RICE", "qty": 2, "reason": "opening", "to": {"node": node}}
        await key.post("/stock/movements", {"reference": node, "lines": [line]})
    for channel, country, city in (("WEB-CN", "CN", "Foshan"), ("WEB-EU", "DE", "Berlin")):
        found = await key.post(
            "/routing/previews",
            {"channel": channel, "destination": {"country": country, "city": city},
             "lines": [{"sku": "LAMP-RICE", "qty": 1}]},
        )  # fmt: skip
        assert found["status"] == "optimal", found
        assert [one["units"] for one in found["shipments"]] == [{"LAMP-RICE": 1}]
