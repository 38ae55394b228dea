"""The shopper's consolidations as pages: the one click, forms without script, reasons in words."""

import re
from uuid import uuid4

import pytest

from entrepot.parties.types import Customer
from tests.flows.drafts import change_parcel, load_demo_lines, parcel_of, parcels_of
from tests.web.page_house import Browser, PageHouse

HERE = {"warehouse": "SZX1", "country": "US", "postcode": "78704"}


@pytest.fixture(scope="module")
async def lines(house: PageHouse) -> None:
    await load_demo_lines(house.trade, "SZX1")


@pytest.fixture
async def customer(house: PageHouse, lines: None) -> Customer:
    return await house.trade.customer()


async def one_click(house: PageHouse, shopper: Browser) -> str:
    """Press the button; the address of the draft below the house."""
    await shopper.get("/portal")
    made = await shopper.post("/portal/consolidations", HERE)
    assert made.status_code == 303, made.text
    return made.headers["location"].removeprefix(house.base)


async def test_the_first_screen_offers_one_click_and_says_what_stays_behind(
    house: PageHouse, customer: Customer
) -> None:
    await parcels_of(house.trade, customer, 3)
    await parcel_of(house.trade, customer, measured=False)
    shopper = await house.shopper(customer)
    home = (await shopper.get("/portal")).text
    assert "3 parcels are ready to leave" in home
    assert "Consolidate all 3" in home
    assert "There is nothing for you to decide." in home
    assert "1 parcel stays behind: why?" in home
    assert "It has not been weighed and measured yet." in home
    at = await one_click(house, shopper)
    after = (await shopper.get("/portal")).text
    assert "are ready to leave" not in after
    assert "There is nothing for you to decide." not in after, "a line has to be chosen"
    assert "<strong>1</strong><span>for you to decide" in after
    assert f'href="{house.base}{at}"' in after


async def test_the_draft_shows_box_lines_reasons_and_what_apart_would_cost(
    house: PageHouse, customer: Customer
) -> None:
    parcels = await parcels_of(house.trade, customer, 4)
    await parcel_of(house.trade, customer, warehouse="YIW1")
    await change_parcel(house.trade, parcels[3], "tags = '{battery_inside}', tags_by = 'staff'")
    shopper = await house.shopper(customer)
    at = await one_click(house, shopper)
    page = (await shopper.get(at)).text
    assert page.count("<svg xmlns") == 3, "from above, the front and the side"
    assert page.count('class="carriage') >= 3
    for words in ("Cheapest", "Fastest", "Best value", "How this price is made", "Freight",
                  "It does not take these goods.", "lines do not go to United States",
                  "It is in another warehouse.", "Each alone, cheapest line",
                  "Prices hold until", "Together saves at least"):  # fmt: skip
        assert words in page, words
    chinese = (await shopper.get(f"{at}?lang=zh-CN")).text
    for words in ("合箱", "最便宜", "俯视", "在另一个仓库。", "撤销合箱"):
        assert words in chinese, words
    assert "style=" not in page, "the content policy forbids styles in the page"


async def test_every_form_of_the_draft_works_and_a_second_click_finds_it(
    house: PageHouse, customer: Customer
) -> None:
    one, two, three = await parcels_of(house.trade, customer, 3)
    shopper = await house.shopper(customer)
    at = await one_click(house, shopper)
    assert await one_click(house, shopper) == at, "the draft of the first click"
    page = (await shopper.get(at)).text
    assert page.count('action="' + house.base + at + '/remove"') == 3
    await shopper.post(f"{at}/remove", {"parcel": str(one)})
    page = (await shopper.get(at)).text
    assert page.count('/add"') == 1
    await shopper.post(f"{at}/add", {"parcel": str(one)})
    await shopper.get(at)
    await shopper.post(f"{at}/destination", {"country": "JP", "postcode": "1500043"})
    page = (await shopper.get(at)).text
    assert "Japan" in page
    quote = re.search(r'name="quote_id" value="([^"]+)"', page)
    service = re.search(r'name="service" value="([^"]+)"', page)
    assert quote and service
    wish = {"service": service[1], "quote_id": quote[1]}
    done = await shopper.post(f"{at}/choice", wish)
    assert done.status_code == 303, done.text
    page = (await shopper.get(at)).text
    assert "Chosen:" in page
    assert "is-chosen" in page
    undone = await shopper.post(f"{at}/undo", {})
    assert undone.headers["location"] == f"{house.base}/portal"
    assert "This consolidation was undone." in (await shopper.get(at)).text
    again = await shopper.post(f"{at}/choice", wish, key=uuid4().hex)
    assert again.status_code == 409
    assert "In its present state this cannot be done." in again.text
    listed = (await shopper.get("/portal/consolidations")).text
    assert "Undone" in listed
    assert {two, three}


async def test_a_changed_parcel_is_said_and_prices_are_asked_anew(
    house: PageHouse, customer: Customer
) -> None:
    hit, _ = await parcels_of(house.trade, customer, 2)
    shopper = await house.shopper(customer)
    at = await one_click(house, shopper)
    await change_parcel(house.trade, hit, "weight_g = 2400")
    page = (await shopper.get(at)).text
    assert "The parcels have changed since they were priced." in page
    assert f'{at}/choice"' not in page, "no line can be chosen by a price that is over"
    late = await shopper.post(f"{at}/choice", {"service": "US-SEA"})
    assert late.status_code == 409
    assert "The parcels have changed" in late.text
    await shopper.get(at)
    await shopper.post(f"{at}/prices", {})
    assert f'{at}/choice"' in (await shopper.get(at)).text
    await change_parcel(
        house.trade, hit, "held = true, held_reason = 'photo', held_owner = 'staff'"
    )
    page = (await shopper.get(at)).text
    assert "1 parcel cannot leave at the moment." in page
    assert "The warehouse keeps it back until something is settled." in page
    await shopper.post(f"{at}/prices", {"leave_out": "1"})
    page = (await shopper.get(at)).text
    assert "cannot leave at the moment" not in page
    assert page.count('/remove"') == 1


async def test_what_is_wrong_with_a_form_is_said(house: PageHouse, customer: Customer) -> None:
    await parcels_of(house.trade, customer, 2)
    shopper = await house.shopper(customer)
    at = await one_click(house, shopper)
    await shopper.get(at)
    for verb, fields, status, words in (
        ("destination", {"country": ""}, 422, "A country is needed"),
        ("destination", {"country": "XXX"}, 422, "Please check"),
        ("remove", {"parcel": "x"}, 422, "Please check"),
        ("remove", {"parcel": str(uuid4())}, 404, "Not found"),
        ("add", {"parcel": str(uuid4())}, 404, "No such parcel"),
        ("choice", {"service": "DE-DDP"}, 422, "This line does not take it"),
        ("nonsense", {}, 404, "Not found"),
    ):
        answer = await shopper.post(f"{at}/{verb}", fields, key=uuid4().hex)
        assert (answer.status_code, words in answer.text) == (status, True), (verb, answer.text)
    nowhere = await shopper.post("/portal/consolidations", {"warehouse": "NO1"}, key=uuid4().hex)
    assert nowhere.status_code == 404


async def test_nobody_elses_draft_and_the_office_sees_its_own(
    house: PageHouse, customer: Customer
) -> None:
    await parcels_of(house.trade, customer, 2)
    at = await one_click(house, await house.shopper(customer))
    stranger = await house.shopper(await house.trade.customer("Somebody Else"))
    for part in ("", "/part", "/advice", "/advice-part"):
        assert (await stranger.get(f"{at}{part}")).status_code == 404
    await stranger.get("/portal")
    for verb in ("undo", "prices", "choice"):
        answer = await stranger.post(f"{at}/{verb}", {"service": "US-SEA"})
        assert answer.status_code == 404
    office = at.replace("/portal", "/admin")
    worker = await house.worker("support")
    page = (await worker.get(office)).text
    assert customer.suite_code in page
    assert "/undo" not in page, "the office looks, the customer decides"
    listed = (await worker.get(f"/admin/consolidations?customer={customer.id}&status=draft")).text
    assert office in listed
    elsewhere = await house.worker("support", warehouses=["YIW1"])
    assert (await elsewhere.get(office)).status_code == 404
    assert office not in (await elsewhere.get("/admin/consolidations")).text


async def test_the_advice_is_asked_by_the_page_and_without_script_by_a_link(
    house: PageHouse, customer: Customer
) -> None:
    await parcels_of(house.trade, customer, 3)
    shopper = await house.shopper(customer)
    at = await one_click(house, shopper)
    page = (await shopper.get(at)).text
    assert f'hx-get="{house.base}{at}/advice-part"' in page
    assert f'href="{house.base}{at}/advice"' in page
    whole = (await shopper.get(f"{at}/advice")).text
    assert "We tried every way to part these parcels" in whole
    part = (await shopper.get(f"{at}/advice-part")).text
    assert part.strip().startswith('<div class="advice">')
