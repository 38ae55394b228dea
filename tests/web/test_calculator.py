"""The public calculator: prices for nobody-yet, every fault beside its field, nothing stored."""

import re
from urllib.parse import urlencode

import pytest

from entrepot.platform.buckets import Buckets
from entrepot.web import calculator_pages
from tests.flows.drafts import load_demo_lines
from tests.platform.row_counts import rows_everywhere
from tests.web.page_house import PageHouse

PARCEL = {"g0": "2.1", "l0": "30", "w0": "20,5", "h0": "10"}
JAPAN = {"rows": "1", "warehouse": "SZX1", "country": "JP", "postcode": "1000001", **PARCEL}


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calculator_pages, "PEERS", Buckets(rate=1000, burst=1000))


@pytest.fixture(scope="module")
async def prices(house: PageHouse) -> PageHouse:
    """The house with the demo's lines at SZX1, none at YIW1."""
    await load_demo_lines(house.trade, "SZX1")
    return house


def asking(**fields: object) -> str:
    return f"/calculator?{urlencode({**JAPAN, **fields}, doseq=True)}"


def shown(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


async def test_before_any_import_it_says_so(house: PageHouse) -> None:
    answer = await house.browser().get("/calculator")
    assert answer.status_code == 200
    assert "No prices yet" in answer.text


async def test_the_door_leads_to_it_and_nobody_needs_to_log_in(prices: PageHouse) -> None:
    browser = prices.browser()
    assert f'href="{prices.base}/calculator"' in (await browser.get("/log-in")).text
    answer = await browser.get("/calculator")
    assert answer.status_code == 200
    assert "Japan" in answer.text
    assert "YIW1" not in answer.text
    assert 'name="g0"' in answer.text


async def test_prices_stand_side_by_side_with_their_lines(prices: PageHouse) -> None:
    answer = await prices.browser().get(asking())
    assert answer.status_code == 200, shown(answer.text)
    text = shown(answer.text)
    for word in ("Meridian Express", "Freight", "Fuel surcharge", "Total", "Cheapest", "Fastest"):
        assert word in text
    assert "lines do not go to this address" in text
    assert "It does not go to this address." in text
    assert re.search(r"Charged for [\d.]+ kg: it weighs 2.1 kg", text)
    first, *others = answer.text.split('<article class="offer')[1:]
    assert "Cheapest" in first
    assert not any("Cheapest" in other for other in others)
    assert len(others) >= 3
    assert 'value="20,5"' in answer.text


async def test_the_total_is_the_sum_of_the_lines_that_are_shown(prices: PageHouse) -> None:
    page = (await prices.browser().get(asking(insured="500"))).text
    tables = re.findall(r'<table class="price-lines">(.*?)</table>', page, re.DOTALL)
    assert len(tables) >= 3
    for table in tables:
        cells = re.findall(r'<td class="num">([^<]+)</td>', table)
        *lines, total = [round(float(re.sub(r"[^0-9.-]", "", c)) * 100) for c in cells]
        assert sum(lines) == total
        assert "Insurance" in table


async def test_several_parcels_and_special_goods(prices: PageHouse) -> None:
    two = {"rows": "2", "g1": "1", "l1": "10", "w1": "10", "h1": "10", "tags1": ["battery_alone"]}
    text = shown((await prices.browser().get(asking(**two))).text)
    assert "Parcel 2: It does not take these goods." in text


async def test_one_more_parcel_keeps_what_was_typed_and_prices_nothing(prices: PageHouse) -> None:
    page = (await prices.browser().get(asking(more="1", g0="abc", tags0=["food"]))).text
    assert 'name="g1"' in page
    assert 'name="rows" value="2"' in page
    assert 'value="abc"' in page
    assert re.search(r'value="food" checked', page)
    assert "price-lines" not in page
    assert "A number above zero" not in page


async def test_every_fault_stands_beside_its_field_and_typing_is_kept(prices: PageHouse) -> None:
    wrong = {
        "country": "Japan", "g0": "0", "l0": "", "w0": "1.23", "h0": "1e3", "declared": "12.345",
        "insured": "-4", "hs6": "12 610910",
    }  # fmt: skip
    answer = await prices.browser().get(asking(**wrong))
    assert answer.status_code == 422
    page = answer.text
    for name in ("country", "g0", "l0", "w0", "h0", "declared", "insured", "hs6"):
        box = re.search(rf'<(?:input|select)[^>]*id="f-{name}"[^>]*>', page)
        assert box is not None, name
        assert 'aria-invalid="true"' in box[0], name
        assert f'id="f-{name}-more"' in page, name
    for kept in ("1.23", "1e3", "12.345", "-4", "12 610910"):
        assert f'value="{kept}"' in page
    assert "That is finer than grams and millimetres." in page


async def test_what_a_line_needs_to_know_is_asked_beside_its_field(prices: PageHouse) -> None:
    answer = await prices.browser().get(asking(country="DE", postcode="10115"))
    assert answer.status_code == 422
    assert re.search(r'id="f-declared"[^>]*aria-invalid', answer.text)
    assert re.search(r'id="f-hs6"[^>]*aria-invalid', answer.text)
    answer = await prices.browser().get(
        asking(country="DE", postcode="10115", declared="80", currency="EUR", hs6="610910")
    )
    assert answer.status_code == 200
    text = shown(answer.text)
    assert "Value-added tax" in text
    assert "EU duty, by kind of goods" in text


@pytest.mark.parametrize(
    "fields",
    [
        {"rows": "99999999999999999999"}, {"rows": "-1"}, {"rows": "２"}, {"g0": "\x00"},
        {"g0": "9" * 5000}, {"g0": "∞"}, {"g0": "NaN"}, {"g0": "１"}, {"country": "\ud7ff"},
        {"country": "<script>alert(1)</script>"}, {"postcode": "x" * 5000}, {"currency": "XTS"},
        {"declared": "1", "currency": "XTS"}, {"tags0": ["x" * 500]}, {"hs6": "9" * 5000},
        {"units": "parsec"}, {"warehouse": "YIW1"}, {"warehouse": "' or 1=1 --"},
        {"insured": "99999999999999"}, {"declared": "1e308"}, {"g0": "100001"}, {"l0": "100000"},
    ],
)  # fmt: skip
async def test_nonsense_is_no_broken_page(prices: PageHouse, fields: dict[str, object]) -> None:
    answer = await prices.browser().get(asking(**fields))
    assert answer.status_code in (200, 422), answer.text
    assert "<script>alert" not in answer.text


async def test_pounds_and_inches_are_rounded_up(prices: PageHouse) -> None:
    imperial = {"units": "imperial", "g0": "2.2", "l0": "12", "w0": "8", "h0": "4"}
    text = shown((await prices.browser().get(asking(**imperial))).text)
    # 2.2 lb = 997.903214 g
    assert "it weighs 998 g" in text


CHINESE = {
    "zh-CN": ("运费试算", "运费", "最便宜", "计费重"),
    "zh-TW": ("運費試算", "運費", "最便宜", "計費重"),
}


@pytest.mark.parametrize(("language", "words"), CHINESE.items())
async def test_in_chinese(prices: PageHouse, language: str, words: tuple[str, ...]) -> None:
    text = shown((await prices.browser(language).get(asking())).text)
    for word in words:
        assert word in text
    assert "Freight" not in text
    assert "日本" in text


async def test_nothing_is_stored(prices: PageHouse) -> None:
    before = await rows_everywhere(prices.trade.server, prices.trade.tenant)
    assert before["carriers.card_version"] > 10
    browser = prices.browser()
    for path in ("/calculator", asking(), asking(g0="x"), asking(more="1"), asking(country="DE")):
        await browser.get(path)
    assert await rows_everywhere(prices.trade.server, prices.trade.tenant) == before


async def test_one_address_cannot_ask_without_end(
    prices: PageHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calculator_pages, "PEERS", Buckets(rate=0.001, burst=3))
    answers = [(await prices.browser().get(asking())) for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
