"""What a program sees of stock: pages of everything, refusals that name what is wrong."""

from typing import Any

import pytest

from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.api.test_stock_entities import open_channel, stocked
from tests.flows.trade import Trade, open_trade
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(scope="module")
def app(server: InstalledServer) -> Any:
    return api_app(server)


@pytest.fixture(scope="module")
async def key(server: InstalledServer, app: Any, trade: Trade) -> ApiKeyInHand:
    made = await key_for(server, app, trade.tenant.tenant)
    await open_channel(made, "READ", "SZX1", "YIW1")
    return made


async def paged(key: ApiKeyInHand, target: str) -> list[dict[str, Any]]:
    """All rows, two a page."""
    rows, after = [], ""
    for _ in range(40):
        page = await key.get(f"{target}&limit=2&after={after}")
        rows += page["items"]
        if page["next"] is None:
            return rows
        after = page["next"]
    raise AssertionError("the list has no end")


async def spread(key: ApiKeyInHand) -> str:
    """A SKU in three states at SZX1, five units each, and one at YIW1."""
    sku = await stocked(key, {"SZX1": 15, "YIW1": 1})
    for status in ("damaged", "hold"):
        change = {
            "sku": sku, "qty": 5, "reason": "reclassify", "from": {"node": "SZX1"},
            "to": {"node": "SZX1", "status": status},
        }  # fmt: skip
        await key.post("/stock/movements", {"reference": "spread", "lines": [change]})
    return sku


async def test_pages_of_stock_lose_no_row(
    server: InstalledServer, app: Any, trade: Trade, key: ApiKeyInHand
) -> None:
    """A page may end in the middle of a SKU."""
    skus = sorted([await spread(key), await spread(key)])
    both = "&".join(f"sku={sku}" for sku in skus)

    def told(rows: list[dict[str, Any]]) -> list[tuple[str, str, str, int]]:
        return [(r["sku"], r["node"], r["status"], r["on_hand"]) for r in rows if r["sku"] in skus]

    of_one = [("SZX1", "damaged", 5), ("SZX1", "good", 5), ("SZX1", "hold", 5), ("YIW1", "good", 1)]
    all_rows = [(sku, *row) for sku in skus for row in of_one]
    assert told(await paged(key, f"/stock?{both}")) == all_rows
    assert told(await paged(key, "/stock?node=SZX1")) == [r for r in all_rows if r[1] == "SZX1"]
    assert told(await paged(key, "/stock?")) == all_rows
    narrow = await key_for(server, app, trade.tenant.tenant, warehouses=["YIW1"])
    assert told(await paged(narrow, "/stock?")) == [r for r in all_rows if r[1] == "YIW1"]


async def errors(key: ApiKeyInHand, target: str) -> dict[str, str]:
    refused = await key.ask("GET", target)
    assert refused.status_code == 422, refused.text
    return {error["path"]: error["code"] for error in refused.json()["errors"]}


async def test_every_parameter_that_is_wrong_is_named_as_in_the_address(key: ApiKeyInHand) -> None:
    assert await errors(key, "/availability") == {"channel": "missing", "sku": "missing"}
    assert await errors(key, "/availability?channel=READ") == {"sku": "missing"}
    many = "&sku=X" * 101
    assert await errors(key, f"/availability?channel=READ{many}") == {"sku": "bad_value"}
    assert await errors(key, "/stock?after=zz") == {"after": "bad_value"}
    assert await errors(key, "/stock?as_of=2026-11-22T09:00:00Z") == {"node": "missing"}
    assert set(await errors(key, "/put-aways/suggestions?node=SZX1&qty=x")) >= {"code"}


@pytest.mark.parametrize("qty", ["-1", "0", "NaN", "-Infinity", "1e400", "1.5", "1e30", '"NaN"'])
async def test_quantities_that_are_none_are_named_with_all_else(
    key: ApiKeyInHand, qty: str
) -> None:
    """Issue 5: negative, zero, NaN and huge are 422, beside whatever else is wrong."""
    line = f'{{"sku":"ANY","qty":{qty}}}'
    wrong = f'{{"reference":"","channel":"READ","lines":[{line},{line}],"extra":1}}'
    refused = await key.send("POST", "/api/v1/reservations", wrong.encode())
    assert refused.status_code == 422, refused.text
    paths = [error["path"] for error in refused.json()["errors"]]
    assert sorted(paths) == ["extra", "lines[0].qty", "lines[1].qty", "reference"]


@pytest.mark.parametrize("line", [
    '"qty":"1"', '"qty":"1e2"', '"qty":"1.0"', '"qty":1,"node":1', '"qty":true', '"qty":[1]',
])  # fmt: skip
async def test_a_number_is_no_text(key: ApiKeyInHand, line: str) -> None:
    body = f'{{"reference":"r","channel":"READ","lines":[{{"sku":"ANY",{line}}}]}}'
    refused = await key.send("POST", "/api/v1/reservations", body.encode())
    assert refused.status_code == 422, refused.text
    assert [error["code"] for error in refused.json()["errors"]] == ["wrong_type"]


@pytest.mark.parametrize("level", [
    '"safety":"null"', '"safety":"3"', '"sells_inbound":"true"', '"sells_inbound":1',
])  # fmt: skip
async def test_a_text_is_no_level_and_no_flag(key: ApiKeyInHand, level: str) -> None:
    body = f'{{"levels":[{{"sku":"ANY","node":"SZX1",{level}}}]}}'
    refused = await key.send("PUT", "/api/v1/stock/levels", body.encode())
    assert refused.status_code == 422, refused.text


async def test_what_is_nested_too_deep_is_refused(key: ApiKeyInHand) -> None:
    deep = b'{"reference":' + b"[" * 700 + b"]" * 700 + b"}"
    assert (await key.send("POST", "/api/v1/reservations", deep)).status_code == 400


async def test_a_feed_tells_of_lots_and_pieces(key: ApiKeyInHand) -> None:
    """Over HTTP: what does not fit is told line by line, drifts name the lot and the piece."""
    lots, pieces = "FEED-LOTS", "FEED-PIECES"
    for code, tracked in ((lots, "lot_tracked"), (pieces, "serial_tracked")):
        await key.post("/skus", {"code": code, "names": {"en": code}, tracked: True})
    at = "2026-01-05T08:00:00Z"
    events = [
        {"sequence": 1, "sku": lots, "delta": 5, "at": at, "lot": "A", "expires_on": "2099-01-31"},
        {"sequence": 2, "sku": pieces, "delta": 1, "at": at, "serial": "S1"},
        {"sequence": 3, "sku": lots, "delta": 5, "at": at},
    ]
    told = await key.post("/stock/events", {"feed": "lots", "node": "SZX1", "events": events})
    assert told["applied"] == 2
    assert told["quarantined"] == [
        {"sku": lots, "cause": "tracked", "sequence": 3, "lot": "", "serial": None}
    ]
    shot = {
        "feed": "lots", "node": "SZX1", "as_of": "2026-01-06T08:00:00Z", "counted": "gross",
        "lines": [
            {"sku": lots, "qty": 5, "lot": "B"},
            {"sku": pieces, "qty": 1, "serial": "S1"},
            {"sku": pieces, "qty": 1, "serial": "S2"},
        ],
    }  # fmt: skip
    assert (await key.post("/stock/snapshots", shot))["drifts"] == 3
    drifts = (await key.get("/stock/drifts?node=SZX1&feed=lots"))["items"]
    assert {(d["sku"], d["lot"], d["serial"], d["amount"]) for d in drifts} == {
        (lots, "A", None, -5), (lots, "B", None, 5), (pieces, "", "S2", 1),
    }  # fmt: skip
    shot["lines"] = [{"sku": pieces, "qty": 3, "serial": "S1"}, {"sku": lots, "qty": 1, "lot": 7}]
    refused = await key.ask("POST", "/stock/snapshots", shot)
    assert refused.status_code == 422


async def told(
    key: ApiKeyInHand, method: str, target: str, document: object
) -> tuple[int, dict[str, str]]:
    refused = await key.ask(method, target, document)
    problem = refused.json()
    return refused.status_code, {e["path"]: e["code"] for e in problem.get("errors", [])}


async def test_every_line_that_cannot_be_meant_is_named(key: ApiKeyInHand) -> None:
    sku = await stocked(key, {"SZX1": 1})
    levels = [
        {"sku": "NONE-1", "node": "SZX1", "safety": 1}, {"sku": sku, "node": "SZX1", "safety": 1},
        {"sku": "NONE-2", "node": "NOWHERE", "safety": 1},
    ]  # fmt: skip
    assert await told(key, "PUT", "/stock/levels", {"levels": levels}) == (
        404,
        {
            "levels[0].sku": "unknown_sku", "levels[2].sku": "unknown_sku",
            "levels[2].node": "unknown_node",
        },
    )  # fmt: skip
    quotas: list[dict[str, object]] = [{"sku": "NONE-1"}, {"sku": "NONE-2"}]
    assert await told(key, "PUT", "/channels/READ/stock-levels", {"levels": quotas}) == (
        404,
        {"levels[0].sku": "unknown_sku", "levels[1].sku": "unknown_sku"},
    )
    both = [{"sku": sku, "quota": 1, "no_quota": True}]
    status, errors = await told(key, "PUT", "/channels/READ/stock-levels", {"levels": both})
    assert (status, list(errors)) == (422, ["levels[0]"])
    away = {"sku": sku, "qty": 2, "reason": "sale", "from": {"node": "SZX1"}}
    come = {"sku": await stocked(key, {}), "qty": 1, "reason": "receipt", "to": {"node": "SZX1"}}
    document = {"reference": "more", "lines": [come, away]}
    refused = await key.ask("POST", "/stock/movements", document)
    assert refused.status_code == 409
    assert refused.json()["facts"] == {"line": 1, "sku": sku}


async def test_a_kit_comes_in_as_its_parts(key: ApiKeyInHand) -> None:
    """Units of the kit itself would lie there and never be sold: a kit is sold as its parts."""
    part, kit = await stocked(key, {"SZX1": 4}), await stocked(key, {"SZX1": 1})
    own = {"names": {"en": kit}, "parts": [{"sku": part, "quantity": 2}]}
    assert (await key.ask("PUT", f"/skus/{kit}", own)).status_code == 200
    come = {"sku": kit, "qty": 1, "reason": "receipt", "to": {"node": "SZX1"}}
    lines = [come | {"sku": part}, come]
    assert await told(key, "POST", "/stock/movements", {"reference": "k", "lines": lines}) == (
        422, {"lines[1].sku": "is_kit"},
    )  # fmt: skip
    found = [{"sku": sku, "qty": 1, "reason": "found"} for sku in (part, kit)]
    asked = {"node": "SZX1", "cause": "turned_up", "lines": found}
    assert await told(key, "POST", "/adjustments", asked) == (422, {"lines[1].sku": "is_kit"})
    away = {"sku": kit, "qty": 1, "reason": "supplier_return", "from": {"node": "SZX1"}}
    await key.post("/stock/movements", {"reference": "away", "lines": [away]})


async def test_what_was_set_is_read_as_it_may_be_set_again(
    server: InstalledServer, app: Any, trade: Trade, key: ApiKeyInHand
) -> None:
    sku = await stocked(key, {"SZX1": 9, "YIW1": 5})
    level = {
        "sku": sku, "node": "SZX1", "safety": 2, "protected": 1, "inbound": 4,
        "sells_inbound": True, "backorder_extra": 3,
    }  # fmt: skip
    other = {"sku": sku, "node": "YIW1", "safety": 0, "protected": 0, "inbound": 0,
             "sells_inbound": False, "backorder_extra": 0}  # fmt: skip
    assert (await key.ask("PUT", "/stock/levels", {"levels": [level]})).status_code == 200
    assert await paged(key, f"/stock/levels?sku={sku}") == [level, other]
    assert (await key.get(f"/stock/levels?sku={sku}&node=YIW1"))["items"] == [other]
    mine = [row for row in await paged(key, "/stock/levels?node=SZX1") if row["sku"] == sku]
    assert mine == [level]
    assert (await key.ask("PUT", "/stock/levels", {"levels": mine})).status_code == 200
    ask = {"levels": [{"sku": sku, "buffer": 3, "quota": 6}]}
    assert (await key.ask("PUT", "/channels/READ/stock-levels", ask)).status_code == 200
    wanted = {"channel": "READ", "lines": [{"sku": sku, "qty": 2, "node": "YIW1"}]}
    await key.post("/reservations", {"reference": f"{sku}-1", **wanted})
    told = {"sku": sku, "buffer": 3, "quota": 6, "quota_used": 2, "pooled": 9, "available": 4}
    assert (await key.get(f"/channels/READ/stock-levels?sku={sku}"))["items"] == [told]
    assert told in await paged(key, "/channels/READ/stock-levels?")
    narrow = await key_for(server, app, trade.tenant.tenant, warehouses=["YIW1"])
    assert (await narrow.get(f"/stock/levels?sku={sku}"))["items"] == [other]
    assert (await narrow.ask("GET", "/channels/READ/stock-levels")).status_code == 403


async def test_reservations_are_found_without_their_ids(
    server: InstalledServer, app: Any, trade: Trade, key: ApiKeyInHand
) -> None:
    sku = await stocked(key, {"SZX1": 9, "YIW1": 5})

    async def held(reference: str, node: str) -> str:
        lines = [{"sku": sku, "qty": 1, "node": node}]
        document = {"reference": f"{sku}-{reference}", "channel": "READ", "lines": lines}
        return str((await key.post("/reservations", document))["id"])

    async def ids(of: ApiKeyInHand, query: str) -> list[str]:
        found = (await of.get(f"/reservations?{query}"))["items"]
        return [one["id"] for one in found if one["reference"].startswith(sku)]

    first, here, there = await held("a", "SZX1"), await held("b", "SZX1"), await held("c", "YIW1")
    again = await held("a", "SZX1")
    assert await ids(key, "channel=READ") == [again, there, here, first]
    assert await ids(key, f"channel=READ&before={there}") == [here, first]
    assert await ids(key, "state=released") == [first]
    assert await ids(key, "channel=NONE") == []
    assert await ids(key, f"reference={sku}-a&channel=READ") == [again, first]
    assert await ids(key, f"reference={sku}-a&channel=NONE") == []
    assert await ids(key, f"reference={sku}-a&state=released") == [first]
    assert await ids(key, f"reference={sku}-a&state=pending") == [again]
    assert await ids(key, f"reference={sku}-a&state=expired") == []
    await key.post(f"/reservations/{again}/release", {})
    third = await held("a", "SZX1")
    page = await key.get(f"/reservations?reference={sku}-a&limit=2")
    assert [one["id"] for one in page["items"]] == [third, again]
    rest = await key.get(f"/reservations?reference={sku}-a&limit=2&before={page['next']}")
    assert [one["id"] for one in rest["items"]] == [first]
    assert rest["next"] is None
    narrow = await key_for(server, app, trade.tenant.tenant, warehouses=["YIW1"])
    assert await ids(narrow, "") == [there]
    assert await ids(narrow, f"reference={sku}-a") == [], "neither live nor ended ones"
    assert await ids(narrow, f"reference={sku}-c") == [there]


async def test_goods_kept_by_date_come_with_it(key: ApiKeyInHand) -> None:
    """Without a date they would never expire, and leave last. A lot's date is told once."""
    sku = await stocked(key, {})
    dated = {"names": {"en": sku}, "lot_tracked": True, "expiry_tracked": True}
    assert (await key.ask("PUT", f"/skus/{sku}", dated)).status_code == 200
    come = {"sku": sku, "qty": 1, "reason": "receipt", "to": {"node": "SZX1"}}
    lines = [come | {"lot": "A"}, come | {"lot": "B", "expires_on": "2199-01-01"}]
    assert await told(key, "POST", "/stock/movements", {"reference": "d", "lines": lines}) == (
        422, {"lines[0].expires_on": "expiry_missing"},
    )  # fmt: skip
    await key.post("/stock/movements", {"reference": "d", "lines": lines[1:]})
    await key.post("/stock/movements", {"reference": "d", "lines": [come | {"lot": "B"}]})
    away = {"sku": sku, "qty": 2, "reason": "sale", "lot": "B", "from": {"node": "SZX1"}}
    await key.post("/stock/movements", {"reference": "away", "lines": [away]})


async def test_goods_with_a_date_lie_under_it(key: ApiKeyInHand) -> None:
    """The date of goods without a lot was dropped, another date of a lot as well, and what was
    past its date could be sold until the next sweep."""
    dated, both = "DATED-NO-LOT", "DATED-LOT"
    await key.post("/skus", {"code": dated, "expiry_tracked": True})
    await key.post("/skus", {"code": both, "lot_tracked": True, "expiry_tracked": True})

    def come(sku: str, **fields: object) -> dict[str, Any]:
        line = {"sku": sku, "qty": 2, "reason": "receipt", "to": {"node": "SZX1"}, **fields}
        return {"reference": "come", "lines": [line]}

    await key.post("/stock/movements", come(dated, expires_on="2101-01-31"))
    (row,) = (await key.get(f"/stock?sku={dated}"))["items"]
    assert (row["lot"], row["expires_on"]) == ("2101-01-31", "2101-01-31")
    await key.post("/stock/movements", come(both, lot=" L ", expires_on="2101-01-31"))
    (row,) = (await key.get(f"/stock?sku={both}"))["items"]
    assert (row["lot"], row["expires_on"]) == ("L", "2101-01-31")
    for sku, fields, code in (
        (both, {"lot": "L", "expires_on": "2101-02-01"}, "expiry_differs"),
        (both, {"lot": "OLD", "expires_on": "2020-02-01"}, "past_its_date"),
        (dated, {"expires_on": "2020-02-01"}, "past_its_date"),
    ):
        refused = await key.ask("POST", "/stock/movements", come(sku, **fields))
        assert refused.status_code == 422, refused.text
        assert [(e["path"], e["code"]) for e in refused.json()["errors"]] == [
            ("lines[0].expires_on", code)
        ]
    blocked = {"node": "SZX1", "status": "expired"}
    await key.post("/stock/movements", come(both, lot="OLD", expires_on="2020-02-01", to=blocked))
    assert (await key.get(f"/availability?channel=READ&sku={both}"))["items"][0]["available"] == 2


async def test_goods_that_turn_up_lie_under_their_date(key: ApiKeyInHand) -> None:
    sku = "DATED-FOUND"
    await key.post("/skus", {"code": sku, "expiry_tracked": True})

    def found(date: str) -> dict[str, Any]:
        line = {"sku": sku, "qty": 1, "reason": "found", "expires_on": date}
        return {"node": "SZX1", "cause": "turned_up", "lines": [line]}

    await key.post("/adjustments", found("2101-01-31"))
    (row,) = (await key.get(f"/stock?sku={sku}"))["items"]
    assert (row["lot"], row["expires_on"]) == ("2101-01-31", "2101-01-31")
    refused = await key.ask("POST", "/adjustments", found("2020-01-31"))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "past_its_date"


async def test_the_limits_of_a_warehouse_are_read_as_they_hold(key: ApiKeyInHand) -> None:
    """Before anybody set them, too; adjustments go by the same."""
    kept = await key.get("/nodes/YIW1/count-limits")
    assert kept["four_eyes_units"] == 5
    wanted = {"free_units": 1, "four_eyes_units": 7, "four_eyes_minor": 9000}
    assert (await key.ask("PUT", "/nodes/YIW1/count-limits", wanted)).status_code == 200
    assert await key.get("/nodes/YIW1/count-limits") == wanted
    assert (await key.ask("GET", "/nodes/NOWHERE/count-limits")).status_code == 404
