"""The shopper's pages: own parcels only, addresses to copy, pre-alerts that lose nothing."""

import asyncio
import uuid

from tests.flows.trade import number
from tests.web.page_house import PageHouse


async def test_the_first_screen_teaches_before_anything_happened(house: PageHouse) -> None:
    customer = await house.trade.customer()
    shopper = await house.shopper(customer)
    page = await shopper.get("/portal")
    assert "Nothing has arrived yet" in page.text
    assert customer.suite_code in page.text
    assert 'sse-connect="' in page.text


async def test_a_shopper_sees_own_parcels_and_nobody_elses(house: PageHouse) -> None:
    mine, other = await house.trade.customer(), await house.trade.customer("Somebody Else")
    my_code, other_code = number(), number("JT")
    expected = await house.trade.announce(mine, my_code)
    foreign = await house.trade.announce(other, other_code)
    await house.trade.scan(my_code, weight_g=860)
    shopper = await house.shopper(mine)
    home = await shopper.get("/portal")
    assert my_code in home.text
    assert other_code not in home.text
    page = await shopper.get(f"/portal/parcels/{expected.id}")
    assert "860 g" in page.text
    assert "UTC+8" in page.text
    assert "Arrived at the warehouse" in page.text
    main = page.text[page.text.index("<main") :]
    assert "R-" not in main, "bins are the warehouse's own matter"
    for unknown in (foreign.id, uuid.uuid4()):
        assert (await shopper.get(f"/portal/parcels/{unknown}")).status_code == 404
        assert (await shopper.get(f"/portal/parcels/{unknown}/part")).status_code == 404


async def test_each_warehouse_has_an_address_with_the_member_code_in_two_languages(
    house: PageHouse,
) -> None:
    customer = await house.trade.customer()
    page = await (await house.shopper(customer)).get("/portal/address")
    assert page.text.count("data-copy=") == 4
    assert page.text.index("深圳市宝安区示例路") < page.text.index("1 Example Road")
    assert page.text.count(customer.suite_code) >= 4


async def test_a_pre_alert_is_announced_and_its_faults_stand_at_their_fields(
    house: PageHouse,
) -> None:
    shopper = await house.shopper(await house.trade.customer())
    await shopper.get("/portal/pre-alert")
    fields = {
        "tracking_number": "??",
        "description": "Shirt",
        "quantity": "2",
        "unit_price": "49.001",
        "currency": "CNY",
    }
    wrong = await shopper.post("/portal/pre-alert", fields)
    assert wrong.status_code == 422
    assert 'value="Shirt"' in wrong.text, "nothing that was typed is lost"
    assert "An amount like 49.00 is needed." in wrong.text
    code = number()
    await shopper.get("/portal/pre-alert")
    done = await shopper.post(
        "/portal/pre-alert", {**fields, "tracking_number": code, "unit_price": "49.00"}
    )
    assert done.status_code == 303, done.text
    assert code in (await shopper.get("/portal")).text


async def test_pasted_lines_are_all_taken_or_all_their_faults_are_shown(house: PageHouse) -> None:
    shopper = await house.shopper(await house.trade.customer())
    await shopper.get("/portal/pre-alert/paste")
    first, second = number(), number("YT")
    text = f"{first}, sf, Shirt, , 2, 49.00, CNY\nxx\n{second}, yto, Hat, , zwei, 1.001, EURO"
    wrong = await shopper.post("/portal/pre-alert/paste", {"text": text})
    assert wrong.status_code == 422
    assert "2 lines need a change" in wrong.text
    assert wrong.text.count('class="paste-line is-wrong"') == 2
    for said in ("Quantity: ", "Currency: ", "Unit price: ", first, second):
        assert said in wrong.text, said
    assert first not in (await shopper.get("/portal")).text, "nothing was taken yet"
    await shopper.get("/portal/pre-alert/paste")
    done = await shopper.post("/portal/pre-alert/paste", {"text": f"{first}\n{second}\tyto"})
    assert "2 parcels are announced." in done.text
    home = await shopper.get("/portal")
    assert first in home.text
    assert second in home.text


async def test_a_change_reaches_the_stream_of_its_shopper_only(house: PageHouse) -> None:
    mine, other = await house.trade.customer(), await house.trade.customer()
    shopper = await house.shopper(mine)
    async with shopper.stream("/portal/events") as heard, asyncio.timeout(10):
        assert b"open" in await heard.get()
        house.changed(f"customer:{other.id}")
        await asyncio.sleep(0.2)
        assert heard.empty()
        house.changed(f"customer:{mine.id}")
        assert b"event: changed" in await heard.get()


async def test_a_stream_ends_with_its_session(house: PageHouse) -> None:
    mine = await house.trade.customer()
    shopper = await house.shopper(mine)
    await shopper.get("/portal")
    async with shopper.stream("/portal/events") as heard, asyncio.timeout(10):
        assert b"open" in await heard.get()
        assert (await shopper.post("/log-out", {})).status_code == 303
        house.changed(f"customer:{mine.id}")
        assert await heard.get() == b"", "closed without a word"


async def test_streams_are_for_their_own_readers(house: PageHouse) -> None:
    bound = await house.worker("receiver", warehouses=["YIW1"])
    assert (await bound.get("/staff/events/SZX1")).status_code == 404
    assert (await bound.get("/portal/events")).status_code == 403
    assert (await house.browser().get("/portal/events")).status_code == 303


async def test_a_part_whose_session_ended_leads_to_the_door(house: PageHouse) -> None:
    guest = house.browser()
    answer = await guest.get("/portal/home-part", **{"hx-request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == f"{house.base}/log-in"
    stale = await guest.post("/log-in", {}, **{"x-page-part": "answer"})
    assert stale.headers["x-refusal"] == "stale_page"
