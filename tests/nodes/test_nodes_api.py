"""Nodes over signed HTTP: changes, channels and pools, groups, attributes, files, races."""

import asyncio
import base64
from typing import Any

import pytest

from entrepot.kernel.ids import new_token
from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.flows.trade import Trade, open_trade
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(scope="module")
async def app(server: InstalledServer) -> Any:
    return api_app(server)


@pytest.fixture(scope="module")
async def key(server: InstalledServer, app: Any, trade: Trade) -> ApiKeyInHand:
    return await key_for(server, app, trade.tenant.tenant)


def fresh(prefix: str) -> str:
    return f"{prefix}-" + new_token(6).upper().replace("_", "X").replace("-", "Y")


async def node(key: ApiKeyInHand, **fields: object) -> str:
    code = fresh("N")
    await key.post("/nodes", {"code": code, "zone": "Asia/Shanghai", **fields})
    return code


async def change(key: ApiKeyInHand, code: str, **fields: object) -> Any:
    response = await key.ask("PATCH", f"/nodes/{code}", fields)
    assert response.status_code == 200, response.text
    return response.json()


FULL = {
    "names": {"en": "Yiwu main", "zh-CN": "义乌总仓"}, "country": "CN", "city": "义乌",
    "region": "CN-ZJ", "regions_served": ["CN-ZJ", "CN-GD"], "regions_blocked": ["CN-XJ"],
    "capabilities": ["battery"], "weekdays": [1, 2, 3, 4, 5], "opens": "08:00", "closes": "18:30",
    "holidays": ["2026-10-01"],
    "closures": [{"starts_at": "2026-12-24T12:00:00Z", "ends_at": "2026-12-27T00:00:00Z"}],
    "staffed": [{"weekday": 1, "opens": "08:00", "closes": "17:00", "people": 3}],
    "pick_up": [{"weekday": 1, "opens": "09:00", "closes": "18:00"}],
    "minutes_per_shipment": 6, "minutes_per_unit": 1,
    "capacities": [{"counts": "shipments", "daily_limit": 500}],
    "quantities_master": "erp", "allocation_owner": "wms",
}  # fmt: skip


async def test_a_node_says_all_of_how_it_works(key: ApiKeyInHand, trade: Trade) -> None:
    code = await node(key)
    changed = await change(key, code, **FULL)
    assert {name: changed[name] for name in FULL} == FULL | {"regions_served": ["CN-GD", "CN-ZJ"]}
    assert (round(changed["lat"]), round(changed["lon"]), changed["position_from"]) == (
        29, 120, "city",
    )  # fmt: skip
    assert await key.get(f"/nodes/{code}") == changed
    assert await change(key, code, **FULL) == changed, "the same once more changes nothing"
    left = await change(key, code, region=None, staffed=[])
    assert (left["region"], left["staffed"], left["pick_up"]) == (None, [], changed["pick_up"])
    assert await trade.violations() == {}


async def test_coordinates_given_by_hand_stay(key: ApiKeyInHand) -> None:
    code = await node(key, country="CN", postcode="518000")
    found = await key.get(f"/nodes/{code}")
    assert found["position_from"] == "postcode"
    given = await change(key, code, lat=30.5, lon=100.25)
    moved = await change(key, code, city="Beijing")
    assert (moved["lat"], moved["lon"], moved["position_from"]) == (30.5, 100.25, "given")
    assert given["lat"] == 30.5
    again = await change(key, code, lat=None, lon=None)
    assert (round(again["lat"]), again["position_from"]) == (40, "city")


async def test_everything_wrong_with_a_change_at_once(key: ApiKeyInHand) -> None:
    code = await node(key)
    response = await key.ask("PATCH", f"/nodes/{code}", {
        "zone": "Moon/Base", "lat": 1.0, "attributes": {"nothing": True}, "opens": "09:00",
        "staffed": [{"weekday": 1, "opens": "09:00", "closes": "08:00", "people": 1}],
        "closures": [{"starts_at": "2026-12-24T12:00:00Z", "ends_at": "2026-12-24T12:00:00Z"}],
        "capacities": [{"counts": "units", "daily_limit": n} for n in (1, 2)],
        "regions_served": ["A"], "regions_blocked": ["A"],
    })  # fmt: skip
    assert response.status_code == 422
    assert {error["path"] for error in response.json()["errors"]} == {
        "zone", "lat", "attributes.nothing", "opens", "staffed[0].closes", "closures[0].ends_at",
        "capacities", "regions_blocked",
    }  # fmt: skip
    response = await key.ask("PATCH", f"/nodes/{code}", {
        "weekdays": [0, 8], "opens": "25:00", "quantities_master": "sap", "lat": 91,
        "capacities": [{"counts": "units", "daily_limit": -1}], "colour": "red",
        "minutes_per_unit": 1.5,
    })  # fmt: skip
    assert {error["path"] for error in response.json()["errors"]} >= {
        "weekdays[0]", "weekdays[1]", "opens", "quantities_master", "lat",
        "capacities[0].daily_limit", "colour", "minutes_per_unit",
    }  # fmt: skip


async def test_two_changes_at_once_lose_nothing(key: ApiKeyInHand, trade: Trade) -> None:
    code = await node(key)
    await asyncio.gather(
        change(key, code, region="CN-GD"), change(key, code, capabilities=["cold"]),
        change(key, code, minutes_per_unit=3), change(key, code, opens="08:00", closes="09:00"),
    )  # fmt: skip
    got = await key.get(f"/nodes/{code}")
    assert (got["region"], got["capabilities"], got["minutes_per_unit"], got["opens"]) == (
        "CN-GD", ["cold"], 3, "08:00",
    )  # fmt: skip
    assert got["version"] == 5
    assert await trade.violations() == {}


async def test_a_key_of_some_warehouses(
    server: InstalledServer, app: Any, trade: Trade, key: ApiKeyInHand
) -> None:
    narrow = await key_for(server, app, trade.tenant.tenant, warehouses=["SZX1"])
    assert (await narrow.ask("PATCH", "/nodes/YIW1", {"region": "X"})).status_code == 404
    assert (await narrow.ask("GET", "/nodes/YIW1")).status_code == 404
    assert (await narrow.ask("PATCH", "/nodes/SZX1", {"region": "CN-GD"})).status_code == 200
    assert [one["code"] for one in (await narrow.get("/nodes"))["items"]] == ["SZX1"]
    shop = fresh("C")
    pool = [{"node": "SZX1", "priority": 1}, {"node": "YIW1", "priority": 2}]
    await key.post("/channels", {"code": shop, "pool": pool})
    assert (await narrow.get(f"/channels/{shop}"))["pool"] == pool[:1]
    for method, target in (("PUT", f"/channels/{shop}"), ("PUT", "/node-groups/G")):
        refused = await narrow.ask(method, target, {})
        assert (refused.status_code, refused.json()["code"]) == (403, "all_warehouses_needed")
    assert b"YIW1" not in (await narrow.ask("GET", "/nodes/export")).content


async def test_a_pool_has_its_order_and_nothing_else(key: ApiKeyInHand, trade: Trade) -> None:
    a, b = await node(key), await node(key)
    code = fresh("C")
    made = await key.post("/channels", {
        "code": code, "names": {"en": "Shop DE"},
        "pool": [{"node": b, "priority": 2}, {"node": a, "priority": 1}],
    })  # fmt: skip
    assert [one["node"] for one in made["pool"]] == [a, b]
    swapped = {"names": {"en": "Shop DE"},
               "pool": [{"node": b, "priority": 1}, {"node": a, "priority": 2}]}  # fmt: skip
    changed = await key.ask("PUT", f"/channels/{code}", swapped)
    assert [one["node"] for one in changed.json()["pool"]] == [b, a]
    assert (await key.ask("PUT", f"/channels/{code}", swapped)).json()["version"] == 2
    twice = [{"node": a, "priority": 1}, {"node": b, "priority": 1}]
    assert (await key.ask("PUT", f"/channels/{code}", {"pool": twice})).status_code == 422
    unknown = [{"node": "NOWHERE", "priority": 1}]
    assert (await key.ask("PUT", f"/channels/{code}", {"pool": unknown})).status_code == 404
    assert (await key.ask("POST", "/channels", {"code": code})).status_code == 409
    assert (await key.ask("GET", "/channels/NOWHERE")).status_code == 404
    assert await trade.violations() == {}


async def test_one_channel_for_one_idempotency_key(key: ApiKeyInHand) -> None:
    code, idem = fresh("C"), new_token(12)
    answers = await asyncio.gather(
        *(key.ask("POST", "/channels", {"code": code}, key=idem) for _ in range(4))
    )
    assert {one.status_code for one in answers} == {201}
    assert len({one.text for one in answers}) == 1


async def group(key: ApiKeyInHand, code: str, **fields: object) -> Any:
    return await key.ask("PUT", f"/node-groups/{code}", fields)


async def test_groups_allow_and_deny(key: ApiKeyInHand, trade: Trade) -> None:
    """T2.92: a pool never holds a node whose group may not serve the channel's home group."""
    asia, europe, free = await node(key), await node(key), await node(key)
    east, west, shop = fresh("E")[:16], fresh("W")[:16], fresh("C")
    assert (await group(key, east, isolated=True, nodes=[asia])).status_code == 200
    assert (await group(key, west, nodes=[europe])).status_code == 200
    at_home = {"group": east, "pool": [{"node": asia, "priority": 1}]}
    await key.post("/channels", {"code": shop} | at_home)
    for stranger in (europe, free):
        wider = at_home | {"pool": [*at_home["pool"], {"node": stranger, "priority": 2}]}
        refused = await key.ask("PUT", f"/channels/{shop}", wider)
        assert (refused.status_code, refused.json()["code"]) == (409, "groups_isolated")
        assert refused.json()["facts"]["links"] == [f"{shop}: {stranger}"]
    allow = {"nodes": [europe], "rules": [{"to": east, "verdict": "allow"}]}
    assert (await group(key, west, **allow)).status_code == 200
    wider = at_home | {"pool": [*at_home["pool"], {"node": europe, "priority": 2}]}
    assert (await key.ask("PUT", f"/channels/{shop}", wider)).status_code == 200
    back = await group(key, west, nodes=[europe])
    assert (back.status_code, back.json()["code"]) == (409, "groups_isolated")
    deny = await group(key, west, nodes=[europe], rules=[{"to": east, "verdict": "deny"}])
    assert deny.status_code == 409
    assert await trade.violations() == {}


async def test_what_may_pass_between_nodes(key: ApiKeyInHand, trade: Trade) -> None:
    a, b, c = await node(key), await node(key), await node(key)
    one, two = fresh("O")[:16], fresh("T")[:16]
    await group(key, one, isolated=True, nodes=[a])
    await group(key, two, nodes=[b], rules=[{"to": one, "verdict": "allow"}])
    owner = await trade.server.owner(trade.tenant)
    try:
        ids = {
            row["code"]: row["node_id"]
            for row in await owner.fetch("select code, node_id from nodes.node")
        }
        passes = {
            (x, y): await owner.fetchval(
                "select nodes.may_supply_v1($1, $2)", ids[x], ids[y]
            )
            for x in (a, b, c) for y in (a, b, c)
        }  # fmt: skip
    finally:
        await owner.close()
    assert passes == {
        (a, a): True, (a, b): False, (a, c): False, (b, a): True, (b, b): True, (b, c): True,
        (c, a): False, (c, b): True, (c, c): True,
    }  # fmt: skip


async def test_a_pool_and_a_rule_at_the_same_time(key: ApiKeyInHand, trade: Trade) -> None:
    """Whichever comes second is refused: no pool is left that a group forbids."""
    for _ in range(4):
        home, guest, shop = await node(key), await node(key), fresh("C")
        code = fresh("H")[:16]
        await group(key, code, nodes=[home])
        await key.post("/channels", {"code": shop, "group": code})
        pool = [{"node": guest, "priority": 1}]
        answers = await asyncio.gather(
            key.ask("PUT", f"/channels/{shop}", {"group": code, "pool": pool}),
            group(key, code, nodes=[home], isolated=True),
        )
        assert sorted(one.status_code for one in answers) == [200, 409]
    assert await trade.violations() == {}


async def test_attributes_of_nodes_are_typed(key: ApiKeyInHand) -> None:
    name = "a" + new_token(6).lower().replace("-", "x").replace("_", "y")
    await key.post("/node-attributes", {"name": name, "type": "decimal"})
    code = await node(key)
    for value in ("1.5.2", "abc", 1.5, True, "1e5", ["1"]):
        refused = await key.ask("PATCH", f"/nodes/{code}", {"attributes": {name: value}})
        assert refused.status_code == 422, value
    assert (await change(key, code, attributes={name: "-18.5"}))["attributes"] == {name: "-18.5"}
    listed = await key.get("/node-attributes")
    assert {"name": name, "type": "decimal", "allowed": [], "names": {}} in listed["items"]
    other = await key.ask("POST", "/node-attributes", {"name": name, "type": "text"})
    assert (other.status_code, other.json()["code"]) == (409, "attribute_differs")


async def test_nodes_go_out_and_come_in_again(key: ApiKeyInHand, trade: Trade) -> None:
    code = await node(key)
    await change(key, code, **FULL)
    await change(key, await node(key), names={"en": "=1+1"}, lat=1.25, lon=-3.5)
    for form in ("csv", "xlsx"):
        raw = (await key.ask("GET", f"/nodes/export?format={form}")).content
        sent = (
            {"csv": raw.decode("utf-8-sig")}
            if form == "csv"
            else {"xlsx": base64.b64encode(raw).decode()}
        )
        done = await key.post("/nodes/import", sent)
        assert (done["created"], done["changed"]) == (0, 0), form
        assert done["unchanged"] >= 4
    assert await trade.violations() == {}


async def test_what_no_cell_could_hold_of_a_node(key: ApiKeyInHand) -> None:
    """Blanks are trimmed, what is longer than a cell of XLSX is refused: it was cut off, and the
    import of the file took the node's last lanes away."""
    name = "b" + new_token(6).lower().replace("-", "x").replace("_", "y")
    await key.post("/node-attributes", {"name": name, "type": "text"})
    code = await node(key)
    got = await change(
        key, code, address=" ", city=" Berlin", postcode="10115\n", names={"en": " ", "ja": " x "},
        attributes={name: " dry "},
    )  # fmt: skip
    told = [got[field] for field in ("address", "city", "postcode", "names", "attributes")]
    assert told == [None, "Berlin", "10115", {"ja": "x"}, {name: "dry"}]
    lane = {"carrier": "SF", "region": "CN-XJ", "attributes": {name: " dry"}}
    assert (await key.ask("PATCH", f"/nodes/{code}", {"lanes": [lane]})).status_code == 422
    many = [
        {"carrier": f"C{n}", "region": "CN-XJ", "attributes": {name: "x" * 150}}
        for n in range(1000)
    ]
    await change(key, code, lanes=many)
    refused = await key.ask("GET", "/nodes/export?format=xlsx")
    assert (refused.status_code, refused.json()["code"]) == (409, "cell_too_long")
    text = (await key.ask("GET", "/nodes/export")).content.decode("utf-8-sig")
    assert (await key.post("/nodes/import", {"csv": text}))["changed"] == 0
    await change(key, code, lanes=[])


@pytest.mark.parametrize("rows", ["{0},1_0,1\n", "{0},１,1\n", "{0},1,1\n{0},2,2\n"])
async def test_rows_of_nodes_that_cannot_be_meant(key: ApiKeyInHand, rows: str) -> None:
    sent = {"csv": "code,lat,lon\n" + rows.format(await node(key))}
    assert (await key.ask("POST", "/nodes/import", sent)).status_code == 422


async def test_all_bad_rows_of_nodes_at_once_and_none_kept(key: ApiKeyInHand) -> None:
    good = fresh("N")
    text = (
        "code,zone,country,city,weekdays,staffed,kind\n"
        f"{good},Europe/Berlin,DE,Berlin,1 2 3,1 08:00-17:00 x2,store\n"
        f"{fresh('N')},Moon/Base,DE,Berlin,,,\n"
        "lower,UTC,,,,,\n"
        f"{fresh('N')},UTC,,,9,,\n"
        f"{fresh('N')},UTC,,,,Monday,\n"
        ",UTC,,,,,\n"
        "SZX1,Asia/Shanghai,,,,,store\n"
    )
    response = await key.ask("POST", "/nodes/import", {"csv": text})
    assert response.status_code == 422
    lines = {error["path"].partition("]")[0] for error in response.json()["errors"]}
    assert lines == {f"rows[{n}" for n in range(3, 9)}, response.text
    assert (await key.ask("GET", f"/nodes/{good}")).status_code == 404


async def test_a_moment_may_be_written_in_any_offset(key: ApiKeyInHand) -> None:
    code = await node(key)
    odd = {"starts_at": "3383-09-25T07:10:20-21:34", "ends_at": "6486-07-09T13:41:49Z"}
    answer = await key.ask("PATCH", f"/nodes/{code}", {"closures": [odd]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["closures"][0]["starts_at"] == "3383-09-26T04:44:20Z"
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00"):
        closure = {"starts_at": moment, "ends_at": moment}
        answer = await key.ask("PATCH", f"/nodes/{code}", {"closures": [closure]})
        assert answer.status_code == 422, "no calendar has it in UTC"
