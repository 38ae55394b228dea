"""The calculator in a real browser: on a phone and on a desk, in English and Chinese."""

import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, Page, Route, expect

from entrepot.platform.buckets import Buckets
from entrepot.platform.live import Live
from entrepot.web import calculator_pages
from tests.browser.looking import SHOTS, SIZES, THEMES, faults
from tests.flows.drafts import load_demo_lines
from tests.flows.trade import open_trade
from tests.postgres_fixture import InstalledServer
from tests.web.page_house import PageHouse, page_app

HERE = "http://entrepot.test"


@pytest.fixture(scope="module")
async def house(server: InstalledServer) -> PageHouse:
    """A forwarder with the demo's lines, its pages in process."""
    trade = await open_trade(server)
    await load_demo_lines(trade, "SZX1")
    live = Live(server.directory)
    return PageHouse(trade, page_app(server, trade, live), live)


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calculator_pages, "PEERS", Buckets(rate=1000, burst=1000))


@pytest.fixture
async def visit(browser: Browser, house: PageHouse) -> AsyncIterator[object]:
    """Opens pages whose every request the app in this process answers."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(house.app), base_url=HERE)
    pages: list[Page] = []

    async def serve(route: Route) -> None:
        asked = urlsplit(route.request.url)
        target = asked.path + (f"?{asked.query}" if asked.query else "")
        answer = await client.request(
            route.request.method, target, headers=route.request.headers,
            content=route.request.post_data_buffer,
        )  # fmt: skip
        headers = {k: v for k, v in answer.headers.items() if k != "content-encoding"}
        await route.fulfill(status=answer.status_code, headers=headers, body=answer.content)

    async def opened(size: str, language: str, *, javascript: bool = True) -> Page:
        width, height = SIZES[size]
        context = await browser.new_context(
            viewport={"width": width, "height": height}, locale=language,
            java_script_enabled=javascript,
        )  # fmt: skip
        page = await context.new_page()
        await page.route("**/*", serve)
        pages.append(page)
        await page.goto(f"{HERE}{house.base}/log-in")
        await page.click("main a[href$='/calculator']")
        return page

    yield opened
    for page in pages:
        await page.context.close()
    await client.aclose()


async def fill(page: Page) -> None:
    """Two parcels to Australia, one with a battery, insured."""
    await page.select_option("#f-country", "AU")
    await page.fill("#f-postcode", "2150")
    await page.fill("#f-g0", "2.1")
    for side, value in (("l", "40"), ("w", "30"), ("h", "25")):
        await page.fill(f"#f-{side}0", value)
    await page.click("button[name=more]")
    await expect(page.locator("#f-g1")).to_be_visible()
    await page.fill("#f-g1", "0.9")
    for side, value in (("l", "20"), ("w", "15"), ("h", "10")):
        await page.fill(f"#f-{side}1", value)
    await page.locator(".parcel-goods").nth(1).locator("summary").click()
    await page.locator("input[name=tags1][value=battery_inside]").check()
    await page.fill("#f-declared", "800")
    await page.fill("#f-insured", "800")
    await page.locator("form .btn-main").click()
    await expect(page.locator(".offer").first).to_be_visible()


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_price_is_asked_and_read(visit: object, size: str, language: str) -> None:
    page = await visit(size, language)  # type: ignore[operator]
    await fill(page)
    await expect(page.locator("#f-g0")).to_have_value("2.1")
    assert await page.locator(".price-lines").count() >= 2
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme)
        await page.reload()
        assert await faults(page) == [], theme
    await page.emulate_media(color_scheme="light")
    await page.reload()
    await page.screenshot(path=SHOTS / f"calculator-{size}-{language}.png", full_page=True)


async def test_it_works_without_javascript(visit: object) -> None:
    page = await visit("390", "en", javascript=False)  # type: ignore[operator]
    await fill(page)
    assert await page.locator(".offer").count() >= 2


async def test_what_is_wrong_is_said_beside_the_field(visit: object) -> None:
    page = await visit("390", "en")  # type: ignore[operator]
    await page.fill("#f-g0", "heavy")
    await page.locator("form .btn-main").click()
    wrong = page.locator("[aria-invalid=true]")
    await expect(wrong).to_have_count(5)
    names = await wrong.evaluate_all("fields => fields.map(field => field.name)")
    assert json.dumps(sorted(names)) == json.dumps(["country", "g0", "h0", "l0", "w0"])
    await expect(page.locator("#f-g0")).to_have_value("heavy")
    await expect(page.locator("#f-g0-more")).to_contain_text("A number above zero is needed")
    assert await faults(page) == []
