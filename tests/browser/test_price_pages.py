"""The office's prices in a real browser, on a phone and on a desk, in English and Chinese."""

import json

import pytest
from playwright.async_api import Page, expect

from tests.browser.looking import (
    HERE,
    SHOTS,
    SIZES,
    Opened,
    faults,
    faults_by_light_and_dark,
    open_office,
)
from tests.carriers.price_house import next_version
from tests.flows.drafts import load_demo_lines
from tests.flows.trade import open_trade
from tests.postgres_fixture import InstalledServer
from tests.web.page_house import PageHouse

PAGES = {
    "prices": "", "card": "/lines/MX-EXP", "card-sea": "/lines/SG-SEA",
    "import": "/import", "matrix": "/warehouses",
}  # fmt: skip


@pytest.fixture(scope="module")
async def house(server: InstalledServer) -> PageHouse:
    """A forwarder with the demo's lines at its first warehouse, its pages in process."""
    trade = await open_trade(server)
    await load_demo_lines(trade, "SZX1")
    return await open_office(server, trade)


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_prices_fit_and_can_be_read_by_everyone(
    visit: Opened, house: PageHouse, size: str, language: str
) -> None:
    page = await visit(size, language)
    for name, path in PAGES.items():
        await page.goto(f"{HERE}{house.base}/admin/prices{path}?lang={language}")
        if name != "card-sea":
            shot = SHOTS / f"prices-{name}-{size}-{language}.png"
            await page.screenshot(path=shot, full_page=name != "card" or size == "1440")
        assert await faults_by_light_and_dark(page) == [], name


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_an_import_is_seen_before_it_counts(
    visit: Opened, house: PageHouse, size: str, language: str
) -> None:
    page = await visit(size, language)
    where = f"{HERE}{house.base}/admin/prices/import?lang={language}"
    await page.goto(where)
    broken = next_version("EMS", "broken", "2029-01-01")
    broken["transit_days"] = {"*": [9, 2], "NOWHERE": [1, 2]}
    broken["goods"]["refused"] = broken["goods"]["allowed"][:2]
    await bring(page, {"services": [broken, next_version("US-AIR", "2027", "2026-10-01")]})
    await expect(page.locator(".note-stop")).to_be_visible()
    assert await page.locator("table.table tbody tr").count() >= 4
    await page.screenshot(path=SHOTS / f"prices-errors-{size}-{language}.png", full_page=True)
    assert await faults(page) == []
    await page.goto(where)
    await bring(page, {"services": [next_version("US-AIR", "2027"), next_version("EMS", "2027")]})
    await page.locator("details.changes summary").first.click()
    await page.screenshot(path=SHOTS / f"prices-preview-{size}-{language}.png", full_page=True)
    assert await faults(page) == []


async def bring(page: Page, document: object) -> None:
    """Paste a card file and look at it."""
    await page.click("details.more summary")
    await page.fill("#f-text", json.dumps(document))
    await page.click("form .btn-main")


async def test_a_line_is_switched_by_one_tap(visit: Opened, house: PageHouse) -> None:
    page = await visit("390", "en")
    await page.goto(f"{HERE}{house.base}/admin/prices/warehouses")
    button = page.get_by_role("button", name="EMS at YIW1")
    await expect(button).to_have_attribute("aria-pressed", "false")
    await button.click()
    await expect(page.get_by_role("button", name="EMS at YIW1")).to_have_attribute(
        "aria-pressed", "true"
    )
