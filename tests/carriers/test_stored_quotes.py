"""Quotes over the API from stored cards: every hand-worked case, replay, scope, expiry, races."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.carriers.price_house import (
    PriceHouse,
    next_version,
    node_of,
    open_price_house,
    switch,
)
from tests.carriers.rating_tables import given_cases
from tests.postgres_fixture import InstalledServer

CURRENCIES = ("USD", "EUR", "GBP", "JPY", "AUD", "SGD", "TWD", "HKD")
CASES = [case for case in given_cases() if case["kind"] == "quote"]


@pytest.fixture(scope="module")
async def house(server: InstalledServer) -> PriceHouse:
    return await open_price_house(server, each=True)


def offer_of(quote: Any, service: str) -> Any:
    return next(o for o in quote["offers"] if o["service"] == service)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
async def test_a_stored_card_prices_like_the_case(house: PriceHouse, case: Any) -> None:
    given = dict(case["input"])
    service, tier = given.pop("service"), given.pop("tier", None)
    customer_id = None
    if tier is not None:
        customer_id = await house.customer()
        put = await house.key.ask("PUT", f"/customers/{customer_id}/tier", {"tier": tier})
        assert put.status_code == 200, put.text
    fields = {"declared": None, "hs6": None, "postcode": None} | given
    quote = await house.quoted(warehouse=node_of(service), customer_id=customer_id, **fields)
    (offer,) = quote["offers"]
    expected = case["expected"]
    if "excluded" in expected:
        assert offer["price"] is None
        assert offer["reasons"][0]["code"] == expected["excluded"]
        return
    price = offer["price"]
    lines = [{"code": line["code"], "minor": line["minor"]} for line in price["lines"]]
    assert (lines, price["total_minor"]) == (expected["lines"], expected["total_minor"])
    assert price["currency"] == expected["currency"]
    for line in price["lines"]:
        assert line["card"], line["row"]
        assert line["version"] or line["card"] == "request"


async def test_every_line_names_a_row_that_is_in_its_stored_version(house: PriceHouse) -> None:
    quote = await house.quoted()
    for offer in quote["offers"]:
        if offer["price"] is None:
            continue
        service, version = offer["service"], quote["versions"]["cards"][offer["service"]]
        shown = await house.key.get(f"/services/{service}/card?version={version}")
        for line in offer["price"]["lines"]:
            assert (line["card"], line["version"]) == (shown["card"]["rate"]["card"], version)
            for row in line["row"].split(", "):
                place: Any = shown["card"]["rate"]
                for step in row.replace("[", ".[").split("."):
                    place = place[int(step[1:-1])] if step.startswith("[") else place[step]
                assert place is not None


async def test_a_quote_shows_price_days_marks_and_reasons_of_all(house: PriceHouse) -> None:
    quote = await house.quoted()
    assert [o["service"] for o in quote["offers"]][:1] == [quote["offers"][0]["service"]]
    assert {o["service"] for o in quote["offers"]} == set(house.services)
    priced = [o for o in quote["offers"] if o["price"]]
    assert len(priced) >= 4
    totals = [o["price"]["total_minor"] for o in priced]
    assert totals == sorted(totals)
    assert "cheapest" in priced[0]["marks"]
    for offer in priced:
        price = offer["price"]
        assert price["total_minor"] == sum(line["minor"] for line in price["lines"])
        assert offer["arrives"][0] <= offer["arrives"][1]
        assert all(bill["chargeable_g"] >= bill["counted_g"] for bill in price["waybills"])
    marks = [mark for o in quote["offers"] for mark in o["marks"]]
    assert sorted(marks) == ["best_value", "cheapest", "fastest"]
    assert all(o["reasons"] for o in quote["offers"] if not o["price"])


async def test_arrival_counts_the_working_days_of_both_ends(house: PriceHouse) -> None:
    """Sunday 22 and the holiday 23 leave 24; 2 to 4 days to a US working day, Thanksgiving off."""
    quote = await house.quoted()
    express = offer_of(quote, "MX-EXP")
    assert express["transit_days"] == [3, 5]
    assert express["arrives"] == ["2026-11-27", "2026-11-30"]
    later = await house.quoted(ship_date="2026-11-24")
    assert offer_of(later, "MX-EXP")["arrives"] == ["2026-11-27", "2026-11-30"]


async def test_ship_date_is_today_at_the_warehouse_when_none_is_given(house: PriceHouse) -> None:
    quote = await house.quoted(ship_date=None)
    assert quote["ship_date"] >= "2026-11-22"


async def test_a_quote_can_be_read_again(house: PriceHouse) -> None:
    quote = await house.quoted()
    assert await house.key.get(f"/quotes/{quote['id']}") == quote
    assert quote["status"] == "open"


async def test_a_quote_replays_to_the_byte_after_new_versions(server: InstalledServer) -> None:
    house = await open_price_house(server)
    days = ["2026-11-22", "2026-12-24", "2026-10-01"]
    requests = [{"ship_date": day} for day in days] + [
        {"options": ["signature"]}, {"country": "JP", "postcode": "1000001"},
        {"vas": {"wood": 2, "photo": 3}, "insured_minor": 500000},
        {"coupon": {"permille": 100, "max_minor": 500}, "country": "DE", "postcode": "10115"},
    ]  # fmt: skip
    quotes = [await house.quoted(**fields) for fields in requests]
    newer = [next_version(name) for name in ("MX-EXP", "US-AIR", "JP-AIR", "DE-DDP")]
    rules: dict[str, Any] = {
        "services": newer,
        "member_tiers": [{"tier": "V0", "base_discount_permille": 1}],
        "fx": {"as_of": "later", "lock_minutes": 5, "customer_margin_permille": 0,
               "rates_e6": dict.fromkeys(CURRENCIES, 9000000), "pay_rounding": {}},
    }  # fmt: skip
    await house.key.post("/rate-cards/imports", {"cards": rules})
    await switch(house.key, "SZX1", "MX-EXP", on=False)
    for quote, fields in zip(quotes, requests, strict=True):
        replay = await house.key.get(f"/quotes/{quote['id']}/replay")
        assert replay["same"], fields
        assert replay["kept_sha256"] == replay["made_sha256"]
        assert replay["made"]["offers"] == quote["offers"]
    fresh = await house.quoted(ship_date="2026-12-24")
    assert offer_of(fresh, "US-AIR") != offer_of(quotes[1], "US-AIR")
    assert fresh["versions"]["cards"]["US-AIR"] == "2026-12"
    assert quotes[1]["versions"]["cards"]["US-AIR"] == "2026-11"
    assert fresh["cards_sha256"] != quotes[1]["cards_sha256"]


async def test_a_service_switched_off_at_a_node_is_not_offered_there(house: PriceHouse) -> None:
    """T2.26: the node-carrier matrix decides what a quote offers, at once, and only there."""
    await house.key.post("/nodes", {"code": "YIW9", "zone": "Asia/Shanghai", "country": "CN"})
    nothing = await house.quoted(warehouse="YIW9")
    assert nothing["offers"] == []
    await switch(house.key, "YIW9", "MX-EXP", "US-SEA")
    both = await house.quoted(warehouse="YIW9")
    assert {o["service"] for o in both["offers"]} == {"MX-EXP", "US-SEA"}
    shown = await switch(house.key, "YIW9", "MX-EXP", on=False)
    assert [(s["service"], s["offered"]) for s in shown["services"]] == [
        ("MX-EXP", False), ("US-SEA", True),
    ]  # fmt: skip
    one = await house.quoted(warehouse="YIW9")
    assert [o["service"] for o in one["offers"]] == ["US-SEA"]
    everywhere = await house.quoted()
    assert {o["service"] for o in everywhere["offers"]} == set(house.services)


async def test_the_options_of_each_node_are_shown_with_days_and_price(house: PriceHouse) -> None:
    """T2.27: each node shows its own services, each with its price and its days."""
    await house.key.post("/nodes", {"code": "HKG9", "zone": "Asia/Hong_Kong", "country": "HK"})
    await switch(house.key, "HKG9", "MX-EXP", "EMS")
    listed = await house.key.get("/nodes/HKG9/services")
    assert [one["service"] for one in listed["items"]] == ["EMS", "MX-EXP"]
    quote = await house.quoted(warehouse="HKG9")
    options = {
        o["service"]: (o["price"]["total_minor"], o["transit_days"], o["arrives"])
        for o in quote["offers"]
    }
    # Hong Kong has no calendar of its own here: it leaves on the ship date itself.
    assert options["MX-EXP"][1:] == ([3, 5], ["2026-11-25", "2026-11-27"])
    assert options["EMS"][1:] == ([6, 12], ["2026-11-30", "2026-12-04"])
    there = {o["service"]: o["price"] for o in (await house.quoted())["offers"]}
    assert {s: v[0] for s, v in options.items()} == {
        s: there[s]["total_minor"] for s in ("EMS", "MX-EXP")
    }


async def test_a_missing_value_is_asked_for_before_a_taxed_line_is_priced(
    house: PriceHouse,
) -> None:
    response = await house.quote(declared=None)
    assert response.status_code == 422
    assert {e["path"] for e in response.json()["errors"]} == {"declared"}


BAD: list[tuple[dict[str, Any], set[str]]] = [
    ({"pieces": []}, {"pieces"}),
    ({"pieces": None}, {"pieces"}),
    ({"pieces": [{"g": 0, "mm": [1, 1, 1]}, {"g": 1, "mm": [0, -5, 10**9]}]},
     {"pieces[0].g", "pieces[1].mm[0]", "pieces[1].mm[1]", "pieces[1].mm[2]"}),
    ({"pieces": [{"g": 1e308, "mm": [1, 1, 1]}]}, {"pieces[0].g"}),
    ({"pieces": [{"g": 1.5, "mm": [1, 1]}]}, {"pieces[0].g", "pieces[0].mm"}),
    ({"country": "USA", "ship_date": "soon"}, {"country", "ship_date"}),
    ({"declared": {"minor": -1, "currency": "cny"}}, {"declared.minor", "declared.currency"}),
    ({"declared": {"minor": 1, "currency": "XXX"}, "vas": {"gold": 1}},
     {"declared.currency", "vas.gold"}),
    ({"coupon": {"permille": 1001}}, {"coupon.permille"}),
    ({"insured_minor": -1, "hs6": ["61"]}, {"insured_minor", "hs6[0]"}),
    ({"tier": "V3"}, {"tier"}),
    ({"total_minor": 1, "status": "accepted"}, {"total_minor", "status"}),
    ({"storage_minor": 0}, {"storage_minor"}),
    ({"warehouse": "no such"}, {"warehouse"}),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "places"), BAD, ids=lambda p: str(sorted(p))[:60])
async def test_bad_input_lists_every_problem(
    house: PriceHouse, fields: dict[str, Any], places: set[str]
) -> None:
    response = await house.quote(**fields)
    assert response.status_code == 422, response.text
    assert {e["path"] for e in response.json()["errors"]} == places


async def test_unknown_customer_and_warehouse_are_not_there(house: PriceHouse) -> None:
    for fields in ({"customer_id": str(uuid4())}, {"warehouse": "NOWHERE"}):
        assert (await house.quote(**fields)).status_code == 404


async def test_a_house_without_cards_has_no_prices_yet(server: InstalledServer) -> None:
    house = await open_price_house(server)
    await house.execute("delete from carriers.rule_version where kind = 'fx'")
    await house.execute("select platform.bump_epoch_v1('carriers')")
    response = await house.quote()
    assert (response.status_code, response.json()["code"]) == (409, "no_tariff")


async def accept(house: PriceHouse, quote: Any, service: str = "US-AIR") -> Any:
    return await house.key.ask("POST", f"/quotes/{quote['id']}/accept", {"service": service})


async def test_an_open_quote_is_accepted_once(house: PriceHouse) -> None:
    quote = await house.quoted()
    first = await accept(house, quote)
    assert (first.status_code, first.json()["status"]) == (200, "accepted")
    assert first.json()["accepted_service"] == "US-AIR"
    again = await accept(house, quote, "EMS")
    assert (again.status_code, again.json()["code"]) == (409, "quote_accepted")
    assert (await house.key.get(f"/quotes/{quote['id']}"))["accepted_service"] == "US-AIR"


async def test_only_one_of_many_at_once_accepts(house: PriceHouse) -> None:
    for _ in range(5):
        quote = await house.quoted()
        answers = await asyncio.gather(*(accept(house, quote) for _ in range(8)))
        assert sorted(a.status_code for a in answers) == [200] + [409] * 7
        assert {a.json().get("code") for a in answers if a.status_code == 409} == {"quote_accepted"}


async def test_the_same_key_accepts_once_and_answers_alike(house: PriceHouse) -> None:
    quote = await house.quoted()
    target = f"/quotes/{quote['id']}/accept"
    answers = [
        await house.key.ask("POST", target, {"service": "EMS"}, key="take-it-" + quote["id"])
        for _ in range(2)
    ]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_what_has_no_price_is_not_accepted(house: PriceHouse) -> None:
    quote = await house.quoted()
    for service in ("JP-AIR", "NO-SUCH"):
        response = await accept(house, quote, service)
        assert (response.status_code, response.json()["code"]) == (422, "service_not_offered")
    assert (await house.key.get(f"/quotes/{quote['id']}"))["status"] == "open"


async def test_a_quote_expires(house: PriceHouse) -> None:
    quote = await house.quoted()
    await house.execute(
        "update carriers.quote set asked_at = asked_at - interval '1 day',"
        " expires_at = expires_at - interval '1 day' where quote_id = $1::text::uuid",
        quote["id"],
    )
    assert (await house.key.get(f"/quotes/{quote['id']}"))["status"] == "expired"
    response = await accept(house, quote)
    assert (response.status_code, response.json()["code"]) == (409, "quote_expired")


async def test_a_superseded_quote_is_not_accepted(house: PriceHouse) -> None:
    quote = await house.quoted()
    await house.execute(
        "update carriers.quote set status = 'superseded', settled_at = now()"
        " where quote_id = $1::text::uuid",
        quote["id"],
    )
    response = await accept(house, quote)
    assert (response.status_code, response.json()["code"]) == (409, "quote_superseded")


async def test_a_settled_quote_never_opens_again(house: PriceHouse) -> None:
    quote = await house.quoted()
    await accept(house, quote)
    for status in ("open", "expired", "superseded"):
        with pytest.raises(Exception, match="does not go from accepted"):
            await house.execute(
                "update carriers.quote set status = $1 where quote_id = $2::text::uuid",
                status, quote["id"],
            )  # fmt: skip


async def test_the_app_login_cannot_rewrite_a_quote_or_a_card(house: PriceHouse) -> None:
    rows = await house.rows(
        "select table_name || '.' || column_name as name from information_schema.column_privileges"
        " where table_schema = 'carriers' and privilege_type = 'UPDATE'"
        " and table_name <> 'connection'"
        " and grantee in ('entrepot_app', 'entrepot_shopper')"
    )
    assert {row["name"] for row in rows} == {
        "quote.status", "quote.accepted_service", "quote.settled_at", "quote.sequence",
        "card_version.withdrawn_at", "card_version.sequence", "node_service.offered",
        "node_service.pick_up", "node_service.sequence", "node_service.changed_at",
        "node_delivery.currency", "node_delivery.services", "node_delivery.sequence",
        "node_delivery.changed_at",
    }  # fmt: skip
