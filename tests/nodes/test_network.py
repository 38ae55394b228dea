"""From tables to decisions: the fiftieth node, custom attributes and pools reach the router.

Everything is configured over the API. Stock and services belong to other rooms and are put beside
the network here, the same for every node.
"""

from datetime import UTC, date, datetime, time
from typing import Any

import msgspec
import pytest

from entrepot.catalog.queries import get_sku
from entrepot.catalog.rules import required_tags
from entrepot.flows.get_network import get_network
from entrepot.kernel.ids import new_token
from entrepot.nodes.geocoding import Address, locate_all
from entrepot.routing.compile import compile_network, problem_of
from entrepot.routing.engine.format import Destination, Line, Order, OrderPlan, Rate, Stock
from entrepot.routing.engine.routing import route
from entrepot.routing.policy.deciding import route_under
from entrepot.routing.policy.parsing import parse_policy
from entrepot.routing.types import Network, NetworkService, PickUp
from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.flows.trade import Trade, open_trade
from tests.postgres_fixture import InstalledServer

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
CITIES = [
    "Shenzhen",
    "Yiwu",
    "Beijing",
    "Chengdu",
    "Wuhan",
    "Shanghai",
    "Xi'an",
    "Shenyang",
    "Kunming",
    "Zhengzhou",
    "Guangzhou",
    "Hangzhou",
    "Nanjing",
    "Chongqing",
    "Tianjin",
    "Qingdao",
    "Dalian",
    "Xiamen",
    "Changsha",
    "Harbin",
    "Urumqi",
    "Lanzhou",
    "Nanning",
    "Guiyang",
    "Hefei",
    "Nanchang",
    "Fuzhou",
    "Jinan",
    "Taiyuan",
    "Shijiazhuang",
    "Changchun",
    "Haikou",
    "Ningbo",
    "Wenzhou",
    "Suzhou",
    "Wuxi",
    "Xuzhou",
    "Yantai",
    "Linyi",
    "Luoyang",
    "Yinchuan",
    "Xining",
    "Hohhot",
    "Lhasa",
    "Sanya",
    "Guilin",
    "Shantou",
    "Zhuhai",
    "Dongguan",
    "Foshan",
]
RATES = tuple(Rate(1000, 1000 + 500 * zone, 1000, 200, 600 + 720 * zone) for zone in range(6))
LANE_RULE = """\
policy lanes version 1
owner "order desk"
review 2027-06-30
from 2026-11-01T00:00:00Z

exclude not-there
  options lane.attrs.delivers = false
  code "carrier_not_there"
"""
DAILY = tuple(PickUp(day, time(16, 0), time(18, 0)) for day in range(1, 8))


@pytest.fixture(scope="module", autouse=True)
def cities_looked_up_at_once() -> None:
    locate_all([Address("CN", city, None) for city in CITIES])


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(scope="module")
async def key(server: InstalledServer, trade: Trade) -> ApiKeyInHand:
    return await key_for(server, api_app(server), trade.tenant.tenant)


async def open_node(key: ApiKeyInHand, code: str, city: str, **change: object) -> None:
    """A node by configuration alone."""
    await key.post("/nodes", {"code": code, "zone": "Asia/Shanghai", "country": "CN",
                              "city": city})  # fmt: skip
    fields = {"region": "CN", "opens": "08:00", "closes": "20:00"} | change
    changed = await key.ask("PATCH", f"/nodes/{code}", fields)
    assert changed.status_code == 200, changed.text
    assert changed.json()["position_from"] == "city", city


def stocked(network: Network, units: dict[str, int]) -> Network:
    """The network with stock of SKU X and one standard service at every node."""
    nodes = tuple(
        msgspec.structs.replace(node, stock={"X": Stock(units.get(node.id, 5), 0, 0)})
        for node in network.nodes
    )
    services = tuple(
        NetworkService(f"std at {node.id}", node.id, "SF", "standard", 30_000, 6000, RATES,
                       DAILY, tags=("bulky", "cold"))
        for node in nodes
    )  # fmt: skip
    return Network(nodes, services, network.limits)


def decide(network: Network, orders: list[Order]) -> list[OrderPlan]:
    compiled = compile_network(network, now=NOW, instant0=NOW)
    problem = problem_of(compiled, orders, currency="CNY", zone_km=[50, 300, 800, 1500, 2500])
    return list(route(problem, explained=True).orders)


def order(name: str, city: str, tags: list[str] | None = None, **more: Any) -> Order:
    (found,) = locate_all([Address("CN", city, None)])
    assert found is not None
    line = Line("X", 1, 500, 600, tags or [])
    return Order(name, 0, Destination(found.lat, found.lon, "CN"), [line], **more)


async def test_the_third_to_the_fiftieth_node_need_no_code(trade: Trade, key: ApiKeyInHand) -> None:
    """T2.1: with every node added over the API more orders can be met in two days."""
    orders = [order(f"{city} {n}", city, deliver_by=40 * 60) for city in CITIES for n in range(2)]
    pool: list[dict[str, object]] = []
    await key.post("/channels", {"code": "WEB"})
    coverage: dict[int, float] = {}
    fill: dict[int, float] = {}
    for number, city in enumerate(CITIES, 1):
        code = f"N{number:02d}"
        await open_node(key, code, city)
        pool.append({"node": code, "priority": number})
        if number not in (2, 3, 10, 25, 50):
            continue
        assert (await key.ask("PUT", "/channels/WEB", {"pool": pool})).status_code == 200
        network = await get_network(trade.db, trade.staff, channel="WEB", regions=["CN"])
        assert [node.id for node in network.nodes] == [str(one["node"]) for one in pool]
        plans = decide(stocked(network, {}), orders)
        fill[number] = sum(1 for plan in plans if plan.shipments) / len(orders)
        plenty = decide(stocked(network, {node.id: 1000 for node in network.nodes}), orders)
        coverage[number] = sum(1 for plan in plenty if plan.shipments) / len(orders)
    print("coverage", coverage, "fill rate", fill)
    assert sorted(coverage.values()) == list(coverage.values())
    assert sorted(fill.values()) == list(fill.values())
    assert coverage[2] < coverage[10] < coverage[50] == 1.0
    assert fill[2] < fill[3] < fill[10] < fill[25]
    assert await trade.violations() == {}


@pytest.mark.parametrize("name", ["cold", "bulky"])
async def test_a_custom_attribute_decides_without_a_migration(
    trade: Trade, key: ApiKeyInHand, name: str
) -> None:
    """T2.65, T2.66: defined, set and used over the API; the near node without it is left out."""
    near, far = f"{name.upper()}-NEAR", f"{name.upper()}-FAR"
    new = {"name": name, "type": "boolean", "names": {"en": name.title()}}
    refused = await key.ask("PATCH", "/nodes/SZX1", {"attributes": {name: True}})
    assert refused.status_code == 422, "not before it is defined"
    await key.post("/node-attributes", new)
    await key.post("/sku-attributes", new)
    await open_node(key, near, "Guangzhou", attributes={name: False})
    await open_node(key, far, "Wuhan", attributes={name: True})
    code = "S" + new_token(5).upper().replace("-", "X").replace("_", "Y")
    await key.post("/skus", {"code": code, "attributes": {name: True}})
    pool = [{"node": near, "priority": 1}, {"node": far, "priority": 2}]
    await key.post("/channels", {"code": name.upper(), "pool": pool})
    network = await get_network(trade.db, trade.staff, channel=name.upper())
    async with trade.db.read(trade.staff) as tx:
        tags = required_tags(await get_sku(tx, code=code))
    (plain,) = decide(stocked(network, {}), [order("1", "Foshan")])
    assert [shipment.node for shipment in plain.shipments] == [near]
    (plan,) = decide(stocked(network, {}), [order("1", "Foshan", tags)])
    assert [shipment.node for shipment in plan.shipments] == [far]
    reasons = {one.node: one.excluded for one in plan.candidates or ()}
    assert reasons[near] is not None
    assert reasons[near].code == "not_capable"


async def test_a_carrier_is_left_out_where_it_does_not_deliver(
    trade: Trade, key: ApiKeyInHand
) -> None:
    """T2.67: an attribute of node × region × carrier, defined and set over the API, read by a rule.

    The near node's carrier does not go to the order's region; the same carrier from the far node
    does, and the near node still serves another region.
    """
    lane = {"carrier": "SF", "region": "CN", "attributes": {"delivers": False}}
    refused = await key.ask("PATCH", "/nodes/SZX1", {"lanes": [lane]})
    assert refused.status_code == 422, "not before the attribute is defined"
    assert refused.json()["errors"][0]["path"] == "lanes[0].attributes.delivers"
    await key.post("/node-attributes", {"name": "delivers", "type": "boolean"})
    await open_node(key, "LANE-NEAR", "Guangzhou", lanes=[lane])
    await open_node(key, "LANE-FAR", "Wuhan", lanes=[lane | {"region": "CN-XJ"}])
    shown = await key.get("/nodes/LANE-NEAR")
    assert shown["lanes"] == [lane]
    pool = [{"node": "LANE-NEAR", "priority": 1}, {"node": "LANE-FAR", "priority": 2}]
    await key.post("/channels", {"code": "LANES", "pool": pool})
    network = await get_network(trade.db, trade.staff, channel="LANES")
    compiled = compile_network(stocked(network, {}), now=NOW, instant0=NOW)
    orders = [order("1", "Foshan"), order("2", "Foshan")]
    elsewhere = msgspec.structs.replace(orders[1].dest, region="CN-GD")
    orders[1] = msgspec.structs.replace(orders[1], dest=elsewhere)
    problem = problem_of(compiled, orders, currency="CNY", zone_km=[50, 300, 800, 1500, 2500])
    ruled = route_under(parse_policy(LANE_RULE), problem, at=NOW, explained=True)
    assert [plan.shipments[0].node for plan in ruled.plan.orders] == ["LANE-FAR", "LANE-NEAR"]
    reasons = {one.node: one.excluded for one in ruled.plan.orders[0].candidates or ()}
    assert reasons["LANE-NEAR"] is not None
    assert reasons["LANE-NEAR"].code == "carrier_not_there"


async def test_lanes_survive_a_file_and_are_checked(trade: Trade, key: ApiKeyInHand) -> None:
    allowed = ["day", "night"]
    await key.post("/node-attributes", {"name": "reach", "type": "choices", "allowed": allowed})
    await key.post("/node-attributes", {"name": "note", "type": "text"})
    lanes = [
        {"carrier": "SF", "region": "CN-XJ", "attributes": {"note": "12", "reach": ["day"]}},
        {"carrier": "YTO", "region": "CN-XJ", "attributes": {"reach": allowed}},
    ]
    await open_node(key, "LANE-FILE", "Xi'an", lanes=lanes)
    table = (await key.ask("GET", "/nodes/export")).text
    assert "SF@CN-XJ note=12, reach=day; YTO@CN-XJ reach=day|night" in table
    again = await key.post("/nodes/import", {"csv": table})
    assert (again["created"], again["changed"]) == (0, 0)
    for wrong, path in (
        ([lanes[0], lanes[0]], "lanes"),
        ([lanes[0] | {"attributes": {"note": "a; b"}}], "lanes[0].attributes.note"),
        ([lanes[0] | {"attributes": {"reach": ["noon"]}}], "lanes[0].attributes.reach"),
        ([lanes[0] | {"carrier": "S F"}], "lanes[0].carrier"),
    ):
        refused = await key.ask("PATCH", "/nodes/LANE-FILE", {"lanes": wrong})
        assert refused.status_code == 422
        assert path in [one["path"] for one in refused.json()["errors"]]
    assert (await key.get("/nodes/LANE-FILE"))["lanes"] == lanes


async def test_a_pool_sells_nothing_of_another(trade: Trade, key: ApiKeyInHand) -> None:
    """T2.91: the near node has the stock and is another shop's: this shop's ships, or nobody."""
    await open_node(key, "SHOP-A1", "Beijing")
    await open_node(key, "SHOP-B1", "Guangzhou")
    for shop, code in (("SHOP-A", "SHOP-A1"), ("SHOP-B", "SHOP-B1")):
        await key.post("/channels", {"code": shop, "pool": [{"node": code, "priority": 1}]})
    network = await get_network(trade.db, trade.staff, channel="SHOP-A")
    (plan,) = decide(stocked(network, {}), [order("1", "Foshan")])
    assert [shipment.node for shipment in plan.shipments] == ["SHOP-A1"]
    (plan,) = decide(stocked(network, {"SHOP-A1": 0}), [order("1", "Foshan")])
    assert (plan.status, plan.shipments) == ("infeasible", ())


async def test_regions_hours_and_limits_reach_the_router(trade: Trade, key: ApiKeyInHand) -> None:
    await open_node(key, "ALL", "Wuhan")
    await open_node(
        key, "GD", "Guangzhou", regions_served=["CN-GD"],
        capacities=[{"counts": "shipments", "daily_limit": 1}], quantities_master="wms",
    )  # fmt: skip
    await open_node(
        key, "STAFF", "Shanghai", regions_blocked=["CN"], weekdays=[1, 2], holidays=["2026-11-24"],
        minutes_per_shipment=5,
        staffed=[{"weekday": 1, "opens": "08:00", "closes": "17:00", "people": 2}],
    )  # fmt: skip
    network = await get_network(trade.db, trade.staff, regions=["CN", "CN-GD"])
    nodes = {node.id: node for node in network.nodes}
    assert nodes["GD"].regions_blocked == ("CN",)
    assert nodes["STAFF"].regions_blocked == ("CN",)
    assert nodes["ALL"].regions_blocked == ()
    assert [(one.node, one.limit) for one in network.limits] == [("GD", 1)]
    calendar = nodes["STAFF"].calendar
    assert [calendar.works_on(date(2026, 11, day)) for day in (23, 24, 25)] == [
        True, False, False,
    ]  # fmt: skip
    labour = nodes["STAFF"].labour
    assert labour is not None
    assert (labour.minutes_per_shipment, labour.shifts[0].people) == (5, 2)
    some = Network(tuple(nodes[code] for code in ("ALL", "GD", "STAFF")), (), network.limits)
    plans = decide(stocked(some, {}), [order("1", "Foshan")])
    assert [shipment.node for plan in plans for shipment in plan.shipments] == ["ALL"]


async def test_a_closed_channel_sells_from_nowhere(trade: Trade, key: ApiKeyInHand) -> None:
    await open_node(key, "LAST", "Harbin")
    pool = [{"node": "LAST", "priority": 1}]
    await key.post("/channels", {"code": "GONE", "pool": pool})
    assert (await get_network(trade.db, trade.staff, channel="GONE")).nodes
    await key.ask("PUT", "/channels/GONE", {"pool": pool, "closed": True})
    assert (await get_network(trade.db, trade.staff, channel="GONE")).nodes == ()


async def test_a_node_without_coordinates_cannot_be_decided_about(
    trade: Trade, key: ApiKeyInHand
) -> None:
    await key.post("/nodes", {"code": "LOST", "zone": "UTC"})
    network = await get_network(trade.db, trade.staff)
    assert "LOST" not in {node.id for node in network.nodes}
