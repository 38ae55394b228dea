"""Decisions on the live tables: policies, switches, midnights, and what is kept in memory."""

from datetime import datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import entrepot
from entrepot.flows import preview_routing as flow
from entrepot.kernel.calendars import instant, local_day
from entrepot.platform.clock import system_clock
from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.api.matrix_routing import open_services, service
from tests.api.test_stock_entities import open_channel, stocked
from tests.flows.trade import Trade, open_trade
from tests.postgres_fixture import InstalledServer

FOSHAN = {"country": "CN", "region": "CN", "lat": 23.02, "lon": 113.12}


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(scope="module")
async def key(server: InstalledServer, trade: Trade) -> ApiKeyInHand:
    """With a near node (Guangzhou), a far one (Wuhan) and a store nearby."""
    key = await key_for(server, api_app(server), trade.tenant.tenant)
    for code, lat, lon, kind in (
        ("NEAR", 23.13, 113.26, "warehouse"), ("FAR", 30.59, 114.3, "warehouse"),
        ("STORE", 23.0, 113.1, "store"),
    ):  # fmt: skip
        await key.post("/nodes", {"code": code, "kind": kind, "zone": "Asia/Shanghai",
                                  "country": "CN"})  # fmt: skip
        place = {"lat": lat, "lon": lon, "region": "CN"}
        assert (await key.ask("PATCH", f"/nodes/{code}", place)).status_code == 200
        await open_services(
            key, code, service(), service(code="air", level="express", max_g=2000, cod=True, rates=[
                {"first_g": 1000, "first_minor": 4000, "step_g": 1000, "step_minor": 900,
                 "transit_min": 300},
            ] * 6),
        )  # fmt: skip
    return key


async def asked(key: ApiKeyInHand, channel: str, *lines: tuple[str, int], **more: Any) -> Any:
    cart = {
        "channel": channel, "destination": FOSHAN,
        "lines": [{"sku": sku, "qty": qty} for sku, qty in lines], **more,
    }  # fmt: skip
    return await key.post("/routing/previews", cart)


def nodes(found: Any) -> list[str]:
    return [shipment["node"] for shipment in found["shipments"]]


async def test_the_live_tables_decide(key: ApiKeyInHand) -> None:
    """T2.34: nodes, services and stock as they stand; the near one ships, then the far one."""
    sku = await stocked(key, {"NEAR": 2, "FAR": 5})
    await open_channel(key, "LIVE", "FAR", "NEAR")
    found = await asked(key, "LIVE", (sku, 1))
    assert (found["status"], nodes(found), found["currency"]) == ("optimal", ["NEAR"], "CNY")
    assert found["shipments"][0]["units"] == {sku: 1}
    assert datetime.fromisoformat(found["shipments"][0]["arrives_at"]) > system_clock()
    held = {
        "reference": "held",
        "channel": "LIVE",
        "lines": [{"sku": sku, "qty": 2, "node": "NEAR"}],
    }
    made = await key.post("/reservations", held)
    assert nodes(await asked(key, "LIVE", (sku, 1))) == ["FAR"]
    await key.ask("POST", f"/reservations/{made['id']}/release")
    assert nodes(await asked(key, "LIVE", (sku, 1))) == ["NEAR"]


async def test_the_ways_to_part_an_order_and_the_fewest_shipments(key: ApiKeyInHand) -> None:
    """T2.99: every smallest set of nodes, and the least number of shipments, proven."""
    a, b = await stocked(key, {"NEAR": 3, "FAR": 3}), await stocked(key, {"STORE": 3, "FAR": 3})
    await open_channel(key, "PARTS", "NEAR", "FAR", "STORE")
    found = await asked(key, "PARTS", (a, 1), (b, 1))
    assert [one["nodes"] for one in found["partitions"]] == [["FAR"], ["NEAR", "STORE"]]
    assert found["least_shipments"] == 1
    cost = {tuple(one["nodes"]): one["cost_minor"] for one in found["partitions"]}
    assert found["cost_minor"] == min(cost.values())
    none = await asked(key, "PARTS", (a, 3), (b, 6))
    assert [one["nodes"] for one in none["partitions"]] == [["FAR", "STORE"]]
    assert none["least_shipments"] == 2
    out = await asked(key, "PARTS", (a, 7))
    assert (out["status"], out["partitions"], out["least_shipments"]) == ("infeasible", [], None)


async def test_delivery_options_are_what_the_decision_allows(key: ApiKeyInHand) -> None:
    """T2.139, T2.25: the faster level costs more; cash on delivery where a service takes it."""
    sku = await stocked(key, {"NEAR": 9})
    await open_channel(key, "OPTIONS", "NEAR")
    found = await asked(key, "OPTIONS", (sku, 1))
    levels = [one["level"] for one in found["options"]]
    assert levels == ["express", "standard"], "the earlier first"
    assert found["options"][0]["cost_minor"] > found["options"][1]["cost_minor"]
    assert found["cod_offered"] is True
    await open_services(key, "NEAR", service())
    found = await asked(key, "OPTIONS", (sku, 1))
    assert [one["level"] for one in found["options"]] == ["standard"]
    assert found["cod_offered"] is False


async def test_what_is_kept_is_forgotten_with_every_change(key: ApiKeyInHand, trade: Trade) -> None:
    """T2.163: nodes and services are read once, and again after any change of theirs."""
    sku = await stocked(key, {"NEAR": 9, "FAR": 9})
    await open_channel(key, "KEPT", "NEAR", "FAR")

    def kept() -> object:
        return next(v for k, v in flow._kept.items() if k[:2] == (trade.tenant.tenant, "KEPT"))

    assert nodes(await asked(key, "KEPT", (sku, 1))) == ["NEAR"]
    first = kept()
    await asked(key, "KEPT", (sku, 1))
    assert kept() is first, "nothing changed, nothing was read"
    now = system_clock()
    closure = {"starts_at": (now - timedelta(hours=1)).isoformat(),
               "ends_at": (now + timedelta(days=30)).isoformat()}  # fmt: skip
    await key.ask("PATCH", "/nodes/NEAR", {"closures": [closure]})
    assert nodes(await asked(key, "KEPT", (sku, 1))) == ["FAR"]
    assert kept() is not first
    await key.ask("PATCH", "/nodes/NEAR", {"closures": []})
    assert nodes(await asked(key, "KEPT", (sku, 1))) == ["NEAR"]
    dear = [rate | {"first_minor": 90_000} for rate in service()["rates"]]
    await open_services(key, "NEAR", service(rates=dear))
    assert nodes(await asked(key, "KEPT", (sku, 1))) == ["FAR"]
    await open_services(key, "NEAR", service())
    assert nodes(await asked(key, "KEPT", (sku, 1))) == ["NEAR"]
    await key.ask("PUT", "/channels/KEPT", {"pool": [{"node": "FAR", "priority": 1}]})
    assert nodes(await asked(key, "KEPT", (sku, 1))) == ["FAR"]


CALLERS = ("api/routing.py", "flows/preview_routing.py", "web/routing_pages.py",
           "web/templates/admin/routing.html")  # fmt: skip


def code_of_callers() -> str:
    """One hash of everything between a buyer and the decision."""
    root = Path(entrepot.__file__).parent
    return sha256(b"".join((root / name).read_bytes() for name in CALLERS)).hexdigest()


async def test_location_logic_changes_and_no_caller_does(key: ApiKeyInHand) -> None:
    """T2.93: by a policy, by a number of a node, by the regions that a node serves: three changes
    of where orders are sent from, and the code of those who ask is the same to the byte."""
    before = code_of_callers()
    await key.post("/node-attributes", {"name": "priority", "type": "integer"})
    sku = await stocked(key, {"NEAR": 9, "FAR": 9})
    await open_channel(key, "WHERE", "NEAR", "FAR")
    await open_services(key, "NEAR", service())
    assert nodes(await asked(key, "WHERE", (sku, 1), policy="nearest")) == ["NEAR"]
    for node, rank in (("NEAR", 2), ("FAR", 1)):
        await key.ask("PATCH", f"/nodes/{node}", {"attributes": {"priority": rank}})
    assert nodes(await asked(key, "WHERE", (sku, 1), policy="priority")) == ["FAR"]
    assert nodes(await asked(key, "WHERE", (sku, 1), policy="nearest")) == ["NEAR"]
    await key.ask("PATCH", "/nodes/NEAR", {"regions_served": ["CN-GX"]})
    assert nodes(await asked(key, "WHERE", (sku, 1), policy="nearest")) == ["FAR"]
    await key.ask("PATCH", "/nodes/NEAR", {"regions_served": []})
    assert nodes(await asked(key, "WHERE", (sku, 1))) == ["NEAR"]
    assert code_of_callers() == before


async def test_a_store_pauses_and_the_next_order_goes_elsewhere(
    key: ApiKeyInHand, server: InstalledServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T2.117: the switch is an attribute of the store; the decision after it reads it. At noon:
    by night the policy lets no store send."""
    tomorrow = local_day(system_clock(), "Asia/Shanghai") + timedelta(days=1)
    noon = instant(tomorrow, time(12, 0), "Asia/Shanghai")
    monkeypatch.setattr(server.database, "clock", lambda: noon)
    await key.post("/node-attributes", {"name": "paused", "type": "boolean"})
    sku = await stocked(key, {"STORE": 5, "NEAR": 5})
    await open_channel(key, "PAUSE", "STORE", "NEAR")
    cheap = [rate | {"first_minor": 100} for rate in service()["rates"]]
    await open_services(key, "STORE", service(rates=cheap))
    pack = {"policy": "stores-and-pickup"}
    assert nodes(await asked(key, "PAUSE", (sku, 1), **pack)) == ["STORE"]
    for paused, node in ((True, "NEAR"), (False, "STORE")):
        change = {"attributes": {"paused": paused}}
        assert (await key.ask("PATCH", "/nodes/STORE", change)).status_code == 200
        assert nodes(await asked(key, "PAUSE", (sku, 1), **pack)) == [node]


async def test_a_full_node_is_passed_over_until_its_midnight(
    key: ApiKeyInHand, trade: Trade
) -> None:
    """T2.17: what left the node since its local midnight is taken from its daily limit."""
    sku = await stocked(key, {"NEAR": 9, "FAR": 9})
    await open_channel(key, "DAILY", "NEAR", "FAR")
    await open_services(key, "NEAR", service())
    limit = {"capacities": [{"counts": "units", "daily_limit": 2}]}
    await key.ask("PATCH", "/nodes/NEAR", limit)
    assert nodes(await asked(key, "DAILY", (sku, 2))) == ["NEAR"]
    made = await key.post(
        "/reservations",
        {"reference": "D-1", "channel": "DAILY", "lines": [{"sku": sku, "qty": 1, "node": "NEAR"}]},
    )
    await key.ask("POST", f"/reservations/{made['id']}/fulfil")
    assert nodes(await asked(key, "DAILY", (sku, 2))) == ["FAR"]
    assert nodes(await asked(key, "DAILY", (sku, 1))) == ["NEAR"]
    today = local_day(system_clock(), "Asia/Shanghai")
    for day, sent in ((today, 1), (today + timedelta(days=1), 0)):
        async with trade.db.read(trade.staff) as tx:
            since = {"NEAR": instant(day, time(0, 0), "Asia/Shanghai")}
            found = await flow.strategy.list_sent(tx, since=since)
        assert found.get(("NEAR", "units"), 0) == sent
    await key.ask("PATCH", "/nodes/NEAR", {"capacities": []})


async def test_kits_and_faults(key: ApiKeyInHand, trade: Trade) -> None:
    part, other = await stocked(key, {"NEAR": 4, "FAR": 9}), await stocked(key, {"FAR": 4})
    await key.post("/skus", {"code": f"KIT-{part}", "names": {"en": "Kit"}, "parts": [
        {"sku": part, "quantity": 2}, {"sku": other, "quantity": 1}]})  # fmt: skip
    await open_channel(key, "KITS", "NEAR", "FAR")
    found = await asked(key, "KITS", (f"KIT-{part}", 2))
    assert nodes(found) == ["FAR"], "a kit is not torn"
    assert found["shipments"][0]["units"] == {part: 4, other: 2}
    for change, code in (
        ({"channel": "NOWHERE"}, 404), ({"policy": "no-such"}, 404),
        ({"lines": [{"sku": "NO-SUCH", "qty": 1}]}, 404),
        ({"destination": {"country": "CN", "city": "Nowhere-at-all"}}, 422),
        ({"lines": [{"sku": part, "qty": 0}]}, 422), ({"unknown": 1}, 422),
        ({"lines": [{"sku": part, "qty": 1_000_001}]}, 422),
        ({"lines": [{"sku": part, "qty": 999_999}], "policy": "fewest-splits"}, 200),
    ):  # fmt: skip
        cart = {"channel": "KITS", "destination": FOSHAN, "lines": [{"sku": part, "qty": 1}]}
        refused = await key.ask("POST", "/routing/previews", cart | change)
        assert refused.status_code == code, (change, refused.text)
    twice = {"currency": "CNY", "services": [service(), service()]}
    assert (await key.ask("PUT", "/nodes/NEAR/delivery-services", twice)).status_code == 422
    await key.ask("PUT", "/nodes/FAR/delivery-services",
                  {"currency": "USD", "services": [service()]})  # fmt: skip
    refused = await key.ask("POST", "/routing/previews", {
        "channel": "KITS", "destination": FOSHAN, "lines": [{"sku": part, "qty": 1}]})  # fmt: skip
    assert refused.json()["code"] == "currencies_differ"
    await open_services(key, "FAR", service())
    assert await trade.violations() == {}
