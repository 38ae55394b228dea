"""The office's prices in a real browser, on a phone and on a desk, in English and Chinese."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Route, expect

from entrepot.platform.live import Live
from tests.browser.conftest import SHOTS
from tests.browser.test_pages_for_everyone import THEMES, faults
from tests.carriers.price_house import next_version
from tests.flows.drafts import load_demo_lines
from tests.flows.trade import open_trade
from tests.postgres_fixture import InstalledServer
from tests.web.page_house import PageHouse, page_app

SIZES = {"390": (390, 844), "1440": (1440, 900)}
HERE = "http://127.0.0.1:8080"
PAGES = {
    "prices": "", "card": "/lines/MX-EXP", "card-sea": "/lines/SG-SEA",
    "import": "/import", "matrix": "/warehouses",
}  # fmt: skip
KEPT = {"content-type", "accept", "accept-language", "origin", "referer", "hx-request"}
ENDS = {"content-encoding", "content-length", "set-cookie"}
OFFICE = "office@prices.example"
Opened = Callable[[str, str], Awaitable[Page]]


@pytest.fixture(scope="module")
async def house(server: InstalledServer) -> PageHouse:
    """A forwarder with the demo's lines at its first warehouse, its pages in process."""
    trade = await open_trade(server)
    await load_demo_lines(trade, "SZX1")
    live = Live(server.directory)
    found = PageHouse(trade, page_app(server, trade, live), live)
    await found.person(OFFICE, roles=["owner"])
    return found


@pytest.fixture
async def visit(browser: Browser, house: PageHouse) -> AsyncIterator[Opened]:
    """Opens the office, logged in; every request is answered by the app in this process."""
    worker = await house.browser().log_in(OFFICE)
    pages: list[Page] = []

    async def serve(route: Route) -> None:
        asked = urlsplit(route.request.url)
        target = asked.path + (f"?{asked.query}" if asked.query else "")
        sent = await route.request.all_headers()
        answer = await worker.client.request(
            route.request.method, target, content=route.request.post_data_buffer,
            headers={k: v for k, v in sent.items() if k in KEPT}, follow_redirects=True,
        )  # fmt: skip
        headers = {k: v for k, v in answer.headers.items() if k not in ENDS}
        await route.fulfill(status=answer.status_code, headers=headers, body=answer.content)

    async def opened(size: str, language: str) -> Page:
        width, height = SIZES[size]
        context = await browser.new_context(
            viewport={"width": width, "height": height}, locale=language
        )
        page = await context.new_page()
        await page.route("**/*", serve)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        await page.context.close()
    await worker.client.aclose()


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
        for theme in THEMES:
            await page.emulate_media(color_scheme=theme)
            await page.wait_for_timeout(400)  # colours fade over, and axe would see them half way
            assert await faults(page) == []
        await page.emulate_media(color_scheme="light")


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
